import type { Handshake } from '../../lib/senders/handshakes/handshake';
import type { Sender, SenderValue } from '../../lib/senders/sender';
import type { SenderSignature } from '../../lib/senders/signatures/sender-signatures';

/** docs/senders.md, from the data that the nodes themselves use. */

const SEEN = {
	vendor: "read on the vendor's page or in its code",
	secondary: 'read in public code or pages that quote the vendor',
	unverified: 'not verified',
};

const SIGNATURE_SEEN = {
	sdk: "checked against the vendor's own code",
	vendor: "read on the vendor's page or in its code",
	secondary: 'read in public code or pages that quote the vendor',
};

const INTRODUCTION = `# Senders

Look up your sender here: where it puts the ID of a delivery, how long it tries again, how it signs, and what to beware of. Written by
\`npm run docs:senders\` from the tables in \`lib/senders/\`; a test checks that it is current.

`;

const HOW = `
## How it is used

*Recognize Duplicates By → Webhook Delivery ID* reads the ID. *Detect* looks at the headers first, then at the shape of the body. The
sender that it recognizes is the only one that is asked: where its ID is missing, the delivery has none, and no other header stands in
for it. Choose the sender by name where a webhook has only one: its handshakes are answered then, too.

- **Identify By** is there for senders that tell of one thing in several events: *The Event* takes the sender's ID, *What Happened* what
  the event is about.
- **Remember For (Hours)** should be more than the sender tries again; a hint says so where it is less.
- **Verify Signature → By Sender** checks the signature before anything else, under the secret in a credential *Idempotent Webhook
  Signature API*. Give it a second secret while you change the first. Where the ID is in a header that is not signed, whoever can copy a
  delivery may send it again under another ID.
- **A sender that switches a webhook off** after some failures: set *Answers → Outcome Unknown*, *Answers → Still Running* and, where you look
  for it, *Answers → Same Content Under Another Key* to 202 or 200, so that it does not count them as failures. It then does not try again by itself either: look at *Idempotency Records* instead.
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

type Signatures = Readonly<Record<SenderValue, SenderSignature>>;

export function sendersDoc(
	senders: readonly Sender[],
	signatures: Signatures,
	handshakes: readonly Handshake[],
): string {
	return [
		INTRODUCTION,
		`${senders.map(({ name }) => `[${name}](#${anchorOf(name)})`).join(' · ')}\n`,
		"\n## Behind n8n's own triggers\n\n",
		'Some of them drop the ID. The Guard then says so:\n\n',
		table(
			['sender', 'what is missing, and what to use'],
			senders.flatMap(({ name, behindTrigger }) =>
				behindTrigger === undefined ? [] : [[name, behindTrigger]],
			),
		),
		HOW,
		'\n## Sender by sender\n',
		...senders.map((sender) => section(sender, signatures[sender.value], handshakes)),
		BROKERS,
	].join('');
}

function section(
	sender: Sender,
	signature: SenderSignature,
	handshakes: readonly Handshake[],
): string {
	const lines = [
		`**ID**: ${sender.description}. ${uniqueWithin(sender)}`,
		`**Tries again**: ${retriesOf(sender)}`,
		`**Beware**: ${sender.trap}`,
		...(sender.thing === undefined
			? []
			: [
					`**What Happened**: ${sender.thing.description}. Choose *Identify By → What Happened* where ${sender.thing.chooseWhere}`,
				]),
		...(sender.batched === null
			? []
			: [
					`**Several events in one request**: Idempotent Webhook splits them, and each has its own claim${kindsOf(sender)}. With a Guard: add its option *Split Events*, or ${lowerFirst(sender.batched)}`,
				]),
		`**Signature**: ${signatureOf(signature)}`,
		...handshakesOf(sender, handshakes),
		...(sender.switchesOff === undefined
			? []
			: [`**Switches a webhook off**: ${sender.switchesOff}`]),
		...exampleOf(sender),
		`**Source**: [${SEEN[sender.seen]}](${sender.source})${sender.unverified === undefined ? '' : `; not verified: ${sender.unverified}`}`,
	];
	return `\n### ${sender.name}\n\n${lines.map((line) => `- ${sentence(line)}\n`).join('')}`;
}

/** Workflows to import, by the sender that they are for. */
const EXAMPLES: Partial<Readonly<Record<SenderValue, string>>> = {
	github: 'github-delivery',
	hubSpot: 'hubspot-batch',
	rabbitMq: 'queue-consumer',
	shopify: 'shopify-order',
	stripe: 'stripe-webhook',
	whatsApp: 'whatsapp-messages',
};

function exampleOf({ value }: Sender): string[] {
	const name = EXAMPLES[value];
	return name === undefined ? [] : [`**Example**: [${name}](../examples/README.md#${name})`];
}

function uniqueWithin({ scopeIn }: Sender): string {
	return scopeIn === null ? 'It is unique by itself' : `It is unique within ${scopeIn}`;
}

function kindsOf({ kinds }: Sender): string {
	if (kinds === undefined) return '';
	return `; *Events* chooses which of them start a run (${kinds.map(({ name }) => name).join(', ')})`;
}

function signatureOf(signature: SenderSignature): string {
	if ('unchecked' in signature) return `not checked: ${signature.unchecked}`;
	return signature.schemes
		.map(({ where, how, secretIs, leavesOpen, source, seen }) => {
			const open = leavesOpen === null ? '' : ` Left open: ${leavesOpen}.`;
			return `${where}, ${how}. The secret is ${secretIs}.${open} [${capitalized(SIGNATURE_SEEN[seen])}](${source})`;
		})
		.join('. Or: ');
}

function handshakesOf({ value }: Sender, handshakes: readonly Handshake[]): string[] {
	return handshakes
		.filter(({ sender }) => sender === value)
		.map(({ words, method }) => {
			const add = method === undefined ? '' : `. It takes ${method} for that by itself`;
			return `**Handshake**, answered by Idempotent Webhook where the sender is chosen by name: ${words}${add}`;
		});
}

function retriesOf({ retriesForHours, callerChosen }: Sender): string {
	if (retriesForHours === null) return callerChosen ? 'as the caller likes' : 'not, or not said';
	const time = retriesForHours < 48 ? `${retriesForHours} h` : `${retriesForHours / 24} days`;
	return `for up to ${time}`;
}

/** As GitHub makes them of headings. */
function anchorOf(name: string): string {
	return name
		.toLowerCase()
		.replace(/[^a-z0-9 -]/g, '')
		.replaceAll(' ', '-');
}

const sentence = (text: string) => (/[.)]$/.test(text) ? text : `${text}.`);
const capitalized = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
const lowerFirst = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1);

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const line = (cells: readonly string[]) =>
		`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
	return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
