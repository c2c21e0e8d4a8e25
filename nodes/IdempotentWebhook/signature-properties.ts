import type { INodeProperties } from 'n8n-workflow';

import { SENDERS } from '../../lib/senders/delivery-ids';
import { schemesOf } from '../../lib/senders/signatures/sender-signatures';

const showFor = (verify: string) => ({ show: { verifySignature: [verify] } });

const signingSenders = SENDERS.filter(({ value }) => schemesOf(value).length > 0)
	.map(({ value, name }) => ({ value, name }))
	.sort((a, b) => a.name.localeCompare(b.name, 'en'));

/** Kinds of events of which some may be left out. */
const kindsOfEvents = SENDERS.flatMap(({ kinds }) => kinds ?? []).sort((a, b) =>
	a.name.localeCompare(b.name, 'en'),
);
const sendersOfKinds = SENDERS.flatMap(({ value, kinds }) => (kinds === undefined ? [] : [value]));

/** How the sender proves who it is, before anything else is done. */
export const signatureProperties: INodeProperties[] = [
	{
		displayName: 'Verify Signature',
		name: 'verifySignature',
		type: 'options',
		noDataExpression: true,
		default: 'none',
		description:
			'How the sender proves that a request is its own. A request whose signature does not fit gets 401, and nothing is done.',
		options: [
			{
				name: 'By Sender',
				value: 'sender',
				description: 'As the sender signs: Stripe, GitHub, Shopify, Slack and many more',
			},
			{
				name: 'Generic HMAC',
				value: 'hmac',
				description: 'For senders that are not in the list: say what is signed, and how',
			},
			{ name: 'None', value: 'none', description: 'Anyone who knows the address can call it' },
		],
	},
	{
		displayName: 'Signed By',
		name: 'signatureSender',
		type: 'options',
		noDataExpression: true,
		default: 'same',
		description: 'Who signs, where that is not the sender whose delivery IDs are used',
		displayOptions: showFor('sender'),
		options: [
			{
				name: 'As in Sender',
				value: 'same',
				description: 'The sender that is chosen below, or detected',
			},
			...signingSenders,
		],
	},
	{
		displayName: 'Signature Header',
		name: 'signatureHeader',
		type: 'string',
		noDataExpression: true,
		default: '',
		required: true,
		placeholder: 'e.g. X-Signature',
		description: 'The header in which the signature comes',
		displayOptions: showFor('hmac'),
	},
	{
		displayName: 'What Is Signed',
		name: 'signedContent',
		type: 'string',
		noDataExpression: true,
		default: '{body}',
		required: true,
		placeholder: 'e.g. {timestamp}.{body}',
		description:
			'The text that is signed, with {body}, {timestamp} and the like in their places: the page on this node lists them',
		displayOptions: showFor('hmac'),
	},
	{
		displayName: 'HMAC Options',
		name: 'hmacOptions',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions: showFor('hmac'),
		options: [
			{
				displayName: 'Algorithm',
				name: 'algorithm',
				type: 'options',
				default: 'sha256',
				options: [
					{ name: 'SHA-1', value: 'sha1' },
					{ name: 'SHA-256', value: 'sha256' },
					{ name: 'SHA-384', value: 'sha384' },
					{ name: 'SHA-512', value: 'sha512' },
				],
			},
			{
				displayName: 'Encoding',
				name: 'encoding',
				type: 'options',
				default: 'hex',
				options: [
					{ name: 'Base64', value: 'base64' },
					{ name: 'Base64url', value: 'base64url' },
					{ name: 'Hex', value: 'hex' },
				],
			},
			{
				displayName: 'ID Header',
				name: 'idHeader',
				type: 'string',
				default: '',
				description: 'The header with the ID that is signed',
			},
			{
				displayName: 'Prefix',
				name: 'prefix',
				type: 'string',
				default: '',
				placeholder: 'e.g. sha256=',
				description: 'What stands before the signature',
			},
			{
				displayName: 'Secret Form',
				name: 'secretForm',
				type: 'options',
				default: 'text',
				options: [
					{
						name: 'Base64',
						value: 'base64',
						description: 'The secret is the bytes that it encodes',
					},
					{ name: 'Base64 After a Prefix', value: 'whsec', description: 'As whsec_…' },
					{ name: 'Text', value: 'text', description: 'The secret is its characters' },
				],
			},
			{
				displayName: 'Separator',
				name: 'separator',
				type: 'string',
				default: '',
				placeholder: 'e.g. ,',
				description: 'What parts of the header are separated by, where it has several',
			},
			{
				displayName: 'Timestamp Form',
				name: 'timestampForm',
				type: 'options',
				default: 's',
				options: [
					{ name: 'ISO 8601', value: 'iso' },
					{ name: 'Milliseconds', value: 'ms' },
					{ name: 'Seconds', value: 's' },
				],
			},
			{
				displayName: 'Timestamp Header',
				name: 'timestampHeader',
				type: 'string',
				default: '',
				description: 'The header that stands for {timestamp}',
			},
			{
				displayName: 'Timestamp Prefix',
				name: 'timestampPrefix',
				type: 'string',
				default: '',
				placeholder: 'e.g. t=',
				description: 'What stands before the time, where it is a part of the signature header',
			},
		],
	},
];

