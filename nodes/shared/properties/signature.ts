import type { INodeProperties } from 'n8n-workflow';

import { SENDERS } from '../../../lib/senders/delivery-ids';
import { schemesOf } from '../../../lib/senders/signatures/sender-signatures';

const showFor = (verify: string) => ({ show: { verifySignature: [verify] } });

const signingSenders = SENDERS.filter(({ value }) => schemesOf(value).length > 0)
	.map(({ value, name }) => ({ value, name }))
	.sort((a, b) => a.name.localeCompare(b.name, 'en'));

/** How the sender proves who it is, before anything else is done. */
export const signatureFields: readonly INodeProperties[] = [
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

/** What the check needs to know beside: options of both nodes. */
export const signatureOptions: readonly INodeProperties[] = [
	{
		displayName: 'Signature: Public URL',
		name: 'publicUrl',
		type: 'string',
		noDataExpression: true,
		default: '',
		placeholder: 'e.g. https://hooks.example.com/stripe',
		description:
			'The address of this webhook as the sender has it, for senders that sign it. Only needed where it is not the one that n8n shows.',
	},
	{
		displayName: 'Signature: Tolerance (Seconds)',
		name: 'signatureTolerance',
		type: 'number',
		noDataExpression: true,
		default: 300,
		description: 'How far the time of a signature may be from the time of this n8n',
	},
];

const TITLES: Readonly<Record<string, string>> = {
	verifySignature: 'Signature: Verify',
	signatureSender: 'Signature: Signed By',
	signatureHeader: 'Signature: Header',
	signedContent: 'Signature: What Is Signed',
	hmacOptions: 'Signature: HMAC Options',
};

/** The same as options of a Guard behind n8n's Webhook. */
export const guardSignatureOptions: readonly INodeProperties[] = [
	...signatureFields.map((field): INodeProperties => {
		const displayName = TITLES[field.name] ?? field.displayName;
		if (field.name !== 'verifySignature') return { ...field, displayName };
		return {
			...field,
			displayName,
			default: 'sender',
			description:
				'How the sender proves that a request is its own, before anything is claimed for it. A request whose signature does not fit goes to Conflict with status code 401. Switch on "Raw Body" in the options of the Webhook node.',
		};
	}),
	...signatureOptions,
	{
		displayName: 'Signature: Raw Body Field',
		name: 'rawBodyField',
		type: 'string',
		noDataExpression: true,
		default: 'data',
		description: 'Name of the file in which the Webhook node gives the body as it came',
	},
];
