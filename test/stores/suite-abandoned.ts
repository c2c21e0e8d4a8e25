import { AbandonedClaims } from '../../lib/guard/abandoned-claims';
import type { ClaimRequest } from '../../lib/core/record';
import {
	HOUR,
	MINUTE,
	RETENTION,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

const HOLD = 5 * MINUTE;

export function describeAbandoned(harness: StoreHarness): void {
	describe('abandoned claims', () => {
		let opened: OpenedStore;
		beforeEach(async () => {
			opened = await harness.open();
		});
		afterEach(async () => await opened.close());

		const watcher = (over: Partial<ConstructorParameters<typeof AbandonedClaims>[2]> = {}) =>
			new AbandonedClaims(opened.store, 'consumer', {
				namespace: null,
				graceMs: 0,
				holdMs: HOLD,
				...over,
			});
		const take = async (claims: AbandonedClaims, limit = 100) => answered(await claims.take(limit));
		const claim = async (over: Partial<ClaimRequest> = {}) => {
			const request = claimRequest({
				identity: freshIdentity('abandoned'),
				retentionMs: 10 * RETENTION,
				...over,
			});
			const [reply] = await opened.store.claim([request]);
			return { request, fence: fenceOf(reply) };
		};
		const park = async ({ request, fence }: Awaited<ReturnType<typeof claim>>) => {
			const { identity, owner } = request;
			await opened.store.command([
				{
					type: 'park',
					identity,
					owner,
					fence,
					ownRun: true,
					statusCode: 0,
					reason: 'stopped',
				},
			]);
		};
		const hashes = (claims: ReadonlyArray<{ identity: string }>) =>
			claims.map(({ identity }) => identity).sort();

		it('are those whose lease is over, and those that were parked; told once', async () => {
			const [lapsed, parked, done] = [
				await claim({ leaseMs: 1_000 }),
				await claim(),
				await claim(),
			];
			await park(parked);
			await opened.store.command([finishOf(done.request, done.fence)]);
			await claim({ leaseMs: HOUR, claimTimeoutMs: HOUR });
			const claims = watcher();
			expect(hashes(await take(claims))).toEqual([parked.request.identity]);
			await opened.advance(1_000);
			const now = await take(claims);
			expect(hashes(now)).toEqual([lapsed.request.identity]);
			expect(now[0]).toMatchObject({ state: 'lapsed', record: { attempts: 1 } });
			expect(await take(claims)).toEqual([]);
			expect(answered(await claims.told(now))).toBeNull();
			await opened.advance(HOLD + 1);
			// The parked one was taken, and not told.
			expect(hashes(await take(claims))).toEqual([parked.request.identity]);
		});

		it('are told again after the hold, or later where that was asked for', async () => {
			await park(await claim({ claimTimeoutMs: 10 * HOUR, leaseMs: 10 * HOUR }));
			const claims = watcher();
			const first = await take(claims);
			expect(first).toHaveLength(1);
			await opened.advance(HOLD - 1_000);
			expect(await take(claims)).toEqual([]);
			await opened.advance(1_001);
			expect(hashes(await take(claims))).toEqual(hashes(first));
			await claims.again(first, HOUR);
			await opened.advance(HOUR - 1_000);
			expect(await take(claims)).toEqual([]);
			await opened.advance(1_001);
			expect(hashes(await take(claims))).toEqual(hashes(first));
			await claims.told(first);
			await opened.advance(5 * HOUR);
			expect(await take(claims)).toEqual([]);
		});

		it('are told anew where the key was granted and abandoned again', async () => {
			const first = await claim({ onUnknownOutcome: 'retry' });
			await park(first);
			const claims = watcher();
			await claims.told(await take(claims));
			expect(await take(claims)).toEqual([]);
			const again = { ...first.request, owner: 'owner-b' };
			const [reply] = await opened.store.claim([again]);
			await park({ request: again, fence: fenceOf(reply) });
			const [told] = await take(claims);
			expect(told).toMatchObject({ identity: again.identity, record: { attempts: 2 } });
		});

		it('are told after a grace, by namespace, and no more at once than asked for', async () => {
			const [a, b] = [await claim({ namespace: 'a' }), await claim({ namespace: 'b' })];
			await park(a);
			await park(b);
			expect(hashes(await take(watcher({ namespace: 'a' })))).toEqual([a.request.identity]);
			await claim({ namespace: 'c', leaseMs: 1_000 });
			await opened.advance(2_000);
			expect(await take(watcher({ namespace: 'c', graceMs: 5_000 }))).toEqual([]);
			expect(answered(await watcher({ namespace: 'c', graceMs: 5_000 }).peek())).toBeNull();
			await opened.advance(4_000);
			expect(await take(watcher({ namespace: 'c', graceMs: 5_000 }))).toHaveLength(1);
			expect(answered(await watcher({ namespace: 'c' }).peek())).not.toBeNull();

			for (let n = 0; n < 25; n++) await park(await claim({ namespace: 'many' }));
			const many = watcher({ namespace: 'many' });
			const told = [await take(many, 10), await take(many, 10), await take(many, 10)];
			expect(told.map((each) => each.length)).toEqual([10, 10, 5]);
			expect(new Set(told.flat().map(({ identity }) => identity)).size).toBe(25);
		});

		it('are told by one of several that look at the same time', async () => {
			for (let n = 0; n < 20; n++) await park(await claim());
			const again = await opened.openAgain();
			const options = { namespace: null, graceMs: 0, holdMs: HOLD };
			const others = [opened.store, again, again].map(
				(store) => new AbandonedClaims(store, 'consumer', options),
			);
			const taken = await Promise.all(others.map(async (each) => await take(each)));
			expect(taken.flat()).toHaveLength(20);
			expect(new Set(hashes(taken.flat())).size).toBe(20);
		});
	});
}
