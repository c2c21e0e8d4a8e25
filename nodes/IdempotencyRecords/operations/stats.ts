import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { statsProperties, statisticsFor } from '../statistics';
import type { RecordsRun } from '../operation';
import { observedIn } from '../../../lib/core/statistics';
import { isoTime } from '../../../lib/guard/words';

export const properties: readonly INodeProperties[] = statsProperties;

/** One item for each day and namespace. What is unresolved is told as of now. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const { days, unresolved } = await statisticsFor(run, itemIndex);
	return days.map((day) => {
		const waiting = unresolved.get(day.namespace);
		return {
			day: day.day,
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
		};
	});
}
