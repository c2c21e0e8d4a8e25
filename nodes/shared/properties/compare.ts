import type { INodeProperties } from 'n8n-workflow';

const showForCompare = (value: string) => ({
	show: { compare: [value] },
	hide: { '/keySource': ['payload'] },
});

/** What must be the same on a retry: options of a Guard and of Idempotent Webhook. */
export const compareOptions: INodeProperties[] = [
	{
		displayName: 'Compare',
		name: 'compare',
		type: 'options',
		noDataExpression: true,
		default: 'auto',
		description:
			'What must be the same when a request comes again. If it differs, the item goes to Conflict instead of getting the answer to another request.',
		displayOptions: { hide: { '/keySource': ['payload'] } },
		options: [
			{
				name: 'All Fields',
				value: 'payload',
				description: 'The whole payload must be the same',
			},
			{
				name: 'All Fields Except',
				value: 'except',
				description: 'The whole payload without some fields, such as a time stamp',
			},
			{
				name: 'Automatic',
				value: 'auto',
				description:
					"Nothing for a sender's own delivery ID, whose retries may differ in counters. All fields for everything else.",
			},
			{ name: 'Nothing', value: 'none', description: 'The same key is the same request' },
			{
				name: 'Selected Fields',
				value: 'fields',
				description: 'Only some fields, such as the amount',
			},
		],
	},
	{
		displayName: 'Fields to Leave Out',
		name: 'excludeFields',
		type: 'string',
		default: '',
		required: true,
		requiresDataPath: 'multiple',
		placeholder: 'e.g. body.sentAt, query.attempt',
		description: 'Fields that may differ, separated by commas',
		displayOptions: showForCompare('except'),
	},
	{
		displayName: 'Fields to Compare',
		name: 'compareFields',
		type: 'string',
		default: '',
		required: true,
		requiresDataPath: 'multiple',
		placeholder: 'e.g. body.amount, body.currency',
		description: 'Fields that must be the same, separated by commas',
		displayOptions: showForCompare('fields'),
	},
];
