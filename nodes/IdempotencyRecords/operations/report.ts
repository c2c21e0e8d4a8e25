import type { IBinaryKeyData, IDataObject, INodeProperties } from 'n8n-workflow';

import { allRecords } from '../../../lib/core/all-records';
import type { ListedRecord } from '../../../lib/core/listing';
import { storeHealth } from '../../shared/store-health';
import { storeTitle } from '../../shared/store-parameter';
import { reportPage } from '../report/page';
import { placesOf } from '../places';
import { MOST_WAITING } from '../report/waiting';
import { statisticsFor, statsProperties } from '../statistics';
import type { RecordsRun } from '../operation';

export const properties: readonly INodeProperties[] = statsProperties;

/** One item: `html` is the whole page, without anything that is loaded from elsewhere. */
export async function execute(run: RecordsRun, itemIndex: number): Promise<IDataObject[]> {
	const statistics = await statisticsFor(run, itemIndex);
	const title = String(run.parameters.get<unknown>('options.title', itemIndex, '') ?? '').trim();
	const shown = new Set(statistics.days.map(({ namespace }) => namespace));
	const html = reportPage(statistics, {
		title: title === '' ? 'Idempotency report' : title,
		store: storeTitle(run.opened.store.kind),
		madeAt: run.startedAt,
		places: await placesOf(run, shown),
		waiting: await oldestWaiting(run, shown),
		health: await storeHealth(run.context, run.opened.store.kind),
	});
	return [{ html, from: statistics.fromDay, to: statistics.toDay }];
}

/**
 * The page as a file, to send or to serve; and once more to look at. n8n offers View for no `text/html`, but for plain text, and then
 * shows it by its file type.
 */
export async function filesOf({ context }: RecordsRun, json: IDataObject): Promise<IBinaryKeyData> {
	const page = Buffer.from(String(json.html), 'utf8');
	const file = async (type: string) =>
		await context.helpers.prepareBinaryData(page, 'report.html', type);
	return {
		report: await file('text/html'),
		preview: { ...(await file('text/plain')), fileType: 'html' },
	};
}

const ABANDONED = ['lapsed', 'unknown'] as const;

/** The first to wait come first. Only so many are held at a time, however many there are. */
async function oldestWaiting(
	{ opened, own }: RecordsRun,
	namespaces: ReadonlySet<string>,
): Promise<ListedRecord[]> {
	let oldest: ListedRecord[] = [];
	const query = { states: ABANDONED, workflowId: own };
	for await (const page of allRecords(opened.store, query)) {
		if (!page.ok) throw page.error;
		const found = page.answer.records.filter(({ record }) => namespaces.has(record.namespace));
		oldest = [...oldest, ...found]
			.sort((a, b) => a.record.leaseUntil - b.record.leaseUntil)
			.slice(0, MOST_WAITING);
	}
	return oldest;
}
