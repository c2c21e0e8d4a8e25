import type { INodeProperties } from 'n8n-workflow';

import { keySourceProperties } from '../shared/properties/key';
import { guardOptions, optionsOf } from '../shared/properties/options';
import { handledProperties, MODE_PROPERTY } from '../shared/properties/run';
import { signatureFields, signatureOptions } from '../shared/properties/signature';
import { STORE_PROPERTY } from '../shared/store-parameter';
import { answersProperty, callerOptions, eventKindsProperty } from './caller-properties';

const METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'];

const requestProperties: INodeProperties[] = [
	{
		displayName: 'HTTP Methods',
		name: 'httpMethod',
		type: 'multiOptions',
		options: METHODS.map((method) => ({ name: method, value: method })),
		default: ['POST'],
		required: true,
		noDataExpression: true,
		description: 'The methods to listen to',
	},
	{
		displayName: 'Path',
		name: 'path',
		type: 'string',
		default: '',
		noDataExpression: true,
		placeholder: 'e.g. orders',
		hint: 'Empty: an address of its own, which nobody can guess',
		description:
			"The path to listen to. Parts that begin with a colon take any value: 'orders/:orderId'.",
	},
	{
		displayName: 'Authentication',
		name: 'authentication',
		type: 'options',
		noDataExpression: true,
		default: 'none',
		description: 'How callers prove who they are. Duplicates are asked for it as well.',
		options: [
			{ name: 'Basic Auth', value: 'basicAuth' },
			{ name: 'Header Auth', value: 'headerAuth' },
			{
				name: 'JWT Auth',
				value: 'jwtAuth',
				description: 'What the token claims is in the field "jwtPayload" of the item',
			},
			{ name: 'None', value: 'none' },
		],
	},
	{
		displayName: 'Respond',
		name: 'responseMode',
		type: 'options',
		noDataExpression: true,
		default: 'responseNode',
		description: 'When the first caller gets its answer. Duplicates are answered at the door.',
		options: [
			{
				name: 'Immediately',
				value: 'onReceived',
				description:
					'202 as soon as the request is taken in. The caller gets the result by sending the same request again.',
			},
			{
				name: 'When Last Node Finishes',
				value: 'lastNode',
				description:
					'The first item of the last node. Let that be Idempotency Commit, so that duplicates get the same.',
			},
			{
				name: 'When the Result Is Saved',
				value: 'responseNode',
				description:
					'Idempotency Commit answers with the result that it saves: status, headers and body of the service that was called',
			},
		],
	},
];

/** Options of the Guard that mean nothing at the door: they are about items on its outputs. */
const WITHOUT = new Set(['detailsOnDuplicates']);

const webhookOptions: INodeProperties[] = [
	{
		displayName: 'Allowed Origins (CORS)',
		name: 'allowedOrigins',
		type: 'string',
		default: '*',
		description: 'Origins that browsers may call from, separated by commas. * allows all of them.',
	},
	{
		displayName: 'File Field',
		name: 'binaryPropertyName',
		type: 'string',
		noDataExpression: true,
		default: 'data',
		description: 'Name of the file that holds a body other than JSON, form, text or XML',
	},
	{
		displayName: 'Raw Body',
		name: 'rawBody',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description: 'Whether to keep the body as it was sent as well, as a file: to check a signature',
	},
	{
		displayName: 'Response Headers',
		name: 'responseHeaders',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		placeholder: 'Add header',
		default: {},
		description: 'Headers of the first answer, besides those of the service that was called',
		options: [
			{
				name: 'entries',
				displayName: 'Entries',
				values: [
					{ displayName: 'Name', name: 'name', type: 'string', default: '' },
					{ displayName: 'Value', name: 'value', type: 'string', default: '' },
				],
			},
		],
	},
];

/** What the Guard's options mean where there is a caller to answer. */
const AT_THE_DOOR: Readonly<Record<string, (option: INodeProperties) => INodeProperties>> = {
	onInProgress: (option) => ({
		...option,
		description: 'What a caller gets while another run is handling the same request',
		options: [
			{
				name: 'Answer 202 Accepted',
				value: 'accept',
				description: 'Say that the request is being handled, and when to ask again',
			},
			{
				name: 'Answer 409 Conflict',
				value: 'conflict',
				description: 'Senders that retry will come again: most of them take only 2xx for success',
			},
			{
				name: 'Wait for the Result',
				value: 'wait',
				description: 'Hold the connection until the other run has ended, then answer as it did',
			},
		],
	}),
	onStoreError: (option) => ({
		...option,
		description: 'What to do with requests that could not be checked',
		options: [
			{
				name: 'Answer 503',
				value: 'error',
				description: 'Let nothing through unchecked: senders try again later',
			},
			{
				name: 'Continue Unprotected',
				value: 'continueUnprotected',
				description:
					'Start an execution unchecked, marked "unprotected". Duplicates may act twice meanwhile.',
			},
		],
	}),
	onMissingKey: (option) => ({
		...option,
		description: 'What to do with requests that have no key',
		options: [
			{ name: 'Answer 400', value: 'error', description: 'Say that the key is missing' },
			{
				name: 'Continue Unprotected',
				value: 'continueUnprotected',
				description: 'Start an execution unchecked, marked "unprotected"',
			},
		],
	}),
};

const optionsOfGuard = guardOptions
	.filter(({ name }) => !WITHOUT.has(name))
	.map((option): INodeProperties => AT_THE_DOOR[option.name]?.(option) ?? option);

const NOTICE: INodeProperties = {
	displayName:
		'Put <b>Idempotency Commit</b> behind the node that acts: it answers the sender. Duplicates, and requests that are refused, start no execution: <b>Idempotency Records</b> counts them, and the log of n8n says what is wrong.',
	name: 'notice',
	type: 'notice',
	default: '',
};

export const webhookProperties: INodeProperties[] = [
	NOTICE,
	...requestProperties,
	...signatureFields,
	...keySourceProperties,
	eventKindsProperty,
	...handledProperties,
	MODE_PROPERTY,
	STORE_PROPERTY,
	answersProperty,
	optionsOf([...optionsOfGuard, ...webhookOptions, ...callerOptions, ...signatureOptions]),
];
