import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { until } from '../support/until';
import { RedisServer } from '../support/redis-server';
import { javascript } from '../support/engine';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, newKey, routed } from './scenario';

/** One connection for all executions of a process, and nothing left behind by any of them. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

async function connections(): Promise<number> {
	const list = await server.ask(async (client) => (await client.client('LIST')) as string);
	return list.split('\n').filter((line) => line.includes('name=n8n-nodes-idempotency')).length;
}

function heapUsed(): number {
	setFlagsFromString('--expose-gc');
	(runInNewContext('gc') as () => void)();
	return process.memoryUsage().heapUsed;
}

const timers = (): number =>
	process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('1,000 executions share one connection, and leave no memory, timer or claim behind', async () => {
	const act = [javascript('Act', (items) => items)];
	const flow = chargeWorkflow('', onRedis({ act }));
	let n8n = engineOn(server);
	const run = async (key: string) => await n8n.run(flow, { triggerItems: [delivery(key)] });
	const some = async (count: number) => {
		for (let i = 0; i < count; i++) {
			const key = newKey();
			expect((await run(key)).error?.message).toBeUndefined();
			// The harness keeps what it ran, as n8n's database does.
			if (i % 100 === 99) n8n = engineOn(server);
			if (i % 10 === 0) expect(routed(await run(key))).toEqual([0, 1, 0, 0]);
		}
	};
	// The engine's own caches fill first.
	await some(200);
	const before = { heap: heapUsed(), timers: timers() };
	await some(1_000);
	expect(await connections()).toBe(1);
	expect(timers()).toBeLessThan(before.timers + 10);
	expect(heapUsed() - before.heap).toBeLessThan(3_000_000);
	const open = await server.ask(async (client) => {
		const names = await client.keys('*:open');
		return await Promise.all(names.map(async (name) => await client.zcard(name)));
	});
	expect(open.reduce((sum, count) => sum + count, 0)).toBe(0);
}, 600_000);

test('executions that wait for others take one connection more, all together', async () => {
	const n8n = engineOn(server);
	let release = (): void => undefined;
	const released = new Promise<void>((resolve) => (release = resolve));
	const act = [
		javascript('Act', async (items) => {
			await released;
			return items;
		}),
	];
	const guard = { onInProgress: 'wait', maxWaitSeconds: 20 };
	const flow = chargeWorkflow('', onRedis({ act, guard }));
	const key = newKey();
	const send = async () => await n8n.run(flow, { triggerItems: [delivery(key)] });
	const first = send();
	await until('connections', async () => (await connections()) === 1);
	const waiting = Array.from({ length: 10 }, send);
	await until('connections', async () => (await connections()) === 2);
	release();
	await first;
	for (const result of await Promise.all(waiting)) expect(routed(result)).toEqual([0, 1, 0, 0]);
});
