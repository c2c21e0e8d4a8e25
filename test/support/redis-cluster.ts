import { until } from './until';
import type { Certificates } from './certificates';
import { RedisServer } from './redis-server';

const SLOTS = 16_384;

/** A cluster of three servers without replicas, ready to answer; the caller stops each. */
export async function startCluster(
	config: readonly string[] = [],
	tls?: Certificates,
): Promise<RedisServer[]> {
	const servers: RedisServer[] = [];
	try {
		for (let i = 0; i < 3; i++) {
			servers.push(await RedisServer.start({ cluster: true, config, tls }));
		}
		for (const [i, server] of servers.entries()) {
			const first = Math.floor((i * SLOTS) / 3);
			const last = Math.floor(((i + 1) * SLOTS) / 3) - 1;
			await server.ask(
				async (client) => await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last),
			);
		}
		await introduce(servers);
		await until('the cluster is up', async () => await clusterIsUp(servers));
		return servers;
	} catch (error) {
		for (const server of servers) await server.stop();
		throw error;
	}
}

async function introduce(servers: readonly RedisServer[]): Promise<void> {
	for (const server of servers) {
		await server.ask(async (client) => {
			for (const other of servers) await client.cluster('MEET', '127.0.0.1', other.port);
		});
	}
}

export async function clusterIsUp(servers: readonly RedisServer[]): Promise<boolean> {
	const infos = await Promise.all(
		servers.map(async (server) => await server.ask(async (client) => await client.cluster('INFO'))),
	);
	return infos.every((info) => /cluster_state:ok[^]*known_nodes:3/.test(info));
}
