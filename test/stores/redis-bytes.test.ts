import { openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { RedisServer } from '../support/redis-server';
import {
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	identityOf,
} from '../support/requests';
import { TcpProxy } from '../support/tcp-proxy';
import { redisHarness, standalone } from './redis-harness';

const MB = 1_000_000;
const LINE = { bytesPerMs: 10 * (MB / 1_000), delayMs: 5 };

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

describe('a slow line to Redis', () => {
	let proxy: TcpProxy;
	let near: Store;
	let far: Store;
	beforeAll(async () => {
		proxy = await TcpProxy.start(server.port);
		near = openRedisStore(standalone(server.port));
		far = openRedisStore(standalone(proxy.port));
	});
	afterAll(async () => {
		await Promise.all([near.close(), far.close(), proxy.stop()]);
	});

	const requests = (count: number) =>
		Array.from({ length: count }, () => claimRequest({ identity: freshIdentity('slow') }));

	it('saves 200 results of 900 KB that are finished at once, and renews a lease meanwhile', async () => {
		const claims = requests(201);
		const fences = (await near.claim(claims)).map(fenceOf);
		proxy.line = LINE;
		const result = new Uint8Array(900_000);
		const [held, ...finished] = claims;
		let isSaved = false;
		const saving = Promise.all(
			finished.map(
				async (each, i) => await far.command([finishOf(each, fences[i + 1] ?? 0, { result })]),
			),
		).finally(() => (isSaved = true));
		await new Promise((resolve) => setTimeout(resolve, 100));
		const { identity = '', owner = '' } = held ?? {};
		const renewal = { identity, owner, fence: fences[0] ?? 0, ownRun: true, leaseMs: 60_000 };
		const [renewed] = await far.command([{ type: 'renew', ...renewal }]);
		expect(answered(renewed)).toMatchObject({ outcome: 'done' });
		expect(isSaved).toBe(false);
		for (const [reply] of await saving) expect(answered(reply)).toMatchObject({ outcome: 'done' });
		proxy.line = null;
	}, 900_000);

	it('replays 400 results of 1 MB', async () => {
		const claims = requests(400);
		const fences = (await near.claim(claims)).map(fenceOf);
		const results = claims.map((_, i) => new Uint8Array(MB).fill(i % 251));
		const saved = await near.command(
			claims.map((each, i) => finishOf(each, fences[i] ?? 0, { result: results[i] ?? null })),
		);
		for (const reply of saved) expect(answered(reply)).toMatchObject({ outcome: 'done' });
		proxy.line = LINE;
		const replies = await far.claim(claims.map((each) => ({ ...each, owner: 'another' })));
		for (const [i, reply] of replies.entries()) {
			const answer = answered(reply);
			if (answer.outcome !== 'duplicate') throw new Error(answer.outcome);
			expect(Buffer.compare(answer.result ?? Buffer.alloc(0), results[i] ?? Buffer.alloc(1))).toBe(
				0,
			);
		}
		proxy.line = null;
	}, 180_000);
});

describe('duplicates of long results', () => {
	it('read a result once, and not once more for each answer that has no room for it', async () => {
		const { store, close } = await redisHarness(() => server).open();
		const claims = Array.from({ length: 16 }, () =>
			claimRequest({ identity: freshIdentity('long') }),
		);
		const fences = (await store.claim(claims)).map(fenceOf);
		const result = new Uint8Array(MB).fill(7);
		const finishes = claims.map((each, i) => finishOf(each, fences[i] ?? 0, { result }));
		for (const reply of await store.command(finishes)) answered(reply);
		await server.ask(async (client) => await client.config('RESETSTAT'));
		const replies = await store.claim(claims.map((each) => ({ ...each, owner: 'another' })));
		for (const reply of replies) {
			expect(answered(reply)).toMatchObject({ outcome: 'duplicate', result: { length: MB } });
		}
		const stats = await server.ask(async (client) => await client.info('commandstats'));
		const reads = Number(/cmdstat_hgetall:calls=(\d+)/.exec(stats)?.[1]);
		expect(reads).toBeGreaterThanOrEqual(claims.length);
		expect(reads).toBeLessThan(1.5 * claims.length);
		await close();
	});
});

describe('calls on Redis that are made at the same time', () => {
	it('for one key, 500 of them, take three scripts at most, and one is granted', async () => {
		const opened = await redisHarness(() => server).open();
		await opened.store.get([identityOf('open')]);
		const scripts = async () =>
			await server.ask(async (client) => {
				const stats = await client.info('commandstats');
				return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)]
					.map(([, calls]) => Number(calls))
					.reduce((sum, calls) => sum + calls, 0);
			});
		await opened.store.claim([claimRequest({ identity: freshIdentity('first') })]);
		const before = await scripts();
		const identity = freshIdentity('hot');
		const replies = await Promise.all(
			Array.from({ length: 500 }, async (_, i) => {
				return (await opened.store.claim([claimRequest({ identity, owner: `owner ${i}` })]))[0];
			}),
		);
		const answers = replies.map(answered);
		expect(answers[0]).toMatchObject({ outcome: 'new' });
		expect(answers.filter(({ outcome }) => outcome === 'new')).toHaveLength(1);
		expect((await scripts()) - before).toBeLessThanOrEqual(3);
		await opened.close();
	});
});

describe('a record in Redis that a step fails on', () => {
	it('fails its own items, and no others before or after it', async () => {
		const opened = await redisHarness(() => server).open();
		const { store } = opened;
		const bad = claimRequest({ identity: `7f${freshIdentity().slice(2)}` });
		const fence = fenceOf((await store.claim([bad]))[0]);
		await store.command([finishOf(bad, fence)]);
		// A count that Redis can't add to.
		await server.ask(async (client) => await client.hset(opened.keyOf(bad.identity), 'u', '1.5'));
		const fresh = Array.from({ length: 40 }, (_, i) =>
			claimRequest({
				identity: `${(i * 6).toString(16).padStart(2, '0')}${freshIdentity().slice(2)}`,
			}),
		);
		const all = [...fresh.slice(0, 20), { ...bad, owner: 'another' }, ...fresh.slice(20)];
		const replies = await store.claim(all);
		const failed = replies.flatMap((reply, i) => (reply.ok ? [] : [i]));
		expect(failed).toEqual([20]);
		for (const reply of replies.filter(({ ok }) => ok)) {
			expect(answered(reply)).toMatchObject({ outcome: 'new' });
		}
		await opened.close();
	});
});
