import { allRecords } from '../../lib/core/all-records';
import type { ListQuery } from '../../lib/core/listing';
import { countUnclaimed } from '../../lib/guard/count-answers';
import { bucketsOf, partsOf } from '../../lib/guard/watch-buckets';
import { countsIn } from '../../lib/guard/watch-counts';
import {
	HOUR,
	RETENTION,
	answered,
	bytes,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

/** What a store finds of the claims that are open, and what it counts. */
export function describeOpenClaimsAndCounters(harness: StoreHarness): void {
	describe('open claims', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const unfinished = ['pending', 'processing', 'lapsed', 'unknown'] as const;

		const found = async (states: ListQuery['states'] = unfinished): Promise<string[]> => {
			const identities: string[] = [];
			for await (const page of allRecords(opened.store, { states, pageSize: 2 })) {
				identities.push(...answered(page).records.map(({ identity }) => identity));
			}
			return identities.sort();
		};

		it('are found until they end', async () => {
			const requests = [1, 2, 3, 4, 5].map((n) =>
				claimRequest({ identity: freshIdentity('open'), leaseMs: n * HOUR, key: String(n) }),
			);
			const replies = await opened.store.claim(requests);
			const id = (n: number) => requests[n - 1]?.identity ?? '';
			const ids = (...numbers: number[]) => numbers.map(id).sort();
			expect(await found()).toEqual(ids(1, 2, 3, 4, 5));
			expect(await found(['lapsed', 'unknown'])).toEqual([]);
			await opened.advance(2 * HOUR);
			expect(await found(['lapsed', 'unknown'])).toEqual(ids(1, 2));
			expect(await found(['processing'])).toEqual(ids(3, 4, 5));

			const grant = (n: number) => {
				const request = requests[n - 1];
				if (request === undefined) throw new Error(`no claim ${n}`);
				return { request, fence: fenceOf(replies[n - 1]) };
			};
			const owned = (n: number) => ({
				identity: id(n),
				owner: 'owner-a',
				fence: grant(n).fence,
				ownRun: true,
			});
			await opened.store.command([
				finishOf(grant(1).request, grant(1).fence),
				{ ...owned(2), type: 'release', retryAfterMs: 0, statusCode: 0, reason: '' },
				{ ...owned(5), type: 'park', statusCode: 0, reason: 'stopped' },
			]);
			await opened.store.operate({ identity: id(3), type: 'forget', force: true });
			expect(await found()).toEqual(ids(4, 5));
			expect(await found(['unknown'])).toEqual(ids(5));

			await opened.advance(1);
			await opened.store.claim([{ ...grant(2).request, owner: 'owner-b', leaseMs: 6 * HOUR }]);
			expect(await found()).toEqual(ids(2, 4, 5));
			await opened.advance(6 * HOUR + RETENTION + HOUR);
			expect(await found()).toEqual([]);
		});
	});

	describe('counters', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		it('are those of the answers, by namespace and day', async () => {
			const a = claimRequest({ identity: freshIdentity(), namespace: 'bücher: "a"' });
			const b = claimRequest({ identity: freshIdentity(), namespace: 'b' });
			const other = { owner: 'owner-b' };
			const replies = await opened.store.claim([a, b, { ...a, ...other }, { ...a, ...other }]);
			await opened.store.command([
				finishOf(a, fenceOf(replies[0]), { result: bytes(1, 2, 3) }),
				finishOf(b, fenceOf(replies[1]), { result: null }),
			]);
			await opened.store.claim([
				{ ...a, ...other },
				{ ...b, fingerprint: 'another' },
			]);

			const rows = answered(await opened.store.stats());
			const days = new Set(rows.map(({ day }) => day));
			for (const day of days) expect(day).toMatch(/^20\d{6}$/);
			expect(days.size).toBeLessThanOrEqual(2);
			const sums: Record<string, number> = {};
			for (const { namespace, counter, value } of rows) {
				sums[`${namespace} ${counter}`] = (sums[`${namespace} ${counter}`] ?? 0) + value;
			}
			expect(sums).toEqual({
				'bücher: "a" new': 1,
				'bücher: "a" in_progress': 2,
				'bücher: "a" duplicate': 1,
				'bücher: "a" bytes': 3,
				'b new': 1,
				'b payload_mismatch': 1,
			});
		});

		it('of requests that nothing was claimed for are kept beside them, by day', async () => {
			const from = Date.now();
			const place = { namespace: 'keyless', executionId: 'execution-1' };
			countUnclaimed(opened.store, place, 'missing_key');
			countUnclaimed(opened.store, place, 'missing_key');
			countUnclaimed(opened.store, place, 'observed_missing_key');
			countUnclaimed(opened.store, place, 'signature_refused', 5);
			await countsIn(opened.store).flush();
			const days = bucketsOf('day', from, Date.now());
			const counted: Record<string, number> = {};
			for (const { name, by } of answered(await opened.store.tallied(days))) {
				const [namespace, counter] = partsOf(name);
				if (namespace === 'keyless')
					counted[String(counter)] = (counted[String(counter)] ?? 0) + by;
			}
			expect(counted).toEqual({ missing_key: 2, observed_missing_key: 1, signature_refused: 5 });
			const rows = answered(await opened.store.stats());
			expect(rows.filter(({ namespace }) => namespace === 'keyless')).toEqual([]);
		});

		it('begin a new day with the day', async () => {
			await opened.advance(48 * HOUR);
			await opened.store.claim([claimRequest({ identity: freshIdentity(), namespace: 'later' })]);
			const rows = answered(await opened.store.stats());
			const dayOf = (namespace: string) =>
				rows.find((row) => row.namespace === namespace && row.counter === 'new')?.day ?? '';
			expect(dayOf('later') > dayOf('b')).toBe(true);
		});
	});
}
