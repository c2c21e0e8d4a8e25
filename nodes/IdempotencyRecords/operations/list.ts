import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { allRecords } from '../../../lib/core/all-records';
import type { ListedRecord, ListQuery } from '../../../lib/core/listing';
import { ComplaintError } from '../../../lib/guard/complaint';
import { namespaceOf } from '../../../lib/guard/scope';
import { recordsAt } from '../find-records';
import type { RecordsRun } from '../operation';
import type { KnownPlaces } from '../places';
import { placeFields, placesOf } from '../places';
import { isInReach } from '../reach';
import { recordItem, resultItem } from '../../shared/record-item';

/** How many records with their results are read at once: each may be as large as Commit allows. */
const RESULTS_AT_ONCE = 20;
const LARGEST_PAGE = 1_000;

export const properties: readonly INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Page Size',
		name: 'pageSize',
		type: 'number',
		default: 50,
		typeOptions: { minValue: 1, maxValue: LARGEST_PAGE },
		description:
			'About how many records to return. The last item has the field "nextCursor" where there are more.',
		displayOptions: { show: { returnAll: [false] } },
	},
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add filter',
		default: {},
		options: [
			{
				displayName: 'Execution ID',
				name: 'executionId',
				type: 'string',
				default: '',
				description: 'Only records whose last run was this execution',
			},
			{
				displayName: 'Namespace',
				name: 'namespace',
				type: 'string',
				default: '',
				placeholder: 'e.g. payments',
				description:
					'Only records of this namespace: the one set in Idempotency Guard, or what the field "namespace" of an item says',
			},
			{
				displayName: 'Older Than (Minutes)',
				name: 'olderThanMinutes',
				type: 'number',
				default: 60,
				typeOptions: { minValue: 0 },
				description: 'Only requests that were first seen before that',
			},
			{
				displayName: 'States',
				name: 'states',
				type: 'multiOptions',
				default: ['lapsed', 'unknown'],
				description:
					'Only records in these states. Those that are not finished are found at once; for the others the whole store is looked through.',
				options: [
					{ name: 'Completed', value: 'completed', description: 'Done: duplicates get the result' },
					{ name: 'Failed', value: 'failed', description: 'Refused: duplicates get the refusal' },
					{
						name: 'Lapsed',
						value: 'lapsed',
						description: 'The run that holds the request has not been heard of for too long',
					},
					{
						name: 'Pending',
						value: 'pending',
						description: 'Accepted at the door, not running yet',
					},
					{ name: 'Processing', value: 'processing', description: 'A run is handling it' },
					{ name: 'Released', value: 'released', description: 'Given back: it may be tried again' },
					{
						name: 'Unknown',
						value: 'unknown',
						description: 'A run ended, and nobody knows whether it acted',
					},
				],
			},
			{
				displayName: 'Workflow ID',
				name: 'workflowId',
				type: 'string',
				default: '',
				description: 'Only records whose last run was of this workflow',
				displayOptions: { show: { '/workflows': ['all'] } },
			},
			{
				displayName: 'Younger Than (Minutes)',
				name: 'youngerThanMinutes',
				type: 'number',
				default: 60,
				typeOptions: { minValue: 0 },
				description: 'Only requests that were first seen after that',
			},
		],
	},
];

/** Records in no order, page by page. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const { parameters, opened } = run;
	const includesResults =
		parameters.get<unknown>('options.includeResult', itemIndex, false) === true;
	const returnAll = parameters.get<unknown>('returnAll', itemIndex, false) === true;
	const items: IDataObject[] = [];
	for await (const page of allRecords(opened.store, queryOf(run, itemIndex, returnAll))) {
		if (!page.ok) throw page.error;
		const { records, unreadable, cursor } = page.answer;
		const places = await placesOf(
			run,
			records.map(({ record }) => record.namespace),
		);
		const plain = (each: ListedRecord) => plainItem(each, places);
		items.push(
			...(includesResults ? await allWithResults(run, records, plain) : records.map(plain)),
		);
		items.push(...unreadable.map(unreadableItem));
		if (returnAll) continue;
		const last = items.at(-1);
		if (last !== undefined && cursor !== null) last.nextCursor = cursor;
		break;
	}
	return items;
}

function queryOf(
	{ parameters, startedAt, own }: RecordsRun,
	itemIndex: number,
	returnAll: boolean,
): ListQuery {
	const text = (name: string) => {
		const value = String(parameters.get<unknown>(name, itemIndex, '') ?? '').trim();
		return value === '' ? null : value;
	};
	const before = (name: string) => {
		if (!parameters.has(name)) return null;
		const minutes = Number(parameters.get<unknown>(name, itemIndex, 0));
		if (minutes >= 0) return startedAt - minutes * 60_000;
		throw new ComplaintError({
			message: 'An age in "Filters" is not a number for this item',
			description: 'Give minutes, 0 or more.',
		});
	};
	const states = parameters.get<NonNullable<ListQuery['states']>>('filters.states', itemIndex, []);
	const namespace = text('filters.namespace');
	const pageSize = Math.ceil(Number(parameters.get<unknown>('pageSize', itemIndex, 50)));
	if (!returnAll && !(pageSize >= 1 && pageSize <= LARGEST_PAGE)) {
		throw new ComplaintError({
			message: `"Page Size" must be from 1 to ${LARGEST_PAGE}`,
			description: 'For more, go on with "nextCursor" of the last item in the option "Cursor".',
		});
	}
	return {
		states: states.length === 0 ? null : states,
		namespace: namespace === null ? null : namespaceOf([namespace]),
		workflowId: own ?? text('filters.workflowId'),
		executionId: text('filters.executionId'),
		seenFrom: before('filters.youngerThanMinutes'),
		seenBefore: before('filters.olderThanMinutes'),
		pageSize: returnAll ? LARGEST_PAGE : pageSize,
		cursor: text('options.cursor'),
	};
}

function plainItem({ identity, state, record }: ListedRecord, places: KnownPlaces): IDataObject {
	return { ...recordItem(identity, state, record), ...placeFields(record, places) };
}

/** Each as it is when its result is read: one that another workflow has taken since is left out where this node sees only its own. */
async function allWithResults(
	run: RecordsRun,
	records: readonly ListedRecord[],
	plain: (each: ListedRecord) => IDataObject,
): Promise<IDataObject[]> {
	const items: IDataObject[] = [];
	for (let at = 0; at < records.length; at += RESULTS_AT_ONCE) {
		const some = records.slice(at, at + RESULTS_AT_ONCE);
		const identities = some.map(({ identity }) => identity);
		for (const { identity, state, record } of await recordsAt(run, identities)) {
			if (record === null || !isInReach(run.own, record)) continue;
			items.push({
				...plain({ identity, state, record }),
				...resultItem(run.opened, identity, record),
			});
		}
	}
	return items;
}

function unreadableItem(identity: string): IDataObject {
	return {
		hash: identity,
		state: 'unreadable',
		reason: 'The value at this key is not a record. Forget with "Force" removes it.',
	};
}
