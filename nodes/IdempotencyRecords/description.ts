import type { INodeProperties } from 'n8n-workflow';

import { STORE_PROPERTY } from '../shared/store-parameter';
import { fenceOption, forceOption, noteOption } from './change-records';
import { shownFor } from './operation';
import { OPERATIONS } from './operations';
import { reachProperty } from './reach';

const operationProperty: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'list',
	// The usual one first: who adds the node by pressing Enter gets the first action. What removes something comes last.
	// eslint-disable-next-line n8n-nodes-base/node-param-options-type-unsorted-items
	options: [
		{
			name: 'List',
			value: 'list',
			description: 'Show what is remembered of many requests',
			action: 'List what is remembered',
		},
		{
			name: 'Get',
			value: 'get',
			description: 'Show what is remembered of a request',
			action: 'Get what is remembered of a request',
		},
		{
			name: 'Report',
			value: 'report',
			description: 'Make a page of what happened, and of what waits for somebody',
			action: 'Make a report',
		},
		{
			name: 'Stats',
			value: 'stats',
			description: 'Count new requests, duplicates and conflicts by namespace and day',
			action: 'Count what happened',
		},
		{
			name: 'Resolve',
			value: 'resolve',
			description: 'Say what became of a request whose outcome nobody knew',
			action: 'Say what became of a request',
		},
		{
			name: 'Release',
			value: 'release',
			description: 'Give back the request of a run that ended: its next delivery runs again',
			action: 'Give a request back so that it may run again',
		},
		{
			name: 'Forget',
			value: 'forget',
			description: 'Remove what is remembered of a request: its next delivery counts as new',
			action: 'Forget a request so that it counts as new',
		},
	],
};

const forOperations = (option: INodeProperties, ...operations: string[]): INodeProperties => ({
	...option,
	displayOptions: {
		...option.displayOptions,
		show: { ...option.displayOptions?.show, '/operation': operations },
	},
});

const optionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	options: [
		forOperations(
			{
				displayName: 'Cursor',
				name: 'cursor',
				type: 'string',
				default: '',
				placeholder: 'e.g. {{ $json.nextCursor }}',
				description: 'Where the page before ended: "nextCursor" of its last item',
			},
			'list',
		),
		forOperations(forceOption, 'forget', 'release', 'resolve'),
		forOperations(
			{
				displayName: 'Include Result',
				name: 'includeResult',
				type: 'boolean',
				default: false,
				description:
					'Whether to show the stored result, or the request that Idempotent Webhook has taken in and not started. Either may hold personal data.',
			},
			'get',
			'list',
		),
		forOperations(
			{
				displayName: 'Namespace',
				name: 'namespace',
				type: 'string',
				default: '',
				placeholder: 'e.g. payments',
				description: 'Count this namespace alone',
			},
			'report',
			'stats',
		),
		forOperations(noteOption, 'forget', 'release', 'resolve'),
		forOperations(fenceOption, 'forget', 'release', 'resolve'),
		forOperations(
			{
				displayName: 'Status Code',
				name: 'statusCode',
				type: 'number',
				default: 200,
				description: 'HTTP status of the answer that duplicates are told',
			},
			'resolve',
		),
		{
			displayName: 'Tenant',
			name: 'tenant',
			type: 'string',
			default: '',
			placeholder: 'e.g. {{ $json.jwtPayload.sub }}',
			description: 'The tenant, where the Guard has one and keeps tenants separate',
			displayOptions: {
				show: { '/operation': ['forget', 'get', 'release', 'resolve'], '/findBy': ['key'] },
			},
		},
		{
			displayName: 'Test Runs',
			name: 'testRun',
			type: 'boolean',
			default: false,
			description: 'Whether to look for a key of test runs from the editor, which have their own',
			displayOptions: {
				show: { '/operation': ['forget', 'get', 'release', 'resolve'], '/findBy': ['key'] },
			},
		},
		forOperations(
			{
				displayName: 'Title',
				name: 'title',
				type: 'string',
				default: 'Idempotency report',
				description: 'Heading of the page',
			},
			'report',
		),
	],
};

/** Properties that several operations share are shown for all of them. */
const ownProperties = [
	...new Set([...OPERATIONS.values()].flatMap(({ properties }) => [...properties])),
].flatMap((property) =>
	shownFor(
		[...OPERATIONS].flatMap(([name, { properties }]) =>
			properties.includes(property) ? [name] : [],
		),
		[property],
	),
);

export const recordsProperties: INodeProperties[] = [
	operationProperty,
	reachProperty,
	...ownProperties,
	STORE_PROPERTY,
	optionsProperty,
];
