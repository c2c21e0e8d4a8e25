import type { RedisOptions } from '../../lib/stores/redis';
import { openRedisStore } from '../../lib/stores/redis';
import type { StoreProblem } from '../../lib/core/reply';
import { freePort } from '../support/ports';
import { RedisServer } from '../support/redis-server';
import { claimRequest, finishOf, freshIdentity } from '../support/requests';
import { TcpProxy } from '../support/tcp-proxy';
import { QUICK_TIMEOUTS } from './fault-run';

/**
 * How Redis fails ends (what never did would meet jest's time limit), and by its name: a claim and a finish, each. In test/stores:
 * refused, unknown host, halted and loading (redis-failures.test.ts), replica and full memory (redis-no-writes.test.ts), users and
 * TLS (redis-connection.test.ts).
 */

const servers: RedisServer[] = [];
const start = async (options: Parameters<typeof RedisServer.start>[0] = {}) => {
	const server = await RedisServer.start(options);
	servers.push(server);
	return server;
};
afterEach(async () => {
	for (const server of servers.splice(0)) await server.stop();
});

async function failsBy(
	problem: StoreProblem,
	port: number,
	over: Partial<RedisOptions> = {},
): Promise<void> {
	const store = openRedisStore({
		deployment: 'standalone',
		host: '127.0.0.1',
		port,
		timeouts: QUICK_TIMEOUTS,
		...over,
	});
	const request = claimRequest({ identity: freshIdentity() });
	for (const ask of [
		async () => await store.claim([request]),
		async () => await store.command([finishOf(request, 1_700_000_000_000_000)]),
	]) {
		const [reply] = await ask();
		expect(reply?.ok === false && reply.error.problem).toBe(problem);
	}
	await store.close();
}

it('BUSY: a script of somebody else that does not end', async () => {
	const server = await start({ config: ['lua-time-limit 50'] });
	const [client, killer] = [server.client(), server.client()];
	await killer.ping();
	const endless = client.eval('while true do end', 0).catch((error: unknown) => String(error));
	await new Promise((resolve) => setTimeout(resolve, 200));
	try {
		await failsBy('busy', server.port);
	} finally {
		await killer.script('KILL');
	}
	expect(await endless).toMatch(/killed/i);
	for (const each of [client, killer]) each.disconnect();
});

it('MASTERDOWN: a replica without its primary that may not answer', async () => {
	const gone = await freePort();
	const replica = await start({
		replicaOf: { port: gone },
		config: ['replica-serve-stale-data no', 'replica-read-only no'],
	});
	await failsBy('loading', replica.port);
});

it('CLUSTERDOWN: a cluster that nobody gave slots', async () => {
	const server = await start({ cluster: true });
	await failsBy('cluster_down', server.port);
});

it('a wrong password', async () => {
	const server = await start({ password: 'right' });
	await failsBy('authentication', server.port, { password: 'wrong' });
	await failsBy('authentication', server.port);
});

it('a cut in the middle of every reply', async () => {
	const server = await start();
	const proxy = await TcpProxy.start(server.port);
	proxy.fateOfReply = () => 'half';
	await failsBy('unreachable', proxy.port);
	expect(proxy.harmed).toBeGreaterThan(2);
	await proxy.stop();
});

it('requests that are accepted and never answered', async () => {
	const server = await start();
	const proxy = await TcpProxy.start(server.port);
	proxy.fateOfRequest = () => 'keep';
	await failsBy('timeout', proxy.port);
	await proxy.stop();
});
