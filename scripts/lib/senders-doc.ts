import type { Sender } from '../../lib/senders/sender';

/** docs/senders.md, from the data that the Guard itself uses. */

const SEEN = {
	vendor: "read on the vendor's page",
	secondary: 'read in public code or pages that quote the vendor',
	unverified: 'not verified',
};

const INTRODUCTION = `# Senders

Where each sender puts the ID of a delivery: what *Recognize Duplicates By → Webhook Delivery ID* reads. Written by
\`npm run docs:senders\` from the table in \`lib/senders/\`; a test checks that it is current.

*Detect* looks at the headers first, then at the shape of the body. The sender that it recognizes is the only one that is asked: where
its ID is missing, the delivery has none, and no other header stands in for it. Choose the sender by name where a webhook has only one.

Set *Remember For (Hours)* to more than the sender retries; the Guard says so where it is less.

`;

const BROKERS = `
## Amazon SQS and NATS

n8n has a trigger for neither. Whatever brings their messages into the workflow (an HTTP Request, a community node, a bridge to a
webhook), give the Guard an item with these fields and choose the sender.

| sender | field | from |
| --- | --- | --- |
| Amazon SQS | \`MessageId\`, \`ReceiptHandle\`, \`Body\` | the same names in the answer of ReceiveMessage; of Lambda, \`messageId\`, \`receiptHandle\`, \`body\` |
| Amazon SQS | \`Attributes.MessageDeduplicationId\`, \`Attributes.MessageGroupId\` | ReceiveMessage with MessageSystemAttributeNames All (FIFO queues); of Lambda, \`attributes\` |
| Amazon SQS | \`eventSourceARN\` | which queue, where several feed one Guard: Lambda has it, else set it |
| NATS | \`headers.Nats-Msg-Id\` | the header that the publisher set: a text, or a list with one |
| NATS | \`stream\` | the stream's name: IDs are unique within it |

The item of an SQS message is the message itself, or the \`body\` of a webhook whose body is one message.
`;

export function sendersDoc(senders: readonly Sender[]): string {
	const rows = senders.map((sender) => [
		`**${sender.name}**`,
		sender.description,
		sender.scopeIn ?? 'by itself',
		retriesOf(sender),
		sender.trap,
		`[${SEEN[sender.seen]}](${sender.source})`,
	]);
	return [
		INTRODUCTION,
		table(['sender', 'where the ID is', 'unique within', 'retries for', 'beware', 'source'], rows),
		'\n## Requests that hold several events\n\n',
		'The Guard handles an item as a whole, so such a request must be split first. A request that holds one event needs no split;\none with more is an error that names the item and says this:\n\n',
		table(
			['sender', 'how to split'],
			senders.flatMap(({ name, batched }) => (batched === null ? [] : [[name, batched]])),
		),
		"\n## Behind n8n's own triggers\n\n",
		'Some of them drop the ID. The Guard then says so:\n\n',
		table(
			['sender', 'what is missing, and what to use'],
			senders.flatMap(({ name, behindTrigger }) =>
				behindTrigger === undefined ? [] : [[name, behindTrigger]],
			),
		),
		BROKERS,
	].join('');
}

function retriesOf({ retriesForHours, callerChosen }: Sender): string {
	if (retriesForHours === null) return callerChosen ? 'as the caller likes' : 'none, or not said';
	return retriesForHours < 48 ? `${retriesForHours} h` : `${retriesForHours / 24} days`;
}

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
	return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
