import type { INodeProperties } from 'n8n-workflow';

/** What to do about other runs of the same request: options of a Guard and of Idempotent Webhook. */
export const runOptions: INodeProperties[] = [
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
			'What to do when an earlier run stopped halfway, so that nobody knows whether it acted',
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
];

/** For how long, and when, a request counts as handled. */
export const handledProperties: INodeProperties[] = [
	{
		displayName: 'Remember For (Hours)',
		name: 'retentionHours',
		type: 'number',
		default: 72,
		typeOptions: { minValue: 0 },
		hint: 'At least as long as the sender may send again: Stripe, PayPal and Paddle do for three days',
		description: 'How long a finished request is remembered. After that it counts as new.',
	},
	{
		displayName: 'Counts as Handled',
		name: 'handledWhen',
		type: 'options',
		noDataExpression: true,
		default: 'auto',
		description: 'When a request is done, so that every further delivery of it is a Duplicate',
		options: [
			{
				name: 'Automatic',
				value: 'auto',
				description:
					'When Idempotency Commit saves its result, where there is one behind New. Without one: when the workflow succeeds.',
			},
			{
				name: 'When Idempotency Commit Saves It',
				value: 'commit',
				description: 'A run that ends without Commit has not handled the request',
			},
			{
				name: 'When the Workflow Succeeds',
				value: 'run',
				description:
					'No Commit is needed. A run that fails is judged by what made it fail. Needs n8n 2.33 or newer.',
			},
		],
	},
];

/** Whether anything is held back at all. */
export const MODE_PROPERTY: INodeProperties = {
	displayName: 'Mode',
	name: 'mode',
	type: 'options',
	noDataExpression: true,
	default: 'enforce',
	description: 'Whether to hold duplicates back, or only to see what would be held back',
	options: [
		{
			name: 'Enforce',
			value: 'enforce',
			description: 'Each request goes through once',
		},
		{
			name: 'Observe Only',
			value: 'observe',
			description:
				'Everything goes on as without this node, and each item says what would have happened. Idempotency Records shows what would have been blocked. What was seen is kept when you switch to Enforce.',
		},
	],
};
