import { setTimeout as sleep } from 'node:timers/promises';

import { RedisServer } from '../support/redis-server';
import { meetFault, redisAt } from './fault-run';

/** A Redis that loses its scripts, its process or its data. */

const servers: RedisServer[] = [];
const start = async (config: readonly string[] = []): Promise<RedisServer> => {
	const server = await RedisServer.start({ config });
	servers.push(server);
	return server;
};
afterAll(async () => {
	for (const server of servers) await server.stop();
});

it('SCRIPT FLUSH again and again', async () => {
	const server = await start();
	const client = server.client();
	await meetFault({ name: 'SCRIPT FLUSH', store: redisAt(server.port) }, async (run) => {
		let flushes = 0;
		const flush = () => void client.script('FLUSH').then(() => flushes++);
		const timer = setInterval(flush, 3);
		await run.storm({ parallel: 2 });
		clearInterval(timer);
		expect(flushes).toBeGreaterThan(10);
	});
	client.disconnect();
});

it('a crash and a restart, with the append-only file', async () => {
	const server = await start(['appendonly yes', 'appendfsync always']);
	const name = 'Redis killed and started again, appendonly yes, appendfsync always';
	await meetFault({ name, store: redisAt(server.port) }, async (run) => {
		for (const half of [run.keys.slice(0, 6), run.keys.slice(6)]) {
			let restarted: Promise<void> | undefined;
			const middle = run.downstream.effects.length + 3;
			run.downstream.onEffect = (count) => {
				if (count !== middle) return;
				const restart = async () => {
					await server.kill('SIGKILL');
					await sleep(200);
					await server.run();
				};
				restarted = restart();
			};
			await run.storm({ keys: half, tries: 20 });
			await restarted;
			expect(restarted).toBeDefined();
		}
		const failures = run.events.filter(({ event }) => event === 'failed');
		expect(failures.length).toBeGreaterThan(0);
	});
});

it('a restart without persistence', async () => {
	const server = await start();
	const name = 'Redis started again without persistence';
	await meetFault({ name, store: redisAt(server.port), unprotected: true }, async (run) => {
		await run.storm({ times: 1 });
		await server.kill('SIGKILL');
		await server.run();
	});
});

it('FLUSHALL in the middle', async () => {
	const server = await start();
	const name = 'FLUSHALL';
	await meetFault({ name, store: redisAt(server.port), unprotected: true }, async (run) => {
		run.downstream.onEffect = (count) => {
			if (count === 6) void server.ask(async (client) => await client.flushall());
		};
		await run.storm({ times: 1 });
	});
});
