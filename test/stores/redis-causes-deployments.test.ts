import { rmSync } from 'node:fs';

import type { RedisOptions } from '../../lib/stores/redis';
import { openRedisStore } from '../../lib/stores/redis';
import { type Certificates, makeCertificates } from '../support/certificates';
import { freePort } from '../support/ports';
import { startCluster } from '../support/redis-cluster';
import { RedisServer } from '../support/redis-server';
import { claimRequest, freshIdentity } from '../support/requests';
import { until } from '../support/until';
import { at, causeOf, works } from './causes';
import { standalone } from './redis-harness';

/** As redis-causes.test.ts, for clusters and sentinels. */

describe('a cluster', () => {
	let servers: RedisServer[] = [];
	beforeAll(async () => {
		servers = await startCluster();
	});
	afterAll(async () => {
		for (const server of servers) await server.stop();
	});

	it('nobody is there', async () => {
		const nodes = [
			{ host: '127.0.0.1', port: await freePort() },
			{ host: '127.0.0.1', port: await freePort() },
		];
		expect(await causeOf({ deployment: 'cluster', nodes })).toMatchObject({
			problem: 'unreachable',
			message: expect.stringContaining("can't be reached"),
		});
	});

	it('TLS where it speaks plain', async () => {
		expect(
			await causeOf({ deployment: 'cluster', nodes: servers.map((server) => at(server)), tls: {} }),
		).toMatchObject({ problem: 'tls', message: expect.stringContaining('Turn "Use TLS" off') });
	});

	it('a server of it used alone', async () => {
		const alone = standalone((servers[0] as RedisServer).port);
		const store = openRedisStore(alone);
		const replies = await store.claim(
			Array.from({ length: 30 }, () => claimRequest({ identity: freshIdentity() })),
		);
		await store.close();
		const refused = replies.find((reply) => !reply.ok);
		expect(refused?.ok === false && refused.error).toMatchObject({
			problem: 'configuration',
			message: expect.stringContaining('part of a cluster'),
			advice: expect.stringContaining('to Cluster'),
		});
	});

	it('a user who may not ask about it', async () => {
		const nodes = servers.map((server) => at(server));
		for (const server of servers) {
			await server.ask(
				async (client) =>
					await client.call(
						'ACL',
						'SETUSER',
						'limited',
						'on',
						'>secret',
						'~*',
						'+@all',
						'-cluster',
					),
			);
		}
		const cause = await causeOf({
			deployment: 'cluster',
			nodes,
			user: 'limited',
			password: 'secret',
		});
		expect(cause).toMatchObject({
			problem: 'permission',
			message: expect.stringContaining('cluster'),
		});
	});

	it('slots that nobody serves', async () => {
		const [first] = servers as [RedisServer];
		const served = async (slots: number) =>
			(await first.ask(async (client) => await client.cluster('INFO'))).includes(
				`cluster_slots_ok:${slots}`,
			);
		await first.ask(async (client) => await client.call('CLUSTER', 'DELSLOTS', 0, 1, 2));
		await until('it is known', async () => await served(16_381));
		expect(await causeOf({ deployment: 'cluster', nodes: [at(first)] })).toMatchObject({
			problem: 'cluster_down',
			message: expect.stringContaining('3 of the 16384 slots'),
		});
		await first.ask(async (client) => await client.call('CLUSTER', 'ADDSLOTS', 0, 1, 2));
		await until('all are served', async () => await served(16_384));
	});

	it('a node that is announced where nobody is', async () => {
		const [first] = servers as [RedisServer];
		const port = String(await freePort());
		await first.ask(async (client) => await client.config('SET', 'cluster-announce-port', port));
		await until('it is announced', async () =>
			JSON.stringify(
				await first.ask(async (client) => await client.call('CLUSTER', 'SLOTS')),
			).includes(port),
		);
		expect(await causeOf({ deployment: 'cluster', nodes: [at(first)] })).toMatchObject({
			problem: 'unreachable',
			message: expect.stringMatching(/names .* as one of its nodes[^]*announce/),
		});
	});
});

