import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { changeRecords } from '../change-records';
import { findProperties } from '../find-records';
import type { RecordsRun } from '../operation';

export const properties: readonly INodeProperties[] = findProperties;

/** The next delivery of the request counts as new. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	return await changeRecords(run, itemIndex, {
		did: 'Forgotten',
		orderFor: ({ identity }, _line, force) => ({ type: 'forget', identity, force }),
		absentIsFine: true,
	});
}
