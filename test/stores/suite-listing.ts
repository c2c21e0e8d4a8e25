import { allRecords } from '../../lib/core/all-records';
import type { ListPage, ListQuery } from '../../lib/core/listing';
import { ALL_RECORDS } from '../../lib/core/listing';
import type { ClaimRequest } from '../../lib/core/record';
import type { Store } from '../../lib/core/store';
import {
	HOUR,
	LEASE,
	RETENTION,
	answered,
	bytes,
	claimRequest,
	comparable,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
	recordOf,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

async function pagesOf(store: Store, query: Partial<ListQuery>): Promise<ListPage[]> {
	const pages: ListPage[] = [];
	for await (const page of allRecords(store, query)) pages.push(answered(page));
	return pages;
}

async function listed(store: Store, query: Partial<ListQuery> = {}): Promise<string[]> {
	const pages = await pagesOf(store, query);
	return [
		...new Set(pages.flatMap(({ records }) => records.map(({ identity }) => identity))),
	].sort();
}

const sorted = (...requests: ClaimRequest[]) => requests.map(({ identity }) => identity).sort();

export function describeListing(harness: StoreHarness): void {
	describe('a listing', () => {
		let opened: OpenedStore;
		let store: Store;
		beforeEach(async () => {
			opened = await harness.open();
			({ store } = opened);
		});
		afterEach(async () => await opened.close());

		const request = (over: Partial<ClaimRequest> = {}) =>
			claimRequest({ identity: freshIdentity('listed'), ...over });

		it('of an empty store is one empty page', async () => {
			expect(await pagesOf(store, {})).toEqual([{ records: [], unreadable: [], cursor: null }]);
			expect(await pagesOf(store, { states: ['unknown'] })).toHaveLength(1);
			for (const states of [null, ['unknown' as const]]) {
				const time = microsOf((await store.get([freshIdentity()]))[0]);
				const micros = microsOf(await store.list({ ...ALL_RECORDS, states }));
				expect(micros).toBeGreaterThanOrEqual(time);
			}
		});

		it('shows records as they are stored, without their results', async () => {
			const finished = request({ key: 'k'.repeat(200), namespace: 'a b' });
			const [reply] = await store.claim([finished]);
			await store.command([finishOf(finished, fenceOf(reply), { result: bytes(1, 2, 3) })]);
			const [page] = await pagesOf(store, {});
			const record = recordOf(answered((await store.get([finished.identity]))[0]));
			expect(record.result).not.toBeNull();
			expect(comparable(page?.records)).toEqual(
				comparable([
					{ identity: finished.identity, state: 'completed', record: { ...record, result: null } },
				]),
			);
		});

		it('gives each record once, and about as many a page as asked for', async () => {
			const requests = Array.from({ length: 730 }, () => request());
			await store.claim(requests);
			for (const states of [null, ['processing' as const]]) {
				const pages = await pagesOf(store, { states, pageSize: 50 });
				const all = pages.flatMap(({ records }) => records.map(({ identity }) => identity));
				expect(all.sort()).toEqual(sorted(...requests));
				for (const { records } of pages.slice(0, -1)) {
					expect(records.length).toBeGreaterThanOrEqual(50);
					expect(records.length).toBeLessThan(100);
				}
			}
			expect(answered(await store.list({ ...ALL_RECORDS, pageSize: 10_000 })).cursor).toBeNull();
		});

		it('goes on through claims that end at the same moment, however many', async () => {
			const requests = Array.from({ length: 300 }, (_, n) => ({
				...request(),
				identity: `7f${n.toString(16).padStart(62, '0')}`,
			}));
			await store.claim(requests);
			expect(await listed(store, { states: ['processing'], pageSize: 10 })).toEqual(
				sorted(...requests),
			);
		});

		it('is filtered by state, as it is at this moment', async () => {
			const [processing, pending, lapsed, unknown] = [
				request(),
				request({ pending: true }),
				request({ leaseMs: 1_000 }),
				request(),
			];
			const [released, completed, failed, forgotten] = [request(), request(), request(), request()];
			const all = [processing, pending, lapsed, unknown, released, completed, failed, forgotten];
			const replies = await store.claim(all);
			const owned = (each: ClaimRequest) => ({
				identity: each.identity,
				owner: each.owner,
				ownRun: true,
				fence: fenceOf(replies[all.indexOf(each)]),
			});
			await store.command([
				{ ...owned(unknown), type: 'park', statusCode: 0, reason: 'stopped' },
				{ ...owned(released), type: 'release', retryAfterMs: 0, statusCode: 0, reason: '' },
				finishOf(completed, owned(completed).fence),
				finishOf(failed, owned(failed).fence, { to: 'failed' }),
			]);
			await store.operate({ identity: forgotten.identity, type: 'forget', force: true });
			await opened.advance(2_000);

			const cases: Array<[ListQuery['states'], ClaimRequest[]]> = [
				[['processing'], [processing]],
				[['pending'], [pending]],
				[['lapsed'], [lapsed]],
				[['unknown'], [unknown]],
				[['released'], [released]],
				[['completed'], [completed]],
				[['failed'], [failed]],
				[
					['lapsed', 'unknown'],
					[lapsed, unknown],
				],
				[
					['pending', 'processing', 'lapsed', 'unknown'],
					[processing, pending, lapsed, unknown],
				],
				[
					['unknown', 'failed'],
					[unknown, failed],
				],
				[null, all.filter((each) => each !== forgotten)],
			];
			for (const [states, expected] of cases) {
				expect([states, await listed(store, { states })]).toEqual([states, sorted(...expected)]);
			}
			const [page] = await pagesOf(store, { states: ['lapsed'] });
			expect(page?.records[0]).toMatchObject({ state: 'lapsed', record: { state: 'processing' } });
		});

		it('is filtered by namespace, workflow, execution and age', async () => {
			const first = request({ namespace: 'wf_1', workflowId: 'w', executionId: '7' });
			const same = request({ namespace: 'wf_1', workflowId: 'w', executionId: '8' });
			const like = request({ namespace: 'wf_10', workflowId: 'w%', executionId: '70' });
			await store.claim([first]);
			await opened.advance(HOUR);
			const [reply] = await store.claim([same, like]);
			const later = Math.floor(microsOf(reply) / 1000);
			const open = { states: ['processing' as const, 'lapsed' as const] };
			for (const states of [{}, open]) {
				expect(await listed(store, { ...states, namespace: 'wf_1' })).toEqual(sorted(first, same));
				expect(await listed(store, { ...states, workflowId: 'w' })).toEqual(sorted(first, same));
				expect(await listed(store, { ...states, executionId: '7' })).toEqual(sorted(first));
				expect(await listed(store, { ...states, executionId: '7', namespace: 'wf_10' })).toEqual(
					[],
				);
				expect(await listed(store, { ...states, seenBefore: later - 1_000 })).toEqual(
					sorted(first),
				);
				expect(await listed(store, { ...states, seenFrom: later - 1_000 })).toEqual(
					sorted(same, like),
				);
				expect(
					await listed(store, { ...states, seenFrom: later - 1_000, seenBefore: later - 999 }),
				).toEqual([]);
			}
		});

		it('leaves out what has expired, and what is not a record unless everything is asked for', async () => {
			const [gone, stays, bad] = [request(), request({ retentionMs: 9 * RETENTION }), request()];
			await store.claim([gone, stays]);
			await opened.advance(LEASE + RETENTION + 1);
			await store.claim([bad]);
			await opened.corrupt(bad.identity);
			const [page] = await pagesOf(store, {});
			expect(page?.unreadable).toEqual([bad.identity]);
			expect(page?.records.map(({ identity }) => identity)).toEqual([stays.identity]);
			const [filtered] = await pagesOf(store, { namespace: 'orders' });
			expect(filtered?.unreadable).toEqual([]);
			expect(filtered?.records).toHaveLength(1);
		});

		it('goes on while records come and go', async () => {
			const early = Array.from({ length: 200 }, () => request());
			await store.claim(early);
			const seen = new Set<string>();
			for await (const page of allRecords(store, { pageSize: 20 })) {
				for (const { identity } of answered(page).records) seen.add(identity);
				if (seen.size >= 5_000) break;
				await store.claim(Array.from({ length: 30 }, () => request()));
			}
			for (const { identity } of early) expect(seen).toContain(identity);
		});

		it('refuses a cursor that is none of its own', async () => {
			for (const states of [null, ['unknown' as const]]) {
				for (const cursor of ['', 'x', '5', states === null ? 'o0|0' : 's|0', "r1'; --"]) {
					const reply = await store.list({ ...ALL_RECORDS, states, cursor });
					expect([cursor, reply.ok || reply.error.problem]).toEqual([cursor, 'configuration']);
				}
			}
		});
	});

	describe('notices', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const take = async (consumer: string, ...notices: string[]) =>
			answered(await opened.store.takeNotices({ consumer, notices, holdMs: 1_000 }));

		it('are taken by one, until they are kept or the hold is over', async () => {
			expect(await take('one', 'a', 'b')).toEqual(['a', 'b']);
			expect(await take('one', 'a', 'b', 'c')).toEqual(['c']);
			const empty = await opened.store.takeNotices({ consumer: 'one', notices: [], holdMs: 1 });
			const until = microsOf(empty) / 1000 + 10_000.5;
			const kept = await opened.store.keepNotices({
				consumer: 'one',
				notices: [{ notice: 'a', until }],
			});
			expect(answered(kept)).toBeNull();
			await opened.advance(1_001);
			expect(await take('one', 'a', 'b', 'c')).toEqual(['b', 'c']);
			await opened.advance(8_000);
			expect(await take('one', 'a')).toEqual([]);
			await opened.advance(1_002);
			expect(await take('one', 'a')).toEqual(['a']);
		});

		it('are told to each consumer', async () => {
			expect(await take('left', 'x')).toEqual(['x']);
			expect(await take('right', 'x')).toEqual(['x']);
			const again = await opened.openAgain();
			expect(
				answered(await again.takeNotices({ consumer: 'right', notices: ['x'], holdMs: 1 })),
			).toEqual([]);
		});

		it('that two take at the same time go to one of them', async () => {
			const again = await opened.openAgain();
			const notices = Array.from({ length: 100 }, (_, n) => `n${n}`);
			const taken = await Promise.all(
				[opened.store, again, opened.store, again].map(
					async (store) => await store.takeNotices({ consumer: 'both', notices, holdMs: 60_000 }),
				),
			);
			expect(taken.flatMap((reply) => answered(reply)).sort()).toEqual([...notices].sort());
		});
	});
}
