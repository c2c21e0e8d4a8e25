import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { replyAt } from '../../../lib/core/reply';
import { absent } from '../change-records';
import { findProperties, findRecords } from '../find-records';
import type { RecordsRun } from '../operation';
import { placeFields, placesOf } from '../places';
import { recordItem, resultItem } from '../../shared/record-item';

export const properties: readonly INodeProperties[] = findProperties;

/** What is remembered of a request. Nothing remembered is an answer, too. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const withResult = run.parameters.get<unknown>('options.includeResult', itemIndex, false);
	const items: IDataObject[] = [];
	const found = await findRecords(run, itemIndex);
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
		const [reply] = withResult === true ? await run.opened.store.get([identity]) : [];
		const whole = reply === undefined ? null : replyAt([reply], 0);
		if (whole?.ok === false) throw whole.error;
		const stored = whole?.answer ?? null;
		items.push({
			found: true,
			...recordItem(identity, state, record),
			...placeFields(record, places),
			...(stored === null || stored.state === 'tombstone'
				? {}
				: resultItem(run.opened, identity, stored)),
		});
	}
	return items;
}
