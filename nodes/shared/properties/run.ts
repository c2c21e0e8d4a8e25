import type { INodeProperties } from 'n8n-workflow';

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
		displayOptions: { show: { onInProgress: ['wait'] } },
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
