import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { reportPage } from '../report/page';
import { statisticsFor, statsProperties } from '../statistics';
import type { RecordsRun } from '../operation';

export const properties: readonly INodeProperties[] = statsProperties;

/** One item: `html` is the whole page, without anything that is loaded from elsewhere. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const statistics = await statisticsFor(run, itemIndex);
	const title = String(run.parameters.get<unknown>('options.title', itemIndex, '') ?? '').trim();
	const html = reportPage(statistics, {
		title: title === '' ? 'Idempotency report' : title,
		store: run.opened.store.kind === 'redis' ? 'Redis' : 'this n8n instance',
		madeAt: run.startedAt,
	});
	return [{ html, from: statistics.fromDay, to: statistics.toDay }];
}
