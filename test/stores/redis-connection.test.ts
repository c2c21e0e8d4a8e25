import { rmSync } from 'node:fs';

import { ALL_RECORDS } from '../../lib/core/listing';
import type { RedisOptions } from '../../lib/stores/redis';
import { aclRights, describeRedis, openRedisStore } from '../../lib/stores/redis';
import { standalone } from './redis-harness';
import { type Certificates, makeCertificates } from '../support/certificates';
import { RedisServer } from '../support/redis-server';
import { answered, claimRequest, fenceOf, finishOf, freshIdentity } from '../support/requests';

/** The ways into Redis, each with a real server, and what is shared between those who enter. */

/** A claim's whole life, with every method of the store. */
async function useStore(options: RedisOptions): Promise<void> {
	const store = openRedisStore(options);
	try {
		const request = claimRequest({
			identity: freshIdentity(),
			eventAt: Date.now(),
			strictAge: true,
		});
		const [first] = await store.claim([{ ...request, eventAt: null }]);
		const fence = fenceOf(first);
		const [renewed] = await store.command([
			{ ...finishOf(request, fence), type: 'renew', leaseMs: 20_000 },
		]);
		expect(answered(renewed)).toMatchObject({ outcome: 'done', state: 'processing' });
		const [done] = await store.command([finishOf(request, fence)]);
		expect(answered(done)).toMatchObject({ outcome: 'done', state: 'completed' });
		const [again] = await store.claim([{ ...request, owner: 'owner-b', extendRetention: true }]);
		expect(answered(again)).toMatchObject({ outcome: 'duplicate' });
		const open = claimRequest({
			identity: freshIdentity(),
			eventAt: Date.now() + 1000,
			strictAge: true,
		});
		fenceOf((await store.claim([open]))[0]);
		for (const states of [null, ['processing' as const]]) {
			const page = answered(await store.list({ ...ALL_RECORDS, states, pageSize: 10_000 }));
			expect(page.records.map(({ identity }) => identity)).toContain(open.identity);
		}
		const notices = { consumer: 'consumer', notices: [open.identity], holdMs: 1_000 };
		expect(answered(await store.takeNotices(notices))).toEqual([open.identity]);
		const kept = [{ notice: open.identity, until: Date.now() + 1_000 }];
		answered(await store.keepNotices({ consumer: 'consumer', notices: kept }));
		expect(answered((await store.get([open.identity]))[0])).toMatchObject({ state: 'processing' });
		expect(answered(await store.stats()).length).toBeGreaterThan(1);
		expect(answered(await store.signingKey())).toHaveLength(32);
		answered(await store.noteSecret('secret', 60_000));
		answered(await store.noteSecret('secret', 10));
		const noted = answered(await store.secretNotes()).find(({ id }) => id === 'secret');
		expect(noted?.until).toBeGreaterThan(Date.now() + 30_000);
		const { identity } = open;
		expect(answered(await store.operate({ identity, type: 'forget', force: true }))).toEqual({
			outcome: 'done',
			state: 'absent',
		});
	} finally {
		await store.close();
	}
}

async function problemOf(options: RedisOptions): Promise<{ problem: string; message: string }> {
	const store = openRedisStore(options);
	const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
	await store.close();
	if (reply === undefined || reply.ok) throw new Error('expected an error');
	return reply.error;
}

describe('TLS', () => {
	let certificates: Certificates;
	let server: RedisServer;
	let options: RedisOptions;
	beforeAll(async () => {
		certificates = makeCertificates();
		server = await RedisServer.start({ tls: certificates });
		options = { ...standalone(server.port), tls: { ca: certificates.ca } };
	});
	afterAll(async () => {
		await server.stop();
		rmSync(certificates.folder, { recursive: true });
	});

	it('with an authority of our own', async () => {
		await useStore(options);
		await useStore({
			...options,
			host: 'localhost',
			tls: { ca: certificates.ca, servername: 'localhost' },
		});
	});

	it('is refused where the authority is not known, or is another', async () => {
		expect(await problemOf({ ...options, tls: {} })).toMatchObject({ problem: 'tls' });
		const other = makeCertificates();
		const error = await problemOf({ ...options, tls: { ca: other.ca } });
		rmSync(other.folder, { recursive: true });
		expect(error.problem).toBe('tls');
		expect(error.message).toContain(`127.0.0.1:${server.port}`);
		expect(error.message).toContain('"CA Certificate"');
	});

	it('is refused where the name is another', async () => {
		const tls = { ca: certificates.ca, servername: 'redis.example' };
		expect(await problemOf({ ...options, tls })).toMatchObject({ problem: 'tls' });
	});

	it('takes any certificate only where it is told to', async () => {
		await useStore({ ...options, tls: { rejectUnauthorized: false } });
	});

	it('wanted from a server without it, or the other way round, is a typed error', async () => {
		const plain = await RedisServer.start();
		const wanted = await problemOf({ ...standalone(plain.port), tls: {} });
		await plain.stop();
		expect(wanted.problem).toBe('tls');
		const missed = await problemOf(standalone(server.port));
		expect(missed.problem).toBe('tls');
		expect(missed.message).toContain('speaks only TLS');
	});
});

