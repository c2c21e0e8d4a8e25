import type { RedisOptions } from '../../lib/stores/redis';
import { describeRedis, openRedisStore } from '../../lib/stores/redis';
import { redisHarness } from './redis-harness';
import { startCluster } from '../support/redis-cluster';
import { RedisServer } from '../support/redis-server';
import { answered, claimRequest, fenceOf, finishOf, freshIdentity } from '../support/requests';
import { until } from '../support/until';
import { describeBudgets } from './suite-budgets';
import { describeContents } from './suite-contents';
import { describeConcurrency } from './suite-concurrency';
import { describeListing } from './suite-listing';
import { describeStoreBasics } from './suite-basics';

/** Redis Cluster, and Redis behind Sentinel: real servers, real failovers. */

const at = ({ port }: RedisServer) => ({ host: '127.0.0.1', port });

describe('a cluster', () => {
	let servers: RedisServer[] = [];
	let options: RedisOptions;
	beforeAll(async () => {
		servers = await startCluster();
		options = { deployment: 'cluster', nodes: servers.slice(0, 2).map(at) };
	});
	afterAll(async () => {
		for (const server of servers) await server.stop();
	});

	const harness = redisHarness(
		() => servers[0] as RedisServer,
		() => options,
	);
	const corrupt = async (key: string): Promise<void> => {
		for (const server of servers) {
			await server.ask(async (client) => await client.set(key, 'text').catch(() => undefined));
		}
	};
	const clusterHarness = {
		open: async () => {
			const opened = await harness.open();
			return {
				...opened,
				corrupt: async (identity: string) => await corrupt(opened.keyOf(identity)),
			};
		},
	};
	describeStoreBasics(clusterHarness);
	describeListing(clusterHarness);
	describeBudgets(harness);
	describeContents(clusterHarness);
	describeConcurrency(harness);

	it('is described as one, and refused as a single server', async () => {
		const health = await describeRedis(options);
		expect(health.findings).toContainEqual(
			expect.objectContaining({ topic: 'deployment', value: 'cluster', level: 'note' }),
		);
		const alone = await describeRedis({
			deployment: 'standalone',
			...at(servers[0] as RedisServer),
		});
		expect(alone.findings).toContainEqual(
			expect.objectContaining({ topic: 'deployment', value: 'cluster', level: 'problem' }),
		);
	});

	it('notes which secrets its records are of, and until when', async () => {
		const store = openRedisStore(options);
		answered(await store.noteSecret('one', 60_000));
		answered(await store.noteSecret('two', 120_000));
		const notes = answered(await store.secretNotes());
		expect(notes.map(({ id }) => id).sort()).toEqual(['one', 'two']);
		await store.close();
	});

	it('goes on where a slot has moved', async () => {
		const store = openRedisStore(options);
		const request = claimRequest({ identity: freshIdentity() });
		const fence = fenceOf((await store.claim([request]))[0]);
		const key = `idem:{${request.identity.slice(0, 2)}}:open`;
		await moveSlot(servers, key);
		const [done] = await store.command([finishOf(request, fence)]);
		expect(answered(done)).toMatchObject({ outcome: 'done', state: 'completed' });
		await store.close();
	});

	it('with a part that is down fails that part, and says so', async () => {
		const store = openRedisStore(options);
		await store.claim([claimRequest({ identity: freshIdentity() })]);
		await servers[2]?.kill('SIGKILL');
		const requests = Array.from({ length: 100 }, () => claimRequest({ identity: freshIdentity() }));
		const replies = await store.claim(requests);
		const problems = new Set(replies.map((reply) => (reply.ok ? 'ok' : reply.error.problem)));
		expect(
			[...problems].filter(
				(one) => !['ok', 'unreachable', 'cluster_down', 'timeout'].includes(one),
			),
		).toEqual([]);
		expect(problems.size).toBeGreaterThan(0);
		expect(problems).not.toEqual(new Set(['ok']));

		await servers[2]?.run();
		await until('all is well again', async () =>
			(await store.claim(requests)).every(({ ok }) => ok),
		);
		await store.close();
	});
});

/** Moves a key's slot to another node, with the keys in it. */
async function moveSlot(servers: readonly RedisServer[], key: string): Promise<void> {
	const slot = await servers[0]!.ask(async (client) => await client.cluster('KEYSLOT', key));
	const owns = async (server: RedisServer) =>
		(await server.ask(async (client) => await client.set(`${key}:probe`, 1).catch(() => null))) !==
		null;
	const owned = await Promise.all(servers.map(owns));
	const from = servers[owned.indexOf(true)] as RedisServer;
	const to = servers[owned.indexOf(false)] as RedisServer;
	const id = async (server: RedisServer) =>
		(await server.ask(async (client) => await client.call('CLUSTER', 'MYID'))) as string;
	const [fromId, toId] = [await id(from), await id(to)];
	await to.ask(async (client) => await client.cluster('SETSLOT', slot, 'IMPORTING', fromId));
	await from.ask(async (client) => {
		await client.cluster('SETSLOT', slot, 'MIGRATING', toId);
		const keys = await client.cluster('GETKEYSINSLOT', slot, 1_000);
		await client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
	});
	for (const server of [to, from, ...servers]) {
		await server.ask(async (client) => await client.cluster('SETSLOT', slot, 'NODE', toId));
	}
}

