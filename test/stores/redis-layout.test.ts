import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

import { ALL_RECORDS } from '../../lib/core/listing';
import { openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { standalone } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import {
	HOUR,
	LEASE,
	RETENTION,
	answered,
	bytes,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	identityOf,
	microsOf,
} from '../support/requests';

/** What is in Redis, and what it costs: keys, encodings, round trips. */

let server: RedisServer;
let client: Redis;
let store: Store;
beforeAll(async () => {
	server = await RedisServer.start();
	client = server.client();
	store = openRedisStore(standalone(server.port));
});
afterAll(async () => {
	await store.close();
	client.disconnect();
	await server.stop();
});

const IDENTITY = identityOf('a key');
const SHARD = IDENTITY.slice(0, 2);

describe('keys', () => {
	it('are one hash for each record, and an index and counters for each shard', async () => {
		const request = claimRequest({
			identity: IDENTITY,
			owner: 'owner',
			tenant: 'tenant',
			onUnknownOutcome: 'retry',
		});
		const [reply] = await store.claim([request]);
		const micros = microsOf(reply);
		const now = Math.floor(micros / 1000);
		const key = `idem:{${SHARD}}:${IDENTITY}`;
		expect(await client.hgetall(key)).toEqual({
			s: `R ${micros} ${now} ${now + LEASE}`,
			r: `${RETENTION} 600000 r workflow-1\nexecution of owner`,
			o: 'owner',
			h: 'fingerprint-1',
			w: 'comparison-1',
			d: 'tenant',
			k: 'orders\norder 1',
			g: 'AQIA_w',
		});
		expect(await client.call('PEXPIRETIME', key)).toBe(now + LEASE + RETENTION);
		expect(await client.zrange(`idem:{${SHARD}}:open`, '0', '-1', 'WITHSCORES')).toEqual([
			IDENTITY,
			String(now + LEASE),
		]);
		const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
		const stats = await client.hgetall(`idem:{${SHARD}}:stats`);
		expect(stats).toEqual({
			[`${day}|orders|new`]: '1',
			epoch: expect.stringMatching(/^\d{13}$/) as string,
			pruned: `${day}|0`,
		});

		await store.command([{ ...finishOf(request, fenceOf(reply)), statusCode: 201 }]);
		expect(await client.hgetall(key)).toMatchObject({
			s: expect.stringMatching(new RegExp(`^C ${micros} ${now} \\d{13}$`)) as string,
			z: '201',
		});
		expect(await client.exists(`idem:{${SHARD}}:open`)).toBe(0);
	});

	it('all have one epoch, that of the first call, in every shard', async () => {
		const epochs = await Promise.all(
			Array.from({ length: 256 }, async (_, i) => {
				const shard = i.toString(16).padStart(2, '0');
				return await client.hget(`idem:{${shard}}:stats`, 'epoch');
			}),
		);
		expect(new Set(epochs).size).toBe(1);
		expect(epochs[0]).toMatch(/^\d{13}$/);
	});

	it('of the index lose what has expired when it is listed', async () => {
		const request = claimRequest({ identity: freshIdentity(), leaseMs: 1, retentionMs: 1 });
		const open = `idem:{${request.identity.slice(0, 2)}}:open`;
		await store.claim([request]);
		while ((await client.exists(`${open.slice(0, -4)}${request.identity}`)) > 0) await sleep(5);
		expect(await client.zscore(open, request.identity)).not.toBeNull();
		await store.list({ ...ALL_RECORDS, states: ['lapsed', 'unknown'] });
		expect(await client.zscore(open, request.identity)).toBeNull();
	});

	it('of a record with all that is usual are compact, long values included', async () => {
		const long = claimRequest({
			identity: freshIdentity(),
			owner: identityOf('owner').slice(0, 32),
			fingerprint: `v1:${Buffer.from(identityOf('print'), 'hex').toString('base64url')}`,
			fieldDigests: Uint8Array.from({ length: 192 }, (_, i) => i),
			tenant: identityOf('tenant'),
			key: 'k'.repeat(199) + '🚚',
			workflowId: 'AbCdEfGhIjKlMnOp',
			executionId: '1234567',
		});
		const fence = fenceOf((await store.claim([long]))[0]);
		const key = `idem:{${long.identity.slice(0, 2)}}:${long.identity}`;
		expect(await client.object('ENCODING', key)).toBe('listpack');
		await store.command([
			{ ...finishOf(long, fence), result: bytes(...new Uint8Array(900)), reason: 'r'.repeat(300) },
		]);
		expect(await client.object('ENCODING', key)).toBe('listpack');
		const [stored] = await store.get([long.identity]);
		expect(answered(stored)).toMatchObject({ key: long.key, reason: 'r'.repeat(300) });
	});
});

describe('counters', () => {
	it('of more than 90 days ago are dropped in steps, the others stay', async () => {
		const identity = freshIdentity('pruned');
		const stats = `idem:{${identity.slice(0, 2)}}:stats`;
		await store.claim([claimRequest({ identity })]);
		const today = (await client.hget(stats, 'pruned'))?.slice(0, 8) ?? '';
		const before = (days: number) =>
			new Date(Date.now() - days * 24 * HOUR).toISOString().slice(0, 10).replaceAll('-', '');
		for (let i = 0; i < 2_000; i++)
			await client.hset(stats, `${before(91 + (i % 50))}|ns${i}|new`, 1);
		await client.hset(stats, { [`${before(89)}|kept|new`]: 1, '20200101': 'not ours' });

		let days = 0;
		while ((await client.hlen(stats)) > 10 && days < 20) {
			days++;
			await client.hset(
				stats,
				'pruned',
				(await client.hget(stats, 'pruned'))!.replace(today, before(days)),
			);
			await store.claim([claimRequest({ identity, namespace: `day ${days}` })]);
		}
		expect(days).toBeGreaterThan(1);
		expect(days).toBeLessThan(20);
		expect(
			await client.hmget(stats, `${before(89)}|kept|new`, '20200101', `${before(0)}|day 1|new`),
		).not.toContain(null);
	});

	it('begin anew, and so does the epoch, when Redis was flushed', async () => {
		const flushed = await RedisServer.start();
		const other = openRedisStore(standalone(flushed.port));
		await other.claim([claimRequest({ identity: freshIdentity() })]);
		await flushed.ask(async (redis) => await redis.flushall());
		const identity = freshIdentity();
		const [probe] = await other.get([identity]);
		const eventAt = Math.floor(microsOf(probe) / 1000) - 1_000;
		const [reply] = await other.claim([claimRequest({ identity, eventAt, strictAge: true })]);
		expect(answered(reply)).toMatchObject({ outcome: 'conflict', reason: 'stale_key' });
		await other.close();
		await flushed.stop();
	});
});

describe('a Redis that was emptied under a running store', () => {
	it('begins anew at one time: what happened after it was emptied is not too old, whatever its shard', async () => {
		const flushed = await RedisServer.start();
		let offset = 0;
		const options = { ...standalone(flushed.port), clockOffsetMs: () => offset };
		const other = openRedisStore(options);
		await other.claim([claimRequest({ identity: freshIdentity() })]);
		await flushed.ask(async (redis) => await redis.flushall());
		const [first] = await other.claim([claimRequest({ identity: freshIdentity() })]);
		const eventAt = Math.floor(microsOf(first) / 1000) + 1;
		offset = 60_000;
		const shards = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
		const asked = shards.map((shard) =>
			claimRequest({ identity: shard + freshIdentity().slice(2), eventAt, strictAge: true }),
		);
		const outcomes = new Map<string, number>();
		for (const request of asked) {
			const [reply] = await other.claim([request]);
			const { outcome } = answered(reply);
			outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
		}
		await other.close();
		await flushed.stop();
		expect(Object.fromEntries(outcomes)).toEqual({ new: 256 });
	});
});

describe('round trips', () => {
	const keyOf = (identity: string) => `idem:{${identity.slice(0, 2)}}:${identity}`;

	it('are one for a batch of 500, of claims or of finishes', async () => {
		const requests = Array.from({ length: 500 }, () => claimRequest({ identity: freshIdentity() }));
		let replies: Awaited<ReturnType<Store['claim']>> = [];
		expect(
			await sentDuring(async () => {
				replies = await store.claim(requests);
			}),
		).toEqual(['evalsha']);
		const orders = requests.map((request, i) => finishOf(request, fenceOf(replies[i])));
		await store.command([]);
		expect(
			await sentDuring(async () => {
				await store.command(orders);
			}),
		).toEqual([expect.stringMatching(/^eval(sha)?$/)]);
	});

	it('are two for finishes of records that are gone, and of what follows on them, in the order asked', async () => {
		const requests = Array.from({ length: 3 }, () => claimRequest({ identity: freshIdentity() }));
		const fences = (await store.claim(requests)).map((reply) => fenceOf(reply));
		await client.del(...requests.map(({ identity }) => keyOf(identity)).slice(1));
		const finishes = requests.map((request, i) => finishOf(request, fences[i] ?? 0));
		const [, second] = finishes;
		if (second === undefined) throw new Error('no order');
		const { identity, owner, fence, ownRun } = second;
		const again = { type: 'renew', identity, owner, fence, ownRun, leaseMs: LEASE } as const;
		let replies: Awaited<ReturnType<Store['command']>> = [];
		const sent = await sentDuring(async () => {
			replies = await store.command([...finishes, again]);
		});
		expect(sent).toHaveLength(2);
		expect(replies.map(answered)).toEqual([
			{ outcome: 'done', state: 'completed', recovered: false },
			{ outcome: 'done', state: 'completed', recovered: true },
			{ outcome: 'done', state: 'completed', recovered: true },
			{ outcome: 'lost', state: 'completed' },
		]);
		const stored = (await store.get([identity])).map(answered);
		expect(stored).toMatchObject([{ key: requests[1]?.key, workflowId: 'workflow-1' }]);
	});

	it('of a finish as most are read few fields, and write only what changes', async () => {
		const requests = Array.from({ length: 50 }, () => claimRequest({ identity: freshIdentity() }));
		const fences = (await store.claim(requests)).map((reply) => fenceOf(reply));
		const orders = requests.map((request, i) => finishOf(request, fences[i] ?? 0));
		await client.config('RESETSTAT');
		await store.command(orders);
		const info = await client.info('commandstats');
		const callsOf = (name: string) =>
			Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
		const commands = ['hgetall', 'del', 'hset', 'publish'];
		expect(commands.map(callsOf)).toEqual([0, 0, 50, 50]);
	});

	/** The commands that clients sent meanwhile, without those that scripts ran. */
	async function sentDuring(work: () => Promise<void>): Promise<string[]> {
		const monitor = await client.monitor();
		const sent: string[] = [];
		monitor.on('monitor', (_time: string, args: string[], source: string) => {
			if (source !== 'lua') sent.push((args[0] ?? '').toLowerCase());
		});
		await work();
		await client.ping('end');
		for (let i = 0; i < 200 && !sent.includes('ping'); i++) {
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
		monitor.disconnect();
		expect(sent.pop()).toBe('ping');
		return sent;
	}
});
