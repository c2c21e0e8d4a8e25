import { setTimeout as sleep } from 'node:timers/promises';

import { shardOf } from '../../lib/stores/redis/keys';
import { clusterIsUp, startCluster } from '../support/redis-cluster';
import type { RedisServer } from '../support/redis-server';
import { QUICK_TIMEOUTS, meetFault } from './fault-run';
import { identityOf } from '../support/requests';
import { until } from '../support/until';
import type { WorkerStore } from './worker-task';

/** A cluster of three, under way: slots move, and a node is lost. */

let servers: RedisServer[] = [];

beforeAll(async () => {
	servers = await startCluster(['appendonly yes', 'appendfsync always']);
});
afterAll(async () => {
	for (const server of servers) await server.stop();
});

const clusterStore = (keyPrefix: string): WorkerStore => ({
	kind: 'redis',
	options: {
		deployment: 'cluster',
		nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
		keyPrefix,
		timeouts: { ...QUICK_TIMEOUTS, connectMs: 1_000, commandMs: 1_000 },
	},
});

async function ownerOf(slot: number): Promise<{ from: RedisServer; to: RedisServer }> {
	const ranges = (await servers[0]!.ask(
		async (client) => await client.cluster('SLOTS'),
	)) as unknown as Array<[number, number, [string, number]]>;
	const port = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
	const at = servers.findIndex((server) => server.port === port);
	return { from: servers[at]!, to: servers[(at + 1) % 3]! };
}

/** As the manual of Redis Cluster says, key by key, and not at once: clients meet ASK, TRYAGAIN and MOVED. */
async function moveSlot(slot: number): Promise<void> {
	const { from, to } = await ownerOf(slot);
	const idOf = async (server: RedisServer) =>
		String(await server.ask(async (client) => await client.call('CLUSTER', 'MYID')));
	const [fromId, toId] = [await idOf(from), await idOf(to)];
	await to.ask(async (client) => await client.cluster('SETSLOT', slot, 'IMPORTING', fromId));
	await from.ask(async (client) => {
		await client.cluster('SETSLOT', slot, 'MIGRATING', toId);
		for (;;) {
			const [key] = (await client.cluster('GETKEYSINSLOT', slot, 1)) as string[];
			if (key === undefined) break;
			await client.call('MIGRATE', '127.0.0.1', to.port, key, 0, 5_000);
			await sleep(5);
		}
	});
	for (const server of [to, from, ...servers]) {
		await server.ask(async (client) => await client.cluster('SETSLOT', slot, 'NODE', toId));
	}
}

it('slots that move while their keys are claimed and finished', async () => {
	const fault = { name: 'Cluster: slots moved to another node', store: clusterStore('moved') };
	await meetFault(fault, async (run) => {
		const slots = await servers[0]!.ask(
			async (client) =>
				await Promise.all(
					run.keys.map(
						async (key) => await client.cluster('KEYSLOT', `{${shardOf(identityOf(key))}}`),
					),
				),
		);
		const moving = (async () => {
			for (const slot of new Set(slots)) await moveSlot(slot);
		})();
		run.downstream.answerAfterMs = 20;
		await run.storm({ times: 4, tries: 20 });
		await moving;
	});
});

it('a node that dies and comes back', async () => {
	const fault = {
		name: 'Cluster: a node killed and started again, appendonly yes',
		store: clusterStore('lost'),
	};
	await meetFault(fault, async (run) => {
		const dies = servers[1]!;
		let back: Promise<void> | undefined;
		run.downstream.onEffect = (count) => {
			if (count === 4) back = restart(dies);
		};
		await run.storm({ tries: 60 });
		await back;
		await until('the cluster is up again', async () => await clusterIsUp(servers));
		const problems = run.events.flatMap((event) =>
			event.event === 'failed' ? [event.problem] : [],
		);
		expect(problems.length).toBeGreaterThan(0);
		for (const problem of problems) {
			expect(['cluster_down', 'unreachable', 'timeout', 'loading']).toContain(problem);
		}
	});
});

async function restart(server: RedisServer): Promise<void> {
	await server.kill('SIGKILL');
	await until('the others miss the node', async () => {
		const info = await servers[0]!.ask(async (client) => await client.cluster('INFO'));
		return info.includes('cluster_state:fail');
	});
	await sleep(500);
	await server.run();
}
