import type { INodeProperties } from 'n8n-workflow';

import { compareOptions } from './compare';
import { runOptions } from './run';
import { sameContentOptions } from './same-content';

/** What shares the beginning of its title belongs together, and stands together in the list. */
const furtherOptions: INodeProperties[] = [
	{
		displayName: 'Limit: Budget',
		name: 'budgetLimit',
		type: 'number',
		default: 10,
		typeOptions: { minValue: 1, maxValue: 10000 },
		description:
			'How many new items go to New for one "Limit: Budget Scope" within "Limit: Budget Window"; more get Conflict with status code 429, after up to a second, so that a storm of them leaves time for others. Duplicates, refused items and test runs do not count.',
	},
	{
		displayName: 'Limit: Budget Per',
		name: 'budgetPer',
		type: 'options',
		noDataExpression: true,
		default: 'tenant',
		description: 'What has a budget of its own',
		options: [
			{
				name: 'Budget Scope',
				value: 'scope',
				description: 'What the option "Limit: Budget Scope" says; without it all items share one',
			},
			{
				name: 'Tenant',
				value: 'tenant',
				description:
					'Each tenant: one that sends too much is refused alone. Needs "Tenant" or "Tenant Field".',
			},
		],
	},
	{
		displayName: 'Limit: Budget Scope',
		name: 'budgetScope',
		type: 'string',
		default: '',
		placeholder: 'e.g. {{ $json.orderId }}',
		description:
			'What has a budget of its own, such as an order, a customer or a conversation. It stops an agent that invents a new request each time it tries again. Without this option all items share one budget; an item for which it is empty is an error.',
	},
	{
		displayName: 'Limit: Budget Window (Minutes)',
		name: 'budgetWindowMinutes',
		type: 'number',
		default: 60,
		typeOptions: { minValue: 0 },
		description: 'In any period of this length, no more than "Limit: Budget" new items go to New',
	},
	{
		displayName: 'Time: Claim Timeout (Minutes)',
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
		displayName: 'Time: Event Time',
		name: 'ksuidTime',
		type: 'string',
		default: '',
		placeholder: 'e.g. {{ $json.body.created }}',
		description:
			'When the event happened, as ISO text or Unix time. It becomes the time in the field "ksuid", and an event older than "Remember For" is refused. Empty: when the key was first seen.',
	},
	{
		displayName: 'Time: Extend on Duplicate',
		name: 'extendRetention',
		type: 'boolean',
		default: false,
		description: 'Whether each duplicate starts "Remember For" again',
	},
	{
		displayName: 'When the Store Cannot Be Reached',
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
		displayName: 'When the Key Is Missing',
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
		displayName: 'Limit: Attempts',
		name: 'limitAttempts',
		type: 'boolean',
		default: false,
		description: 'Whether to stop granting a key that was tried and given back several times',
	},
	{
		displayName: 'Limit: Max Attempts',
		name: 'maxAttempts',
		type: 'number',
		default: 5,
		typeOptions: { minValue: 1 },
		description: 'How often a key may be tried before the answer is Conflict',
		displayOptions: { show: { limitAttempts: [true] } },
	},
	{
		displayName: 'PostgreSQL: Complete in SQL',
		name: 'completeInSql',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description:
			'Whether your own statement completes the request: it calls idem_finish with the "sqlToken" of the New item, in the same database, so that what it writes and the record are one commit, exactly once. Idempotency Commit then only adds the result. Use it where nothing but that statement acts.',
		displayOptions: { show: { '/store': ['postgres'] } },
	},
	{
		displayName: 'Redis: Min Replicas',
		name: 'minReplicas',
		type: 'number',
		default: 0,
		typeOptions: { minValue: 0 },
		description:
			'How many replicas of Redis must hold a claim before its item goes to New. With fewer the claim is given back and the item fails. Protects against a primary that is lost with its last claims; not with a Redis Cluster.',
		displayOptions: { show: { '/store': ['redis'] } },
	},
	{
		displayName: 'Scope: Namespace',
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
		displayName: 'Time: Strict Age',
		name: 'strictAge',
		type: 'boolean',
		default: false,
		description:
			'Whether to refuse an event that is older than the store itself: after the store was emptied or replaced, such an event may have been handled before. Needs "Time: Event Time".',
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
		displayName: 'Tenant Field',
		name: 'tenantField',
		type: 'string',
		noDataExpression: true,
		default: '',
		placeholder: 'e.g. jwtPayload.sub',
		description:
			'The field that holds the tenant, instead of "Tenant". No expression has to be evaluated for it, which takes n8n most of the time of a request that is refused.',
	},
	{
		displayName: 'Tenant Mode',
		name: 'tenantMode',
		type: 'options',
		noDataExpression: true,
		default: 'separate',
		description:
			'What happens when two tenants use the same key. Needs "Tenant" or "Tenant Field".',
		options: [
			{
				name: 'Bind',
				value: 'bind',
				description: 'The first tenant owns the key; any other gets Conflict with status code 403',
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
];

/** Options by their titles, as n8n lists them. */
export function optionsOf(options: readonly INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [...options].sort((a, b) => a.displayName.localeCompare(b.displayName, 'en')),
	};
}

/** The options of a Guard. */
export const guardOptions: readonly INodeProperties[] = [
	...compareOptions,
	...runOptions,
	...sameContentOptions,
	...furtherOptions,
];
