import type { INodeProperties } from 'n8n-workflow';

import { SENDERS } from '../../../lib/senders/delivery-ids';

const showForSource = (source: string) => ({ show: { keySource: [source] } });
const showForDelivery = showForSource('delivery');
const showForExpression = showForSource('expression');
const showForFields = showForSource('fields');

const senderOptions = SENDERS.map(({ value, name, description }) => ({
	value,
	name,
	description,
})).sort((a, b) => a.name.localeCompare(b.name, 'en'));

const SENDERS_OF_THINGS = SENDERS.flatMap(({ value, thing }) =>
	thing === undefined ? [] : [value],
);

/** How a key is found. Idempotency Records asks the same. */
export const keySourceProperties: INodeProperties[] = [
	{
		displayName: 'Recognize Duplicates By',
		name: 'keySource',
		type: 'options',
		noDataExpression: true,
		default: 'delivery',
		description: 'What makes two items the same request',
		options: [
			{
				name: 'Custom Value',
				value: 'expression',
				description: 'A value that you choose, such as an order number',
			},
			{
				name: 'Selected Fields',
				value: 'fields',
				description: 'The values of some fields of the item',
			},
			{
				name: 'Webhook Delivery ID',
				value: 'delivery',
				description: 'The ID that the sender gives to each delivery and keeps when it retries',
			},
			{
				name: 'Whole Payload',
				value: 'payload',
				description:
					'Everything in the item: of a webhook its body, query, path parameters and files',
			},
		],
	},
	{
		displayName: 'Sender',
		name: 'sender',
		type: 'options',
		noDataExpression: true,
		default: 'auto',
		description: 'Who sends the webhook. This decides where the delivery ID is.',
		displayOptions: showForDelivery,
		options: [
			{
				name: 'Detect',
				value: 'auto',
				description: 'Recognize the sender by its headers and body',
			},
			...senderOptions,
		],
	},
	{
		displayName: 'Identify By',
		name: 'deliveryIdentity',
		type: 'options',
		noDataExpression: true,
		default: 'event',
		description:
			'Whether two events that tell of one thing are the same request. Senders that have no such events are known by the event.',
		displayOptions: { show: { keySource: ['delivery'], sender: ['auto', ...SENDERS_OF_THINGS] } },
		options: [
			{ name: 'The Event', value: 'event', description: 'The ID that the sender gave the event' },
			{
				name: 'What Happened',
				value: 'thing',
				description:
					'Slack: one message, although it comes as message and as mention, or under several IDs. GitLab: one push, although several hooks tell of it.',
			},
		],
	},
	{
		displayName: 'Value',
		name: 'key',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. {{ $json.body.orderId }}',
		hint: 'Different for each request, the same when it is sent again. Use an expression: a fixed text makes all requests one.',
		description:
			'What identifies the request. Any value but empty: text, number, list or object. The order of keys in an object does not matter. In a text with parts, such as order-{{ … }}, no part may be empty.',
		displayOptions: showForExpression,
	},
	{
		displayName: 'Fields',
		name: 'keyFields',
		type: 'string',
		default: '',
		required: true,
		requiresDataPath: 'multiple',
		placeholder: 'e.g. body.orderNumber, body.customer.email',
		hint: 'Together different for each request, the same when it is sent again',
		description:
			'Fields that together identify the request, separated by commas. If one is missing or empty, the item has no key.',
		displayOptions: showForFields,
	},
	{
		displayName: 'Normalize',
		name: 'normalizeKey',
		type: 'multiOptions',
		noDataExpression: true,
		default: [],
		description:
			'Which spellings of a key are one key: agents and people do not always write it the same',
		displayOptions: { show: { keySource: ['expression', 'fields'] } },
		options: [
			{ name: 'Ignore Blanks Around It', value: 'trim', description: "' o-17' is 'o-17'" },
			{ name: 'Ignore Capitals', value: 'lowerCase', description: "'O-17' is 'o-17'" },
			{
				name: 'Ignore How Accents Are Typed',
				value: 'unicode',
				description: 'A letter and its accent, or one character for both (Unicode NFC)',
			},
		],
	},
];
