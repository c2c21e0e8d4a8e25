import type { INode } from 'n8n-workflow';

/** Whether the node makes exactly one call for each item, so that an error about an item, or about a lone one, is about all of its act. */
export function speaksForItem(node: INode): boolean {
	const { type, parameters } = node;
	if (type === 'n8n-nodes-base.httpRequest') return !hasPages(node);
	const operations = ONE_CALL_OPERATIONS[type];
	if (operations === undefined) return false;
	const { resource, operation } = parameters;
	const name = operation === undefined ? '' : `${String(resource)}.${String(operation)}`;
	return operations.includes(name);
}

/** HTTP Request asks for page after page. An expression may switch that on. */
function hasPages({ parameters }: INode): boolean {
	const options = parameters.options as
		| { pagination?: { pagination?: { paginationMode?: unknown } } }
		| undefined;
	const pagination = options?.pagination?.pagination;
	return pagination !== undefined && (pagination.paginationMode ?? 'off') !== 'off';
}

/**
 * By node: `resource.operation`, or `''` where a node has neither. Each was read in the code of n8n-nodes-base 2.41: one request for an
 * item, in a loop over the items, and no lookup before it or after it. All other operations are left out, also of these nodes: a sheet's
 * append reads the header first, a created Stripe source is attached by a second call, SMTP may refuse one recipient of several.
 */
const ONE_CALL_OPERATIONS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
	Object.entries({
		// One POST of the query.
		graphql: [''],
		// One POST to /messages.
		mailgun: [''],
		// One POST to /messages.
		messageBird: ['sms.send'],
		// One GET to sendhttp.php.
		msg91: ['sms.send'],
		// One POST to /mail/send, for all recipients.
		sendGrid: ['mail.send'],
		// One request to the path of the resource.
		stripe: [
			'charge.create',
			'charge.update',
			'coupon.create',
			'customer.create',
			'customer.delete',
			'customer.update',
			'customerCard.add',
			'customerCard.remove',
			'meterEvent.create',
			'source.delete',
			'token.create',
		],
		// One call of the method that the operation is named for.
		telegram: ['message.sendMessage'],
		// One POST to /Messages.json or /Calls.json.
		twilio: ['sms.send', 'call.make'],
		// One POST to /sms/json.
		vonage: ['sms.send'],
	}).map(([name, operations]) => [`n8n-nodes-base.${name}`, operations]),
);
