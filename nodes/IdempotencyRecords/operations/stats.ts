import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { statsProperties, statisticsFor } from '../statistics';
import type { RecordsRun } from '../operation';
import { observedIn } from '../../../lib/core/statistics';
import { placeOf, placesOf } from '../places';
import { isoTime } from '../../../lib/guard/words';

export const properties: readonly INodeProperties[] = statsProperties;

/** One item for each day and namespace. What is unresolved is told as of now. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const { days, unresolved } = await statisticsFor(run, itemIndex);
	const places = await placesOf(
		run,
		days.map(({ namespace }) => namespace),
	);
	return days.map((day) => {
		const { label, href } = placeOf(day.namespace, places);
		const waiting = unresolved.get(day.namespace);
		return {
			day: day.day,
			where: label,
			namespace: day.namespace,
			new: day.new,
			retries: day.retries,
			duplicates: day.duplicates,
			conflicts: day.conflicts,
			conflictsByReason: { ...day.conflictsByReason },
			wouldHaveBlocked: observedIn(day),
			wouldHaveBlockedByReason: { ...day.observedByReason },
			bytes: day.bytes,
			unresolvedNow: waiting?.count ?? 0,
			oldestUnresolvedSince: isoTime(waiting?.oldestSince),
			nodeUrl: href,
		};
	});
}
