import type { INodeProperties } from 'n8n-workflow';

import { SENDERS } from '../../lib/senders/delivery-ids';
import { STORE_PROPERTY } from '../shared/store-parameter';

const showFor = (parameter: string, ...values: string[]) => ({ show: { [parameter]: values } });
const showForDelivery = showFor('keySource', 'delivery');
const showForExpression = showFor('keySource', 'expression');
const showForFields = showFor('keySource', 'fields');
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

export const runProperties: INodeProperties[] = [
	{
		displayName: 'If Still Running',
		name: 'onInProgress',
		type: 'options',
		noDataExpression: true,
		default: 'conflict',
		description: 'What to do when another run is handling the same request right now',
		options: [
			{
				name: 'Answer Conflict',
				value: 'conflict',
				description: 'Send the item to Conflict at once: the sender may ask again',
			},
			{
				name: 'Wait for the Result',
				value: 'wait',
				description:
					'Hold the item until the other run has ended, then send it on as if it had come then. Each waiting execution takes a place in n8n.',
			},
		],
	},
	{
		displayName: 'Wait at Most (Seconds)',
		name: 'maxWaitSeconds',
		type: 'number',
		default: 30,
		typeOptions: { minValue: 1, maxValue: 3600 },
		description:
			'When the other run takes longer, the answer is Conflict. Choose less than the sender waits for an answer.',
		displayOptions: showFor('onInProgress', 'wait'),
	},
	{
		displayName: 'If an Earlier Run Never Finished',
		name: 'onUnknownOutcome',
		type: 'options',
		noDataExpression: true,
		default: 'hold',
		description:
			'What to do when an earlier run stopped without Idempotency Commit, so that nobody knows whether it acted',
		options: [
			{
				name: 'Hold for Review',
				value: 'hold',
				description: 'Answer Conflict until somebody has checked. Never acts twice.',
			},
			{
				name: 'Run Again',
				value: 'retry',
				description: 'Let the next delivery act. Choose this where acting twice does no harm.',
			},
		],
	},
	{
		displayName: 'Remember For (Hours)',
		name: 'retentionHours',
		type: 'number',
		default: 48,
		typeOptions: { minValue: 0 },
		description:
			'How long a finished request is remembered. Choose longer than the sender may retry.',
	},
];

