import { RedisServer } from '../support/redis-server';
import { meetFault, redisAt } from './fault-run';

/** A Redis whose memory is full, under each of its eviction policies. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

const ROOM = 500_000;

/** Fills the memory with results, then gives it more, as its owner would. */
async function fill(policy: string, unprotected: boolean): Promise<void> {
	const keyPrefix = policy;
	const fault = { name: `memory full, maxmemory-policy ${policy}`, unprotected, keys: 120 };
	const store = redisAt(server.port, { keyPrefix });
	await server.ask(async (client) => {
		await client.flushall();
		const used = /^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1];
		await client.config('SET', 'maxmemory-policy', policy);
		await client.config('SET', 'maxmemory', Number(used) + ROOM);
	});
	await meetFault({ ...fault, store }, async (run) => {
		await run.storm({ workers: 1, times: 1, parallel: 8, resultBytes: 8_000 });
		const problems = run.events.flatMap((event) =>
			event.event === 'failed' ? [event.problem] : [],
		);
		if (!unprotected) expect(new Set(problems)).toEqual(new Set(['out_of_memory']));
		await server.ask(async (client) => await client.config('SET', 'maxmemory', 0));
	});
}

it('noeviction: new claims are refused, and none is lost', async () =>
	await fill('noeviction', false));

it.each([
	'allkeys-lru',
	'allkeys-lfu',
	'allkeys-random',
	'volatile-lru',
	'volatile-lfu',
	'volatile-random',
	'volatile-ttl',
])('%s: claims are lost', async (policy) => await fill(policy, true));
