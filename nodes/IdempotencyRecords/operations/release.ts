import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { changeRecords } from '../change-records';
import { findProperties } from '../find-records';
import type { RecordsRun } from '../operation';

export const properties: readonly INodeProperties[] = findProperties;

/** The next delivery of the request may act, and attempts are counted anew. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	return await changeRecords(run, itemIndex, {
		did: 'Released',
		orderFor: ({ identity, state, record }, reason, force) => ({
			type: 'resolve',
			to: 'released',
			identity,
			reason,
			force,
			seen: { fence: record.fence, state },
		}),
		absentIsFine: false,
	});
}