export const optionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		{
			displayName: 'Budget Limit',
			name: 'budgetLimit',
			type: 'number',
			default: 10,
			typeOptions: { minValue: 1, maxValue: 10000 },
			description:
				'How many new items go to New for one "Budget Scope" within "Budget Window"; more get Conflict with status code 429. Duplicates, refused items and test runs do not count.',
		},
		{
			displayName: 'Budget Scope',
			name: 'budgetScope',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.orderId }}',
			description:
				'What has a budget of its own, such as an order, a customer or a conversation. It stops an agent that invents a new request each time it tries again. Without this option all items share one budget; an item for which it is empty is an error.',
		},
		{
			displayName: 'Budget Window (Minutes)',
			name: 'budgetWindowMinutes',
			type: 'number',
			default: 60,
			typeOptions: { minValue: 0 },
			description: 'In any period of this length, no more than "Budget Limit" new items go to New',
		},
		{
			displayName: 'Claim Timeout (Minutes)',
			name: 'claimTimeoutMinutes',
			type: 'number',
			default: 60,
			typeOptions: { minValue: 0 },
			description:
				'How long one run may hold a key. Choose longer than the workflow can take. After that, "If an Earlier Run Never Finished" decides.',
		},
		{
			displayName: 'Details on Duplicates',
			name: 'detailsOnDuplicates',
			type: 'boolean',
			default: false,
			description:
				'Whether to add the key, attempt, times and a message in words to Duplicate items. Off, they are exactly the stored result.',
		},
		{
			displayName: 'Event Time',
			name: 'ksuidTime',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.body.created }}',
			description:
				'When the event happened, as ISO text or Unix time. It becomes the time in the KSUID, and an event older than "Remember For" is refused. Empty: when the key was first seen.',
		},
		{
			displayName: 'Extend on Duplicate',
			name: 'extendRetention',
			type: 'boolean',
			default: false,
			description: 'Whether each duplicate starts "Remember For" again',
		},
		{
			displayName: 'If Store Cannot Be Reached',
			name: 'onStoreError',
			type: 'options',
			default: 'error',
			description: 'What to do with items that could not be checked',
			options: [
				{
					name: 'Continue Unprotected',
					value: 'continueUnprotected',
					description:
						'Send them to New unchecked, marked "unprotected". Duplicates may act twice meanwhile.',
				},
				{ name: 'Stop With Error', value: 'error', description: 'Let nothing through unchecked' },
			],
		},
		{
			displayName: 'If the Key Is Missing',
			name: 'onMissingKey',
			type: 'options',
			default: 'error',
			description: 'What to do with items that have no key',
			options: [
				{
					name: 'Answer Conflict',
					value: 'conflict',
					description: 'Send them to Conflict with status code 400',
				},
				{
					name: 'Continue Unprotected',
					value: 'continueUnprotected',
					description: 'Send them to New unchecked, marked "unprotected"',
				},
				{ name: 'Stop With Error', value: 'error', description: 'Say which item has no key' },
			],
		},
		{
			displayName: 'Limit Attempts',
			name: 'limitAttempts',
			type: 'boolean',
			default: false,
			description: 'Whether to stop granting a key that was tried and given back several times',
		},
		{
			displayName: 'Max Attempts',
			name: 'maxAttempts',
			type: 'number',
			default: 5,
			typeOptions: { minValue: 1 },
			description: 'How often a key may be tried before the answer is Conflict',
			displayOptions: { show: { limitAttempts: [true] } },
		},
		{
			displayName: 'Min Replicas',
			name: 'minReplicas',
			type: 'number',
			default: 0,
			typeOptions: { minValue: 0 },
			description:
				'How many replicas of Redis must hold a claim before its item goes to New. With fewer the claim is given back and the item fails. Protects against a primary that is lost with its last claims; not with a Redis Cluster.',
			displayOptions: { show: { '/store': ['redis'] } },
		},
		{
			displayName: 'Namespace',
			name: 'namespace',
			type: 'string',
			noDataExpression: true,
			default: '',
			placeholder: 'e.g. payments',
			description: 'Guards with the same namespace share their keys',
			displayOptions: { show: { scope: ['custom'] } },
		},
		{
			displayName: 'Put Details in Field',
			name: 'outputField',
			type: 'string',
			noDataExpression: true,
			default: 'idempotency',
			description: 'Field of the item that gets the outcome, key and token',
		},
		{
			displayName: 'Scope',
			name: 'scope',
			type: 'options',
			noDataExpression: true,
			default: 'node',
			description:
				'Who shares keys. A copied workflow or node starts without keys, unless it has a custom namespace.',
			options: [
				{
					name: 'Custom',
					value: 'custom',
					description: 'All Guards with the same namespace, in any workflow',
				},
				{ name: 'This Node', value: 'node', description: 'This Guard alone' },
				{
					name: 'This Workflow',
					value: 'workflow',
					description:
						"All Guards of this workflow. Two Guards one after the other would take each other's keys.",
				},
			],
		},
		{
			displayName: 'Strict Age',
			name: 'strictAge',
			type: 'boolean',
			default: false,
			description:
				'Whether to refuse an event that is older than the store itself: after the store was emptied or replaced, such an event may have been handled before. Needs "Event Time".',
		},
		{
			displayName: 'Tenant',
			name: 'tenant',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.jwtPayload.sub }}',
			description:
				'Who the request belongs to, from an authenticated source. No tenant gets the result of another. An item without a tenant is an error.',
		},
		{
			displayName: 'Tenant Mode',
			name: 'tenantMode',
			type: 'options',
			noDataExpression: true,
			default: 'separate',
			description: 'What happens when two tenants use the same key. Needs "Tenant".',
			options: [
				{
					name: 'Bind',
					value: 'bind',
					description:
						'The first tenant owns the key; any other gets Conflict with status code 403',
				},
				{ name: 'Separate', value: 'separate', description: 'Each tenant has its own keys' },
			],
		},
		{
			displayName: 'Test Runs',
			name: 'testRuns',
			type: 'options',
			noDataExpression: true,
			default: 'separate',
			description: 'What executing the workflow from the editor does',
			options: [
				{
					name: 'Like Real Runs',
					value: 'same',
					description: 'Use the same keys as production',
				},
				{
					name: 'Separate',
					value: 'separate',
					description:
						'Use keys of their own: given back at once without a Commit, remembered for an hour with one',
				},
				{
					name: 'Skip',
					value: 'skip',
					description: 'Send every item to New without asking the store',
				},
			],
		},
	],
};

export const guardProperties: INodeProperties[] = [
	STORE_PROPERTY,
	...keyProperties,
	...runProperties,
	optionsProperty,
];
