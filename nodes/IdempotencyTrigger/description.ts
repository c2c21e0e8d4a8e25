import type { INodeProperties } from 'n8n-workflow';

import { STORE_PROPERTY } from '../shared/store-parameter';

export const triggerProperties: INodeProperties[] = [
	STORE_PROPERTY,
	{
		displayName: 'Check Every (Seconds)',
		name: 'checkEverySeconds',
		type: 'number',
		default: 60,
		typeOptions: { minValue: 5, maxValue: 86_400 },
		description: 'How often to look for abandoned claims. Looking costs little: there is an index.',
	},
	{
		displayName:
			'Starts the workflow with one item for each request whose run was killed, or stopped without Idempotency Commit, so that nobody knows whether it acted. What was there before counts, too.',
		name: 'notice',
		type: 'notice',
		default: '',
	},
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
					'How long a run has to be silent beyond its lease: a run that was only held up goes on',
			},
		],
	},
];
