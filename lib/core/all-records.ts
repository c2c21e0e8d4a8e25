import type { ListPage, ListQuery } from './listing';
import { ALL_RECORDS } from './listing';
import type { Reply } from './reply';
import type { Store } from './store';

/** The largest page that is asked for where all of them are wanted. */
const PAGE_SIZE = 500;

/**
 * Every page of a listing, one after the other: the next is asked for when the one before was dealt with. A failure is the last
 * reply.
 *
 * @param query filters; `cursor` says where to begin, `pageSize` is 500 unless set
 * @example
 * for await (const page of allRecords(store, { states: ['unknown'] })) {
 * 	if (!page.ok) return page;
 * 	count += page.answer.records.length;
 * }
 */
export async function* allRecords(
	store: Pick<Store, 'list'>,
	query: Partial<ListQuery> = {},
): AsyncGenerator<Reply<ListPage>, void, void> {
	let { cursor = null } = query;
	do {
		const page = await store.list({ ...ALL_RECORDS, pageSize: PAGE_SIZE, ...query, cursor });
		yield page;
		cursor = page.ok ? page.answer.cursor : null;
	} while (cursor !== null);
}
