import { setTimeout as sleep } from 'node:timers/promises';

import { RedisConnections, openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { waitForSettlement } from '../../lib/guard/wait-for-settlement';
import { embeddedHarness } from './embedded-harness';
import { redisHarness, standalone } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import {
	LEASE,
	MINUTE,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	recordOf,
} from '../support/requests';
import { until } from '../support/until';
import type { OpenedStore, StoreHarness } from './suite';

/** Waiting for the run that holds a key: the store tells, and whoever waits looks by itself. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

const within = (ms: number) => performance.now() + ms;

async function claimed(store: Store, identity = freshIdentity()) {
	const request = claimRequest({ identity });
	const [reply] = await store.claim([request]);
	return { request, identity, fence: fenceOf(reply), owner: request.owner, ownRun: true };
}

/** Counts calls, from after the first, which says that listening has begun. */
async function listen(store: Store, identities: string[]) {
	let calls = 0;
	const end = store.onSettled(identities, () => calls++);
	await until('it listens', () => calls > 0);
	calls = 0;
	return { end, calls: () => calls };
}

/** Longer than jest lets a test run. */
const NEVER_MS = 3_600_000;

/** A store in which looking finds nothing new but after it has told: what ends then was told, and not seen by chance. */
function seesOnlyWhenTold(store: Store) {
	let looks = 0;
	let isTold = true;
	let last: ReturnType<Store['get']> | undefined;
	const blind: Pick<Store, 'get' | 'onSettled'> = {
		get: async (identities) => {
			looks++;
			if (isTold || last === undefined) last = store.get(identities);
			isTold = false;
			return await last;
		},
		onSettled: (identities, tell) =>
			store.onSettled(identities, () => {
				isTold = true;
				tell();
			}),
	};
	return { blind, looks: () => looks };
}

/** What a store that can't tell leaves. */
const untold = (store: Store): Pick<Store, 'get' | 'onSettled'> => ({
	get: async (identities) => await store.get(identities),
	onSettled: () => () => undefined,
});

describe.each<[string, StoreHarness]>([
	['embedded', embeddedHarness],
	['Redis', redisHarness(() => server)],
])('%s', (_, harness) => {
	let opened: OpenedStore;
	let store: Store;
	beforeEach(async () => {
		opened = await harness.open();
		({ store } = opened);
	});
	afterEach(async () => await opened.close());

	it('tells of every end, over any opening, and of nothing else', async () => {
		const other = await opened.openAgain();
		const ended = { statusCode: 0, reason: 'over' };
		const ends = [
			async (of: Awaited<ReturnType<typeof claimed>>) =>
				await store.command([finishOf(of.request, of.fence)]),
			async (of: Awaited<ReturnType<typeof claimed>>) =>
				await store.command([{ ...of, type: 'release', retryAfterMs: 0, ...ended }]),
			async (of: Awaited<ReturnType<typeof claimed>>) =>
				await store.command([{ ...of, type: 'park', ...ended }]),
			async (of: Awaited<ReturnType<typeof claimed>>) =>
				await store.command([{ ...of, type: 'abandon', to: 'unknown', ...ended }]),
			async ({ identity }: Awaited<ReturnType<typeof claimed>>) =>
				await store.operate({ type: 'forget', identity, force: true }),
		];
		for (const end of ends) {
			const claim = await claimed(store);
			const bystander = await claimed(store);
			const heard = await listen(other, [claim.identity]);
			const heardOther = await listen(other, [bystander.identity]);
			const lease = { type: 'renew' as const, leaseMs: MINUTE };
			await store.command([{ ...claim, ...lease }]);
			await store.claim([{ ...claim.request, owner: 'another' }]);
			await sleep(20);
			expect(heard.calls()).toBe(0);
			await end(claim);
			await until('it was told', () => heard.calls() > 0);
			expect(heard.calls()).toBe(1);
			expect(heardOther.calls()).toBe(0);
			heard.end();
			heardOther.end();
			await store.operate({ type: 'forget', identity: bystander.identity, force: true });
			await sleep(10);
			expect(heardOther.calls()).toBe(0);
		}
	});

	it('a refused command is told to nobody', async () => {
		const claim = await claimed(store);
		const heard = await listen(store, [claim.identity]);
		await store.command([{ ...claim, owner: 'thief', type: 'park', statusCode: 0, reason: '' }]);
		await sleep(30);
		expect(heard.calls()).toBe(0);
		heard.end();
	});

	it('ends when it is told that the claim ended, with the next look', async () => {
		const claim = await claimed(store);
		const { identity } = claim;
		const { blind, looks } = seesOnlyWhenTold(store);
		const waiting = waitForSettlement(blind, [identity], within(NEVER_MS));
		await until('it has looked', () => looks() > 3);
		await store.command([finishOf(claim.request, claim.fence)]);
		const { settled, now } = await waiting;
		expect([...settled]).toEqual([identity]);
		expect(now).toBeGreaterThan(0);
	});

	it('ends also where nobody tells', async () => {
		const claim = await claimed(store);
		const waiting = waitForSettlement(untold(store), [claim.identity], within(10_000));
		await sleep(100);
		await store.command([finishOf(claim.request, claim.fence)]);
		expect((await waiting).settled.size).toBe(1);
	});

	it('ends with the lease of a run that died', async () => {
		const claim = await claimed(store);
		const waiting = waitForSettlement(store, [claim.identity], within(10_000));
		await opened.advance(LEASE + 1);
		expect((await waiting).settled.size).toBe(1);
	});

	it('ends at once for a key that nobody holds', async () => {
		const identity = freshIdentity();
		const { settled } = await waitForSettlement(store, [identity], within(10_000));
		expect([...settled]).toEqual([identity]);
	});

	it('waits for all, and at the deadline says which have ended', async () => {
		const [first, second] = [await claimed(store), await claimed(store)];
		const started = performance.now();
		const waiting = waitForSettlement(store, [first.identity, second.identity], within(600));
		await store.command([finishOf(first.request, first.fence)]);
		const { settled } = await waiting;
		expect(performance.now() - started).toBeGreaterThanOrEqual(590);
		expect([...settled]).toEqual([first.identity]);
	});

	it('ends when it is stopped', async () => {
		const claim = await claimed(store);
		const stop = new AbortController();
		const waiting = waitForSettlement(store, [claim.identity], within(NEVER_MS), stop.signal);
		setTimeout(() => stop.abort(), 50);
		expect((await waiting).settled.size).toBe(0);
		const again = await waitForSettlement(store, [claim.identity], within(NEVER_MS), stop.signal);
		expect(again.settled.size).toBe(0);
	});

	it('looks without being counted, and changes nothing', async () => {
		const claim = await claimed(store);
		const before = {
			stats: answered(await store.stats()),
			stored: await store.get([claim.identity]),
		};
		await waitForSettlement(store, [claim.identity], within(400));
		expect(answered(await store.stats())).toEqual(before.stats);
		const [stored] = await store.get([claim.identity]);
		expect(recordOf(answered(stored))).toEqual(recordOf(answered(before.stored[0])));
	});
});

describe('Redis: one connection listens for all', () => {
	const listeners = async () =>
		await server.ask(async (client) => {
			const list = (await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub')) as string;
			return list.trim() === '' ? 0 : list.trim().split('\n').length;
		});
	const connections = new RedisConnections();
	const open = (over: Partial<Parameters<typeof openRedisStore>[0]> = {}) =>
		openRedisStore(
			{
				...standalone(server.port),
				keyPrefix: `wait-${freshIdentity().slice(0, 8)}`,
				timeouts: { idleMs: 150 },
				...over,
			},
			connections,
		);

	it('300 waiters share it, and it closes when nobody waits', async () => {
		const [store, same] = [open(), open({ keyPrefix: 'other-prefix' })];
		const claims = await Promise.all(Array.from({ length: 300 }, async () => await claimed(store)));
		const waiting = claims.map(
			async ({ identity }) => await waitForSettlement(store, [identity], within(20_000)),
		);
		const also = await listen(same, [freshIdentity()]);
		await until('one listens', async () => (await listeners()) > 0);
		expect(await listeners()).toBe(1);
		await store.command(claims.map(({ request, fence }) => finishOf(request, fence)));
		const ends = await Promise.all(waiting);
		expect(ends.every(({ settled }) => settled.size === 1)).toBe(true);
		also.end();
		await until('nobody listens', async () => (await listeners()) === 0);
		await store.close();
		await same.close();
	});

	it('listens again after its connection was cut', async () => {
		const store = open();
		const claim = await claimed(store);
		const heard = await listen(store, [claim.identity]);
		await server.ask(async (client) => await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
		// It says so by calling, since what ended meanwhile went unheard.
		await until('it was told', () => heard.calls() > 0);
		const before = heard.calls();
		await store.command([finishOf(claim.request, claim.fence)]);
		await until('it was told', () => heard.calls() > before);
		heard.end();
		await store.close();
	});

	it('a user without channels finishes all the same, and waits by looking', async () => {
		const prefix = 'nochannel';
		await server.ask(
			async (admin) =>
				await admin.call(
					...(['ACL', 'SETUSER', 'mute', 'on', '>pw', `~${prefix}:*`, 'resetchannels'] as const),
					...['+@all', '-publish', '-subscribe'],
				),
		);
		const store = open({ user: 'mute', password: 'pw', keyPrefix: prefix });
		const claim = await claimed(store);
		const waiting = waitForSettlement(store, [claim.identity], within(10_000));
		await sleep(50);
		const [done] = await store.command([finishOf(claim.request, claim.fence)]);
		expect(answered(done)).toMatchObject({ outcome: 'done', state: 'completed' });
		expect((await waiting).settled.size).toBe(1);
		await store.close();
	});

	it('tells of each of many, one after the other', async () => {
		const store = open();
		for (let i = 0; i < 50; i++) {
			const claim = await claimed(store);
			const { blind, looks } = seesOnlyWhenTold(store);
			const waiting = waitForSettlement(blind, [claim.identity], within(NEVER_MS));
			await until('it has looked', () => looks() > 1);
			await store.command([finishOf(claim.request, claim.fence)]);
			expect((await waiting).settled.size).toBe(1);
		}
		await store.close();
	});
});
