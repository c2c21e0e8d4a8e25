import type { INodeProperties } from 'n8n-workflow';

import { SENDERS } from '../../../lib/senders/delivery-ids';

const showForSource = (source: string) => ({ show: { keySource: [source] } });
const showForDelivery = showForSource('delivery');
const showForExpression = showForSource('expression');
const showForFields = showForSource('fields');
const showUnlessWholePayload = { hide: { keySource: ['payload'] } };
const showForCompare = (value: string) => ({
	show: { compare: [value] },
	hide: { keySource: ['payload'] },
});

const senderOptions = SENDERS.map(({ value, name, description }) => ({
	value,
	name,
	description,
})).sort((a, b) => a.name.localeCompare(b.name, 'en'));

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
				description: 'Everything in the item: of a webhook its body, query and path parameters',
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
		displayName: 'Value',
		name: 'key',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. {{ $json.body.orderId }}',
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
		description:
			'Fields that together identify the request, separated by commas. If one is missing or empty, the item has no key.',
		displayOptions: showForFields,
	},
];

const compareProperties: INodeProperties[] = [
	{
		displayName: 'Compare',
		name: 'compare',
		type: 'options',
		noDataExpression: true,
		default: 'auto',
		description:
			'What must be the same when a request comes again. If it differs, the item goes to Conflict instead of getting the answer to another request.',
		displayOptions: showUnlessWholePayload,
		options: [
			{
				name: 'All Fields',
				value: 'payload',
				description: 'The whole payload must be the same',
			},
			{
				name: 'All Fields Except',
				value: 'except',
				description: 'The whole payload without some fields, such as a time stamp',
			},
			{
				name: 'Automatic',
				value: 'auto',
				description:
					"Nothing for a sender's own delivery ID, whose retries may differ in counters. All fields for everything else.",
			},
			{ name: 'Nothing', value: 'none', description: 'The same key is the same request' },
			{
				name: 'Selected Fields',
				value: 'fields',
				description: 'Only some fields, such as the amount',
			},
		],
	},
	{
		displayName: 'Fields to Leave Out',
		name: 'excludeFields',
		type: 'string',
		default: '',
		required: true,
		requiresDataPath: 'multiple',
		placeholder: 'e.g. body.sentAt, query.attempt',
		description: 'Fields that may differ, separated by commas',
		displayOptions: showForCompare('except'),
	},
	{
		displayName: 'Fields to Compare',
		name: 'compareFields',
		type: 'string',
		default: '',
		required: true,
		requiresDataPath: 'multiple',
		placeholder: 'e.g. body.amount, body.currency',
		description: 'Fields that must be the same, separated by commas',
		displayOptions: showForCompare('fields'),
	},
];

export const keyProperties: INodeProperties[] = [...keySourceProperties, ...compareProperties];
