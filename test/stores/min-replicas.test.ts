import type { RedisOptions } from '../../lib/stores/redis';
import { openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { standalone } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';
import { answered, claimRequest, fenceOf, finishOf, freshIdentity } from '../support/requests';

/** Claims that count only once replicas hold them; too few, and they are given back and refused. */

let primary: RedisServer;
let replica: RedisServer;
let store: Store;
beforeAll(async () => {
	primary = await RedisServer.start();
	replica = await RedisServer.start({ replicaOf: primary });
	store = openRedisStore(standalone(primary.port));
	await primary.ask(async (client) => {
		await client.set('written', 'yes');
		while ((await client.wait(1, 500)) < 1);
	});
});
afterAll(async () => {
	await store.close();
	await Promise.all([primary.stop(), replica.stop()]);
});

const request = () => claimRequest({ identity: freshIdentity() });
const problemsOf = async (requests: ReturnType<typeof request>[], minReplicas: number) =>
	(await store.claim(requests, { minReplicas })).map((reply) =>
		reply.ok ? reply.answer.outcome : reply.error.problem,
	);
const recordOf = async ({ identity }: { identity: string }) =>
	answered((await store.get([identity]))[0]);

it('a claim that enough replicas hold is granted, and is on the replica when it is', async () => {
	const claim = request();
	const fence = fenceOf((await store.claim([claim], { minReplicas: 1 }))[0]);
	const names = await replica.ask(async (client) => await client.keys(`*${claim.identity}`));
	expect(names).toHaveLength(1);
	const [done] = await store.command([finishOf(claim, fence)]);
	expect(answered(done)).toMatchObject({ outcome: 'done' });
	expect(await problemsOf([{ ...claim, owner: 'another' }], 1)).toEqual(['duplicate']);
});

it('one that too few hold is given back and refused, after one wait of less than two seconds, and can be claimed again', async () => {
	const claims = [request(), request()];
	const waits: string[][] = [];
	const watcher = primary.client();
	const monitor = await watcher.monitor();
	monitor.on('monitor', (_time: string, [command = '', ...args]: string[]) => {
		if (command.toLowerCase() === 'wait') waits.push(args);
	});
	expect(await problemsOf(claims, 2)).toEqual(['not_replicated', 'not_replicated']);
	monitor.disconnect();
	watcher.disconnect();
	expect(waits).toEqual([['2', expect.any(String)]]);
	expect(Number(waits[0]?.[1])).toBeGreaterThan(0);
	expect(Number(waits[0]?.[1])).toBeLessThan(2_000);
	for (const claim of claims) {
		const record = await recordOf(claim);
		expect(record === null || record.state === 'released').toBe(true);
	}
	const others = claims.map((claim) => ({ ...claim, owner: 'another' }));
	expect(await problemsOf(others, 1)).toEqual(['new', 'new']);
});

it('refuses nothing that needs no replica: duplicates and conflicts are answered as ever', async () => {
	const [held, finished] = [request(), request()];
	await store.claim([held]);
	const fence = fenceOf((await store.claim([finished]))[0]);
	await store.command([finishOf(finished, fence)]);
	const others = [held, finished].map((claim) => ({ ...claim, owner: 'another' }));
	expect(await problemsOf(others, 2)).toEqual(['conflict', 'duplicate']);
});

it('storms with and without the wish keep to one owner a key', async () => {
	const keys = Array.from({ length: 40 }, request);
	const answers = await Promise.all(
		['a', 'b', 'c', 'd'].map(
			async (owner, i) =>
				await problemsOf(
					keys.map((key) => ({ ...key, owner })),
					i % 2,
				),
		),
	);
	for (const i of keys.keys()) {
		expect(answers.filter((outcomes) => outcomes[i] === 'new')).toHaveLength(1);
	}
});

it('holds nobody else up while it waits: WAIT has a connection of its own', async () => {
	const proxy = await TcpProxy.start(primary.port);
	// Redis never hears of the wait.
	proxy.fateOfRequest = (data) => (/\bwait\b/i.test(data.toString('latin1')) ? 'keep' : 'pass');
	const held = openRedisStore({ ...standalone(proxy.port), timeouts: { commandMs: 20_000 } });
	let isOver = false;
	const waiting = held.claim([request()], { minReplicas: 1 }).finally(() => (isOver = true));
	await until('it waits', () => proxy.harmed > 0);
	const [reply] = await held.claim([request()]);
	expect(answered(reply)).toMatchObject({ outcome: 'new' });
	expect(isOver).toBe(false);
	await proxy.stop();
	await waiting;
	await held.close();
});

it('is refused on a cluster, before anything is asked', async () => {
	const options: RedisOptions = {
		deployment: 'cluster',
		nodes: [{ host: '127.0.0.1', port: primary.port }],
	};
	const cluster = openRedisStore(options);
	const [reply] = await cluster.claim([request()], { minReplicas: 1 });
	expect(reply?.ok === false && reply.error.problem).toBe('configuration');
	await cluster.close();
});