describe('a cluster with TLS that announces host names', () => {
	let servers: RedisServer[] = [];
	let certificates: Certificates;
	beforeAll(async () => {
		// For the name alone: a connection to the address would be refused.
		certificates = makeCertificates('DNS:localhost');
		servers = await startCluster(
			['cluster-announce-hostname localhost', 'cluster-preferred-endpoint-type hostname'],
			certificates,
		);
	});
	afterAll(async () => {
		for (const server of servers) await server.stop();
		rmSync(certificates.folder, { recursive: true });
	});
	const options = (): RedisOptions => ({
		deployment: 'cluster',
		nodes: servers.map((server) => at(server, 'localhost')),
		tls: { ca: certificates.ca },
	});

	it('connects to each by its name', async () => {
		await works(options());
	});

	it('connects where it announces addresses and its certificate is for the name that it was asked for by', async () => {
		for (const server of servers) {
			await server.ask(
				async (client) => await client.config('SET', 'cluster-preferred-endpoint-type', 'ip'),
			);
		}
		await works(options());
	});

	it('says what is wrong', async () => {
		const { ca } = certificates;
		expect(await causeOf({ ...options(), tls: undefined })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('Turn "Use TLS" on'),
		});
		expect(await causeOf({ ...options(), tls: {} })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('into "CA Certificate"'),
		});
		const nodes = servers.map((server) => at(server));
		expect(await causeOf({ ...options(), nodes, tls: { ca } })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('is for localhost, not for 127.0.0.1'),
		});
	});
});

describe('sentinels with TLS and passwords', () => {
	let certificates: Certificates;
	let primary: RedisServer;
	let sentinel: RedisServer;
	let options: RedisOptions;
	beforeAll(async () => {
		certificates = makeCertificates();
		primary = await RedisServer.start({ tls: certificates, password: 'primary secret' });
		sentinel = await RedisServer.start({
			sentinel: true,
			tls: certificates,
			password: 'sentinel secret',
			config: [
				`sentinel monitor main 127.0.0.1 ${primary.port} 1`,
				'sentinel auth-pass main "primary secret"',
			],
		});
		options = {
			deployment: 'sentinel',
			nodes: [at(sentinel, 'localhost')],
			sentinelName: 'main',
			sentinelPassword: 'sentinel secret',
			password: 'primary secret',
			tls: { ca: certificates.ca },
		};
	});
	afterAll(async () => {
		for (const server of [sentinel, primary]) await server.stop();
		rmSync(certificates.folder, { recursive: true });
	});

	it('work', async () => await works(options));

	it.each([
		['a name that they do not know', { sentinelName: 'other' }, 'configuration', 'it knows "main"'],
		['no password', { sentinelPassword: '' }, 'authentication', '"Sentinel Password"'],
		['a wrong password', { sentinelPassword: 'wrong' }, 'authentication', '"Sentinel Password"'],
		['a wrong password of the primary', { password: 'wrong' }, 'authentication', 'as the primary'],
		['no TLS', { tls: undefined }, 'tls', 'Turn "Use TLS" on'],
		['another authority', { tls: {} }, 'tls', 'into "CA Certificate"'],
	])('%s', async (_, over, problem, words) => {
		expect(await causeOf({ ...options, ...over })).toMatchObject({
			problem,
			message: expect.stringContaining(words),
		});
	});

	it('a primary that is announced where nobody is', async () => {
		const lost = await RedisServer.start({
			sentinel: true,
			config: [`sentinel monitor main 127.0.0.1 ${await freePort()} 1`],
		});
		const cause = await causeOf({
			deployment: 'sentinel',
			nodes: [at(lost)],
			sentinelName: 'main',
		});
		await lost.stop();
		expect(cause).toMatchObject({
			problem: 'unreachable',
			message: expect.stringContaining('as the primary'),
		});
	});
});