/** Which events of a request are to start a run. */
export const eventKindsProperty: INodeProperties = {
	displayName: 'Events',
	name: 'eventKinds',
	type: 'multiOptions',
	noDataExpression: true,
	default: ['message', 'other', 'status'],
	description: 'Which events start a run. The others are acknowledged, and nothing is done.',
	displayOptions: { show: { keySource: ['delivery'], sender: sendersOfKinds } },
	options: kindsOfEvents,
};

/** Which status a caller gets where nothing is done. */
export const answersProperty: INodeProperties = {
	displayName: 'Answers',
	name: 'answers',
	type: 'collection',
	placeholder: 'Add answer',
	default: {},
	description:
		'Other status codes than the usual ones, for senders that switch a webhook off after some failures',
	options: [
		{
			displayName: 'Handled Before, Without Result',
			name: 'handledWithoutResult',
			type: 'number',
			default: 200,
			description: 'The status for a duplicate whose result is empty or was not kept',
		},
		{
			displayName: 'Missing Key',
			name: 'missingKey',
			type: 'number',
			default: 400,
			description: 'The status for a request that has no key',
		},
		{
			displayName: 'Outcome Unknown',
			name: 'unknownOutcome',
			type: 'number',
			default: 409,
			description:
				'The status where an earlier run stopped and nobody knows whether it acted. 200 or 202 keep a sender from trying again: look at Idempotency Records then.',
		},
		{
			displayName: 'Still Running',
			name: 'stillRunning',
			type: 'number',
			default: 409,
			description: 'The status while another run is handling the same request',
		},
	],
};

export const callerOptions: INodeProperties[] = [
	{
		displayName: 'Ignore Bots',
		name: 'ignoreBots',
		type: 'boolean',
		default: false,
		description: 'Whether to refuse crawlers and makers of link previews, by their user agent',
	},
	{
		displayName: 'IP(s) Allowlist',
		name: 'ipWhitelist',
		type: 'string',
		default: '',
		placeholder: 'e.g. 127.0.0.1, 192.168.1.0/24',
		description:
			'Addresses and ranges that may call, separated by commas. Empty allows all of them.',
	},
	{
		displayName: 'Public URL',
		name: 'publicUrl',
		type: 'string',
		noDataExpression: true,
		default: '',
		placeholder: 'e.g. https://hooks.example.com/stripe',
		description:
			'The address of this webhook as the sender has it, for senders that sign it. Only needed where it is not the one that n8n shows.',
	},
	{
		displayName: 'Signature Tolerance (Seconds)',
		name: 'signatureTolerance',
		type: 'number',
		noDataExpression: true,
		default: 300,
		description: 'How far the time of a signature may be from the time of this n8n',
	},
];
