import type { INodeProperties } from 'n8n-workflow';

import { STORE_PROPERTY } from '../shared/store-parameter';

const showFor = (...operations: string[]) => ({ show: { operation: operations } });

const NOTICE: INodeProperties = {
	displayName:
		'Put this node behind the one that acts, on its error output too. "Store" must be the same as in Idempotency Guard.',
	name: 'notice',
	type: 'notice',
	default: '',
};

const properties: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		default: 'save',
		// The usual one first: who adds the node by pressing Enter gets the first action.
		options: [
			{
				name: 'Save Result',
				value: 'save',
				description: 'Keep these items as the result: duplicates get them back',
				action: 'Save the result',
			},
			{
				name: 'Save as Failed',
				value: 'fail',
				description: 'Keep these items as the final, failed result: duplicates get them back',
				action: 'Save the result as failed',
			},
			{
				name: 'Release Claim',
				value: 'release',
				description: 'Give the request back: its next delivery runs again',
				action: 'Give the request back so that it may run again',
			},
			{
				name: 'Renew Claim',
				value: 'renew',
				description: 'Check that this run still holds the request, and hold it for longer',
				action: 'Check that this run still holds the request',
			},
		],
	},
	{
		displayName: 'Outcome',
		name: 'outcome',
		type: 'options',
		noDataExpression: true,
		default: 'detect',
		description: 'Whether the action succeeded',
		displayOptions: showFor('save'),
		options: [
			{
				name: 'Always Completed',
				value: 'completed',
				description: 'Whatever the items say, the action is done',
			},
			{
				name: 'Detect From Response',
				value: 'detect',
				description:
					'Read the status code or error of an HTTP Request: success and refusals are kept, "try again later" gives the key back, a lost answer is held for review',
			},
		],
	},
	{
		displayName: 'Result',
		name: 'result',
		type: 'options',
		noDataExpression: true,
		default: 'items',
		description: 'What a duplicate gets',
		displayOptions: showFor('save', 'fail'),
		options: [
			{ name: 'All Items', value: 'items', description: 'The items as they are' },
			{
				name: 'Nothing',
				value: 'none',
				description:
					'Only that the request was handled: a duplicate gets its own item, with details',
			},
			{ name: 'Selected Fields', value: 'fields', description: 'Only some fields of the items' },
		],
	},
	{
		displayName: 'Fields to Keep',
		name: 'resultFields',
		type: 'string',
		default: '',
		required: true,
		requiresDataPath: 'multiple',
		placeholder: 'e.g. statusCode, body.total',
		description: 'Fields that duplicates get, separated by commas',
		displayOptions: { show: { operation: ['save', 'fail'], result: ['fields'] } },
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Answer the Webhook',
				name: 'respond',
				type: 'boolean',
				default: false,
				description:
					'Whether to answer the waiting webhook with the result, as Respond to Webhook would. A full response keeps its status code.',
			},
			{
				displayName: 'Claim',
				name: 'claim',
				type: 'string',
				default: '',
				placeholder: "e.g. {{ $('Idempotency Guard').first().json.idempotency.token }}",
				description:
					'The token of the claim, for workflows in which items lose their link to Idempotency Guard. Empty: found by itself.',
			},
			{
				displayName: 'If the Answer Was Lost',
				name: 'unknownResponses',
				type: 'options',
				default: 'hold',
				description: 'What a timeout or server error (500, 502, 504) means',
				options: [
					{
						name: 'Hold for Review',
						value: 'hold',
						description: 'It may have acted: do not act again until somebody has checked',
					},
					{
						name: 'Release',
						value: 'release',
						description:
							'Try again after a wait that grows: only where the service recognizes our key itself',
					},
				],
			},
			{
				displayName: 'If the Request Was Refused',
				name: 'failedResponses',
				type: 'options',
				default: 'replay',
				description: 'What an answer such as 400, 402 or 404 means',
				options: [
					{
						name: 'Release',
						value: 'release',
						description: 'Let the next delivery try again',
					},
					{ name: 'Replay', value: 'replay', description: 'Give duplicates the same refusal' },
				],
			},
			{
				displayName: 'Largest Result (KB)',
				name: 'maxResultKB',
				type: 'number',
				default: 1024,
				typeOptions: { minValue: 1 },
				description:
					'A larger result is not kept: the request still counts as handled, and a duplicate gets its own item, with details',
			},
			{
				displayName: 'Leave Out Fields',
				name: 'redactFields',
				type: 'string',
				default: '',
				placeholder: 'e.g. cardNumber, iban',
				description:
					'Names of fields that are never stored, at any depth, separated by commas. Authorization, cookies and API keys are always left out.',
			},
			{
				displayName: 'Remember For (Hours)',
				name: 'retentionHours',
				type: 'number',
				default: 72,
				typeOptions: { minValue: 0 },
				description: 'How long this result is remembered, instead of what Idempotency Guard says',
			},
		],
	},
];

/** As in Idempotency Guard: first what belongs with it, and the store last before Options. */
export const commitProperties: INodeProperties[] = [
	NOTICE,
	...properties.filter(({ name }) => name !== 'options'),
	STORE_PROPERTY,
	...properties.filter(({ name }) => name === 'options'),
];