describe('a primary that sentinels watch', () => {
	const PASSWORD = 'primary "secret"';
	let primary: RedisServer;
	let replica: RedisServer;
	let sentinel: RedisServer;
	let options: RedisOptions;
	beforeAll(async () => {
		primary = await RedisServer.start({
			password: PASSWORD,
			config: [`masterauth "${PASSWORD.replaceAll('"', '\\"')}"`],
		});
		replica = await RedisServer.start({
			password: PASSWORD,
			replicaOf: { port: primary.port, password: PASSWORD },
		});
		await until('replica follows', async () =>
			(await replica.ask(async (client) => await client.info('replication'))).includes(
				'link_status:up',
			),
		);
		sentinel = await RedisServer.start({
			sentinel: true,
			password: 'sentinel secret',
			config: [
				`sentinel monitor main 127.0.0.1 ${primary.port} 1`,
				`sentinel auth-pass main "${PASSWORD.replaceAll('"', '\\"')}"`,
				'sentinel down-after-milliseconds main 500',
				'sentinel failover-timeout main 5000',
			],
		});
		await until('sentinel knows the replica', async () => {
			const replicas = await sentinel.ask(
				async (client) => await client.call('SENTINEL', 'replicas', 'main'),
			);
			return (replicas as unknown[]).length === 1;
		});
		options = {
			deployment: 'sentinel',
			nodes: [{ host: '127.0.0.1', port: 1 }, at(sentinel)],
			sentinelName: 'main',
			sentinelPassword: 'sentinel secret',
			password: PASSWORD,
		};
	});
	afterAll(async () => {
		for (const server of [sentinel, replica, primary]) await server.stop();
	});

	it('is found, and described', async () => {
		const store = openRedisStore(options);
		fenceOf((await store.claim([claimRequest({ identity: freshIdentity() })]))[0]);
		await store.close();
		const health = await describeRedis(options);
		expect(health.findings).toContainEqual(
			expect.objectContaining({ topic: 'role', value: 'primary' }),
		);
		expect(health.address).toContain(String(sentinel.port));
	});

	it.each([
		['a name that they do not know', { sentinelName: 'other' }, 'configuration'],
		['a wrong password for the sentinels', { sentinelPassword: 'wrong' }, 'authentication'],
		['a wrong password for the primary', { password: 'wrong' }, 'authentication'],
		['no sentinel that answers', { nodes: [{ host: '127.0.0.1', port: 1 }] }, 'unreachable'],
	])('with %s is a typed error', async (_, wrong, problem) => {
		const store = openRedisStore({ ...options, ...wrong });
		const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
		await store.close();
		expect(reply?.ok === false && reply.error.problem).toBe(problem);
	});

	it('taken for a single server by way of a sentinel is a typed error, with advice on Redis', async () => {
		for (const database of [0, 1]) {
			const alone = { deployment: 'standalone', ...at(sentinel), database } as const;
			const store = openRedisStore({ ...alone, password: 'sentinel secret' });
			const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
			await store.close();
			if (reply === undefined || reply.ok) throw new Error('a sentinel granted a claim');
			expect(reply.error.problem).toBe('configuration');
			expect(reply.error.message).toContain('is a sentinel');
			expect(reply.error.advice).toMatch(/credential/);
			expect(reply.error.advice).not.toContain('"Store"');
		}
	});

	it('is followed to the replica that takes over, with its claims', async () => {
		const store = openRedisStore(options);
		const request = claimRequest({ identity: freshIdentity() });
		const fence = fenceOf((await store.claim([request]))[0]);
		await primary.ask(async (client) => await client.wait(1, 2_000));
		await primary.kill('SIGKILL');
		await until('the replica takes writes', async () => {
			const [reply] = await store.claim([{ ...request, owner: 'owner-b' }]);
			if (reply?.ok === false) {
				expect(['unreachable', 'read_only', 'timeout', 'configuration', 'loading']).toContain(
					reply.error.problem,
				);
				return false;
			}
			expect(answered(reply)).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
			return true;
		});
		const [done] = await store.command([finishOf(request, fence)]);
		expect(answered(done)).toMatchObject({ outcome: 'done' });

		// The old primary comes back as a replica of the new one: nobody writes to it.
		await primary.run();
		await until('it follows', async () =>
			(await primary.ask(async (client) => await client.info('replication'))).includes(
				'role:slave',
			),
		);
		fenceOf((await store.claim([claimRequest({ identity: freshIdentity() })]))[0]);
		await store.close();
	});
});
