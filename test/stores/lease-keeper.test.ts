import { setTimeout as sleep } from 'node:timers/promises';

import { LEASE_MS, LeaseKeeper, RENEW_EVERY_MS } from '../../lib/guard/lease-keeper';
import type { KeptClaim } from '../../lib/guard/lease-keeper';
import { SLICE_LENGTH } from '../../lib/guard/turns';
import type { ClaimRecord, ClaimRequest, OwnerCommand } from '../../lib/core/record';
import type { Store } from '../../lib/core/store';
import { embeddedHarness } from './embedded-harness';
import { redisHarness } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import {
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	recordOf,
} from '../support/requests';
import { until } from '../support/until';
import type { OpenedStore, StoreHarness } from './suite';

/** One timer and one call for all claims that a process holds, on real stores with short times. */

const TIMES = { leaseMs: 4_000, renewEveryMs: 50 };

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

test('three renewals may fail before a lease is over', () => {
	expect(LEASE_MS).toBeGreaterThan(3 * RENEW_EVERY_MS);
});

describe.each<[string, StoreHarness]>([
	['embedded', embeddedHarness],
	['Redis', redisHarness(() => server)],
])('%s', (_, harness) => {
	let opened: OpenedStore;
	let store: Store;
	let calls: OwnerCommand[][];
	let keeper: LeaseKeeper;
	beforeEach(async () => {
		opened = await harness.open();
		({ store } = opened);
		calls = [];
		keeper = new LeaseKeeper(
			{
				command: async (orders) => {
					calls.push([...orders]);
					return await store.command(orders);
				},
			},
			TIMES,
		);
	});
	afterEach(async () => {
		for (const claim of kept) keeper.drop(claim);
		kept.length = 0;
		await opened.close();
	});

	const kept: KeptClaim[] = [];

	async function claim(over: Partial<ClaimRequest> = {}, isWaiting = () => false) {
		const request = claimRequest({ identity: freshIdentity(), leaseMs: TIMES.leaseMs, ...over });
		const [reply] = await store.claim([request]);
		const { identity, owner, claimTimeoutMs } = request;
		const claim = {
			identity,
			owner,
			fence: fenceOf(reply),
			ownRun: true,
			claimTimeoutMs,
			isWaiting,
		};
		kept.push(claim);
		return { request, claim };
	}

	async function record(identity: string): Promise<ClaimRecord> {
		const [reply] = await store.get([identity]);
		return recordOf(answered(reply));
	}

	it('renews thousands of claims by a call for each slice of them', async () => {
		const many = await Promise.all(Array.from({ length: 3_000 }, async () => await claim()));
		for (const each of many) keeper.keep([each.claim]);
		expect(keeper.size).toBe(3_000);
		await keeper.renew();
		expect(calls).toHaveLength(Math.ceil(3_000 / SLICE_LENGTH));
		expect(calls.flat()).toHaveLength(3_000);
		for (const each of many) keeper.drop(each.claim);
		const before = calls.length;
		await sleep(3 * TIMES.renewEveryMs);
		expect(calls).toHaveLength(before);
	});

	it('keeps a lease alive by its timer, and no longer than it is kept', async () => {
		const { claim: one, request } = await claim();
		const before = await record(one.identity);
		keeper.keep([one]);
		for (let i = 0; i < 6; i++) {
			const renewals = calls.length;
			await opened.advance(TIMES.leaseMs / 4);
			// The one that is under way may have come too early.
			await until('it is renewed', () => calls.length > renewals + 1);
		}
		const [refused] = await store.claim([{ ...request, owner: 'another' }]);
		expect(answered(refused)).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
		const renewed = await record(one.identity);
		expect(renewed.leaseUntil).toBeGreaterThan(before.leaseUntil + TIMES.leaseMs / 2);
		expect(renewed.fence).toBe(before.fence);

		expect(keeper.drop(one)).toBe(true);
		expect(keeper.drop(one)).toBe(false);
		await opened.advance(TIMES.leaseMs + 1);
		await sleep(TIMES.renewEveryMs * 2);
		const [lapsed] = await store.claim([{ ...request, owner: 'another' }]);
		expect(answered(lapsed)).toMatchObject({ reason: 'unknown_outcome' });
	});

	it('never beyond the claim timeout', async () => {
		const { claim: one } = await claim({ claimTimeoutMs: 1_000 });
		const { claimedAt } = await record(one.identity);
		keeper.keep([one]);
		await opened.advance(900);
		await keeper.renew();
		expect((await record(one.identity)).leaseUntil).toBeLessThanOrEqual(claimedAt + 1_000);
		await opened.advance(200);
		await keeper.renew();
		expect(keeper.size).toBe(0);
	});

	it('drops what is lost: finished, taken over, forgotten', async () => {
		const finished = await claim();
		const forgotten = await claim();
		const taken = await claim({ onUnknownOutcome: 'retry' });
		const alive = await claim({ leaseMs: 60_000 });
		await store.command([finishOf(finished.request, finished.claim.fence)]);
		const { identity } = forgotten.claim;
		await store.operate({ type: 'forget', identity, force: true });
		await opened.advance(TIMES.leaseMs + 1);
		const [takeover] = await store.claim([{ ...taken.request, owner: 'another', leaseMs: 60_000 }]);
		expect(answered(takeover)).toMatchObject({ outcome: 'new', takeover: true });
		keeper.keep([finished.claim, forgotten.claim, taken.claim, alive.claim]);
		await keeper.renew();
		expect(keeper.size).toBe(1);
		expect(keeper.drop(alive.claim)).toBe(true);
		expect(await record(taken.claim.identity)).toMatchObject({ owner: 'another' });
	});

	it('hands a claim over to an execution that waits: its lease is the claim timeout, and nobody renews it', async () => {
		let waits = false;
		const { claim: one } = await claim({}, () => waits);
		keeper.keep([one]);
		await keeper.renew();
		expect(keeper.size).toBe(1);
		waits = true;
		await keeper.renew();
		expect(keeper.size).toBe(0);
		const { claimedAt, claimTimeoutMs, leaseUntil } = await record(one.identity);
		expect(leaseUntil).toBe(claimedAt + claimTimeoutMs);
	});
});

