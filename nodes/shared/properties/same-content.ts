import type { INodeProperties } from 'n8n-workflow';

/** What comes again under a new key: options of a Guard and of Idempotent Webhook. */
export const sameContentOptions: INodeProperties[] = [
	{
		displayName: 'Same Content Under Another Key',
		name: 'sameContent',
		type: 'options',
		noDataExpression: true,
		default: 'report',
		description:
			'What to do when the same content comes again soon under a new key, as from a sender that makes a new ID for each try, several hooks of one address, or an agent. Fields that look as if each delivery changed them do not count.',
		displayOptions: { hide: { '/keySource': ['payload'] } },
		options: [
			{
				name: 'Answer Conflict',
				value: 'conflict',
				description:
					'Refuse it with status code 409, and say when and under which key it came first',
			},
			{ name: 'Off', value: 'off', description: 'Do not look for it' },
			{
				name: 'Report',
				value: 'report',
				description: 'Let it through, and say in the item\'s "likelyDuplicate" what came first',
			},
		],
	},
	{
		displayName: 'Same Content: Within (Minutes)',
		name: 'sameContentMinutes',
		type: 'number',
		default: 10,
		typeOptions: { minValue: 0 },
		description: 'For how long a content is looked for under other keys',
		displayOptions: { show: { sameContent: ['report', 'conflict'] } },
	},
];
