import type { INodeProperties } from 'n8n-workflow';

import { SENDERS } from '../../lib/senders/delivery-ids';

/** Kinds of events of which some may be left out. */
const kindsOfEvents = SENDERS.flatMap(({ kinds }) => kinds ?? []).sort((a, b) =>
	a.name.localeCompare(b.name, 'en'),
);
const sendersOfKinds = SENDERS.flatMap(({ value, kinds }) => (kinds === undefined ? [] : [value]));

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
			description:
				'The status for a duplicate whose result is empty or was not kept. Without it a refusal keeps its own status.',
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
			displayName: 'Same Content Under Another Key',
			name: 'sameContent',
			type: 'number',
			default: 409,
			description:
				'The status for what is refused because the same content came under another key. 200 or 202 keep a sender from trying again.',
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
];
