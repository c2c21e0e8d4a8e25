import type { INodeProperties } from 'n8n-workflow';

import { STORE_PROPERTY } from '../shared/store-parameter';

export const triggerProperties: INodeProperties[] = [
	{
		displayName:
			'Starts the workflow with one item for each request whose run was killed, or stopped without Idempotency Commit, so that nobody knows whether it acted. What was there before counts, too.',
		name: 'notice',
		type: 'notice',
		default: '',
		displayOptions: { show: { startOn: ['abandoned'] } },
	},
	{
		displayName: 'Start On',
		name: 'startOn',
		type: 'options',
		noDataExpression: true,
		default: 'abandoned',
		description: 'What starts the workflow',
		options: [
			{
				name: 'Abandoned Requests',
				value: 'abandoned',
				description: 'A run stopped halfway, so that nobody knows whether it acted',
			},
			{
				name: 'Too Many at Once',
				value: 'threshold',
				description:
					'More was counted within some minutes than is usual; once, and when it is over',
			},
		],
	},
	{
		displayName: 'Count',
		name: 'counted',
		type: 'options',
		noDataExpression: true,
		default: 'conflicts',
		description: 'What is counted, in each namespace by itself. What was only observed counts too.',
		displayOptions: { show: { startOn: ['threshold'] } },
		options: [
			{ name: 'Conflicts', value: 'conflicts', description: 'Requests that were refused' },
			{ name: 'Duplicates', value: 'duplicates', description: 'Requests that were handled before' },
			{ name: 'Missing Keys', value: 'missingKeys', description: 'Requests without a key' },
			{
				name: 'Unknown Outcomes',
				value: 'unknownOutcomes',
				description: 'Requests that were held since an earlier run never finished',
			},
		],
	},
	{
		displayName: 'More Than',
		name: 'threshold',
		type: 'number',
		default: 10,
		typeOptions: { minValue: 0 },
		description: 'How many may be counted before the workflow starts',
		displayOptions: { show: { startOn: ['threshold'] } },
	},
	{
		displayName: 'Within (Minutes)',
		name: 'minutes',
		type: 'number',
		default: 10,
		typeOptions: { minValue: 1, maxValue: 1440 },
		description: 'Of how many minutes the counters are added up, the current one included',
		displayOptions: { show: { startOn: ['threshold'] } },
	},
	{
		displayName: 'Check Every (Seconds)',
		name: 'checkEverySeconds',
		type: 'number',
		default: 60,
		typeOptions: { minValue: 5, maxValue: 86_400 },
		description: 'How often to look. Looking costs little: there is an index.',
	},
	STORE_PROPERTY,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Max Items per Execution',
				name: 'maxItems',
				type: 'number',
				default: 50,
				typeOptions: { minValue: 1, maxValue: 1000 },
				description: 'With 1, each request has an execution of its own. Only one runs at a time.',
			},
			{
				displayName: 'Namespace',
				name: 'namespace',
				type: 'string',
				default: '',
				placeholder: 'e.g. payments',
				description: 'Only requests of this namespace, as set in Idempotency Guard',
			},
			{
				displayName: 'Tell Again After (Minutes)',
				name: 'tellAgainMinutes',
				type: 'number',
				default: 60,
				typeOptions: { minValue: 1 },
				description:
					'When to start the workflow again for requests whose execution failed. Where it succeeded, it is not started again for them.',
			},
			{
				displayName: 'Wait Before Telling (Seconds)',
				name: 'graceSeconds',
				type: 'number',
				default: 30,
				typeOptions: { minValue: 0 },
				description:
					'How much longer than usual a run has to be silent before the workflow starts: one that was only held up goes on',
			},
		],
	},
];