describe('users', () => {
	const SECRET = 'p@ss:w/ö rd#%?"\\\'';
	let server: RedisServer;
	beforeAll(async () => {
		server = await RedisServer.start({ password: SECRET });
		await server.ask(async (admin) => {
			const setUser = async (name: string, rights: string) =>
				await admin.call('ACL', 'SETUSER', name, 'on', `>${SECRET}`, ...rights.split(' '));
			await setUser('n8n', aclRights('idem'));
			await setUser('reader', 'resetkeys ~idem:* -@all +get +time +hgetall');
		});
	});
	afterAll(async () => await server.stop());

	it('by a password with special characters', async () => {
		await useStore({ ...standalone(server.port), password: SECRET });
	});

	it('by a user with the fewest rights, for keys of the prefix only', async () => {
		const n8n = { ...standalone(server.port), user: 'n8n', password: SECRET };
		await useStore(n8n);
		const log = await server.ask(async (admin) => (await admin.call('ACL', 'LOG')) as string[][]);
		const refused = log.map((entry) => entry[entry.indexOf('object') + 1]);
		expect(refused.filter((object) => object !== 'client|setname')).toEqual([]);
		const error = await problemOf({ ...n8n, keyPrefix: 'other' });
		expect(error.problem).toBe('permission');
	});

	it.each([
		['a wrong password', { password: 'wrong' }, 'authentication'],
		['no password', {}, 'authentication'],
		['an unknown user', { user: 'nobody', password: SECRET }, 'authentication'],
		['a user without the rights', { user: 'reader', password: SECRET }, 'permission'],
	])('with %s is a typed error that keeps the password to itself', async (_, login, problem) => {
		const error = await problemOf({ ...standalone(server.port), ...login });
		expect(error.problem).toBe(problem);
		expect(error.message).toContain(`127.0.0.1:${server.port}`);
		const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
		expect(shown).not.toContain(JSON.stringify(SECRET).slice(1, -1));
		expect(shown).not.toContain('"wrong"');
	});

	it('are described even where INFO is not allowed', async () => {
		const health = await describeRedis({
			...standalone(server.port),
			user: 'n8n',
			password: SECRET,
		});
		expect(Object.fromEntries(health.findings.map(({ topic, value }) => [topic, value]))).toEqual({
			server: 'unknown',
			role: 'unknown',
			eviction: 'unknown',
			persistence: 'unknown',
			deployment: 'unknown',
			latency: `${health.roundTripMs} ms`,
		});
		await expect(
			describeRedis({ ...standalone(server.port), password: 'wrong' }),
		).rejects.toMatchObject({
			problem: 'authentication',
		});
	});
});

describe('databases', () => {
	let server: RedisServer;
	beforeAll(async () => {
		server = await RedisServer.start();
	});
	afterAll(async () => await server.stop());

	it('other than 0', async () => {
		await useStore({ ...standalone(server.port), database: 3 });
		const sizes = await server.ask(async (client) => {
			const first = await client.dbsize();
			await client.select(3);
			return [first, await client.dbsize()];
		});
		expect(sizes[0]).toBe(0);
		expect(sizes[1]).toBeGreaterThan(256);
	});

	it('that are not there are a typed error', async () => {
		const error = await problemOf({ ...standalone(server.port), database: 99 });
		expect(error.problem).toBe('configuration');
	});
});
