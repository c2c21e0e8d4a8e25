import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { absent } from '../change-records';
import { findProperties, findRecords, recordsAt } from '../find-records';
import type { RecordsRun } from '../operation';
import { placeFields, placesOf } from '../places';
import { requireReach } from '../reach';
import { recordItem, resultItem } from '../../shared/record-item';

export const properties: readonly INodeProperties[] = findProperties;

/** What is remembered of a request. Nothing remembered is an answer, too. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const includesResult =
		run.parameters.get<unknown>('options.includeResult', itemIndex, false) === true;
	const items: IDataObject[] = [];
	let found = await findRecords(run, itemIndex);
	if (includesResult) {
		const identities = found.map(({ identity }) => identity);
		found = await recordsAt(run, identities);
		for (const { record } of found) if (record !== null) requireReach(run.own, record);
	}
	const places = await placesOf(
		run,
		found.flatMap(({ record }) => record?.namespace ?? []),
	);
	for (const { identity, state, record } of found) {
		if (record === null) {
			const { message } = absent(identity);
			items.push({ found: false, hash: identity, state: 'absent', message });
			continue;
		}
		items.push({
			found: true,
			...recordItem(identity, state, record),
			...placeFields(record, places),
			...(includesResult ? resultItem(run.opened, identity, record) : {}),
		});
	}
	return items;
}