describe('trouble', () => {
	const one: KeptClaim = {
		identity: freshIdentity(),
		owner: 'owner-a',
		fence: 1,
		ownRun: true,
		claimTimeoutMs: 60_000,
		isWaiting: () => false,
	};

	it('a store that is gone for a while: tried again with the next tick', async () => {
		const redis = await RedisServer.start();
		const opened = await redisHarness(
			() => redis,
			(port) => ({
				deployment: 'standalone',
				host: '127.0.0.1',
				port,
				timeouts: { connectMs: 2_000, commandMs: 2_000, retryMs: 0 },
			}),
		).open();
		const keeper = new LeaseKeeper(opened.store, TIMES);
		const request = claimRequest({ identity: freshIdentity(), leaseMs: 60_000 });
		const [reply] = await opened.store.claim([request]);
		const { identity, owner, claimTimeoutMs } = request;
		const claim = { identity, owner, fence: fenceOf(reply), ownRun: true, claimTimeoutMs };
		keeper.keep([{ ...claim, isWaiting: () => false }]);
		redis.signal('SIGSTOP');
		await keeper.renew();
		expect(keeper.size).toBe(1);
		redis.signal('SIGCONT');
		await keeper.renew();
		expect(keeper.size).toBe(1);
		expect(keeper.drop(claim)).toBe(true);
		await opened.close();
		await redis.stop();
	});

	it('a slow store is asked one call at a time', async () => {
		let under = 0;
		let most = 0;
		const keeper = new LeaseKeeper(
			{
				command: async (orders) => {
					most = Math.max(most, ++under);
					await sleep(120);
					under--;
					return orders.map(() => ({
						ok: true as const,
						micros: 1,
						answer: { outcome: 'lost', state: 'absent' } as const,
					}));
				},
			},
			{ leaseMs: 400, renewEveryMs: 10 },
		);
		keeper.keep([one]);
		await until('it was told that the claim is lost', () => keeper.size === 0);
		expect(most).toBe(1);
	});

	it('a claim that is dropped while it is renewed stays dropped', async () => {
		let answer: () => void = () => undefined;
		const keeper = new LeaseKeeper(
			{
				command: async (orders) => {
					await new Promise<void>((resolve) => (answer = resolve));
					return orders.map(() => ({
						ok: true as const,
						micros: 1,
						answer: { outcome: 'refused' } as const,
					}));
				},
			},
			{ leaseMs: 400, renewEveryMs: 60_000 },
		);
		keeper.keep([one]);
		const renewing = keeper.renew();
		expect(keeper.drop(one)).toBe(true);
		// Granted once more to the same owner (Retry On Fail): this one is kept.
		keeper.keep([{ ...one }]);
		answer();
		await renewing;
		expect(keeper.drop(one)).toBe(true);
	});

	it('whatever is thrown, no rejection goes unhandled', async () => {
		const unhandled: unknown[] = [];
		const note = (error: unknown) => unhandled.push(error);
		process.on('unhandledRejection', note);
		const keeper = new LeaseKeeper(
			{
				command: async () => {
					throw new Error('a bug of the store');
				},
			},
			{ leaseMs: 400, renewEveryMs: 10 },
		);
		keeper.keep([one]);
		await sleep(60);
		process.off('unhandledRejection', note);
		expect(unhandled).toEqual([]);
		expect(keeper.drop(one)).toBe(true);
	});
});
