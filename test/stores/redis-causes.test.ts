import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';

import { type Certificates, makeCertificates } from '../support/certificates';
import { freePort } from '../support/ports';
import { RedisServer } from '../support/redis-server';
import { at, causeOf, works } from './causes';
import { standalone } from './redis-harness';

/** Each way in which a connection can fail has its own words, alike for a claim and for the credential's test: real servers. */

describe('one server', () => {
	let plain: RedisServer;
	let secured: RedisServer;
	let certificates: Certificates;
	let other: Certificates;
	const started: RedisServer[] = [];
	const start = async (...args: Parameters<typeof RedisServer.start>) => {
		const server = await RedisServer.start(...args);
		started.push(server);
		return server;
	};
	beforeAll(async () => {
		certificates = makeCertificates('DNS:localhost');
		other = makeCertificates();
		plain = await start();
		secured = await start({ tls: certificates });
	});
	afterAll(async () => {
		for (const server of started) await server.stop();
		for (const { folder } of [certificates, other]) rmSync(folder, { recursive: true });
	});

	it('nobody is there', async () => {
		const port = await freePort();
		expect(await causeOf(standalone(port))).toMatchObject({
			problem: 'unreachable',
			message: expect.stringContaining(`127.0.0.1:${port} can't be reached`),
		});
	});

	it('plain where the server speaks TLS', async () => {
		expect(await causeOf(standalone(secured.port))).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('Turn "Use TLS" on'),
		});
	});

	it('TLS where the server speaks plain', async () => {
		expect(await causeOf({ ...standalone(plain.port), tls: {} })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('Turn "Use TLS" off'),
		});
	});

	it('TLS without the authority, with another one, and by another name', async () => {
		const options = { ...standalone(secured.port), host: 'localhost' };
		const { ca } = certificates;
		await works({ ...options, tls: { ca } });
		await works({ ...options, host: '127.0.0.1', tls: { ca, servername: 'localhost' } });
		expect(await causeOf({ ...options, tls: {} })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('into "CA Certificate"'),
		});
		expect(await causeOf({ ...options, tls: { ca: other.ca } })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('not of the authority in "CA Certificate"'),
		});
		expect(await causeOf({ ...options, host: '127.0.0.1', tls: { ca } })).toMatchObject({
			problem: 'tls',
			message: expect.stringMatching(/is for localhost, not for 127\.0\.0\.1\..*"Server Name"/),
		});
	});

	it('TLS with a certificate that is out of date', async () => {
		const past = makeCertificates('DNS:localhost', -1);
		const server = await start({ tls: past });
		const options = { ...standalone(server.port), host: 'localhost', tls: { ca: past.ca } };
		const cause = await causeOf(options);
		rmSync(past.folder, { recursive: true });
		expect(cause).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('is valid from'),
		});
	});

	it('TLS that wants a client certificate', async () => {
		const server = await start({ tls: certificates, wantsClientCertificate: true });
		const options = { ...standalone(server.port), host: 'localhost' };
		const { ca, cert, key } = certificates;
		await works({ ...options, tls: { ca, cert, key } });
		expect(await causeOf({ ...options, tls: { ca } })).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('asks for a client certificate'),
		});
		expect(
			await causeOf({ ...options, tls: { ca, cert: other.cert, key: other.key } }),
		).toMatchObject({
			problem: 'tls',
			message: expect.stringContaining('refused the client certificate'),
		});
		const mixed = await causeOf({ ...options, tls: { ca, cert, key: other.key } });
		expect(mixed).toMatchObject({ problem: 'tls' });
	});

	it('a web server', async () => {
		const web = createServer().listen(0, '127.0.0.1');
		await new Promise((resolve) => web.once('listening', resolve));
		const cause = await causeOf(standalone((web.address() as AddressInfo).port));
		web.close();
		expect(cause).toMatchObject({
			problem: 'configuration',
			message: expect.stringContaining('a web server, not Redis'),
		});
	});

	it('no password, a wrong one, and AUTH that was switched off, without its argument', async () => {
		const locked = await start({ password: 'right' });
		for (const password of ['', 'hunter2']) {
			const cause = await causeOf({ ...standalone(locked.port), password });
			expect(cause).toMatchObject({ problem: 'authentication' });
			expect(cause.message).not.toContain('hunter2');
		}
		const mute = await start({ config: ['rename-command AUTH ""'] });
		const cause = await causeOf({ ...standalone(mute.port), password: 'hunter2' });
		expect(cause.problem).toBe('unsupported');
		expect(cause.message).not.toContain('hunter2');
	});

	it('a sentinel in the place of a server', async () => {
		const sentinel = await start({ sentinel: true });
		expect(await causeOf(standalone(sentinel.port))).toMatchObject({
			problem: 'configuration',
			message: expect.stringMatching(/is a sentinel.*"Deployment" in the credential to Sentinel/),
		});
	});

	it('a server in the place of a cluster, and of a sentinel', async () => {
		expect(await causeOf({ deployment: 'cluster', nodes: [at(plain)] })).toMatchObject({
			problem: 'configuration',
			message: expect.stringMatching(
				/not part of a cluster.*"Deployment" in the credential to Standalone/,
			),
		});
		expect(
			await causeOf({ deployment: 'sentinel', sentinelName: 'main', nodes: [at(plain)] }),
		).toMatchObject({
			problem: 'configuration',
			message: expect.stringMatching(/a server and not a sentinel.*26379/),
		});
	});

	it('a server that takes no more clients', async () => {
		const full = await start({ config: ['maxclients 1'] });
		const client = full.client();
		await client.ping();
		const cause = await causeOf(standalone(full.port));
		client.disconnect();
		expect(cause).toMatchObject({
			problem: 'busy',
			message: expect.stringContaining('maxclients'),
		});
	});

	const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
		each?.some(({ address }) => address === '::1'),
	);
	(hasIpv6 ? it : it.skip)('IPv6 works, and fails in words', async () => {
		const server = await start({ bind: '::1' });
		await works({ deployment: 'standalone', ...at(server, '::1') });
		const port = await freePort();
		expect(await causeOf({ deployment: 'standalone', host: '::1', port })).toMatchObject({
			problem: 'unreachable',
			message: expect.stringContaining(`[::1]:${port}`),
		});
	});
});
