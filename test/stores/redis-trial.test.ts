import type { RedisOptions } from '../../lib/stores/redis';
import { aclRights, describeRedis, openRedisStore } from '../../lib/stores/redis';
import { namingIdsOf } from '../../lib/guard/naming';
import { stretchedSecret } from '../../lib/guard/stretched-secret';
import { testIdempotencyRedis } from '../../nodes/shared/credential-test';
import { startCluster } from '../support/redis-cluster';
import { standalone } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import { HOUR, answered, claimRequest, fenceOf, freshIdentity } from '../support/requests';

/** The test of the credential runs what the nodes run: it is green where they work, and red where they don't. */

/** What the dialog of n8n shows. */
async function shown(credential: Record<string, unknown>) {
	return await testIdempotencyRedis.call({} as never, {
		id: '1',
		name: 'Redis',
		type: 'idempotencyRedisApi',
		data: credential as never,
	});
}

describe('one server', () => {
	let server: RedisServer;
	beforeAll(async () => {
		server = await RedisServer.start({ config: ['appendonly yes'] });
	});
	afterAll(async () => await server.stop());
	const at = (over: Partial<RedisOptions> = {}) => ({ ...standalone(server.port), ...over });
	const keys = async () => await server.ask(async (client) => await client.keys('*'));
	const credential = (over: Record<string, unknown> = {}) => ({
		deployment: 'standalone',
		host: '127.0.0.1',
		port: server.port,
		keyPrefix: 'idem',
		...over,
	});

	it('is red where the secret is too short, or records are of another', async () => {
		const [one, other] = ['a secret of one n8n', 'another of another n8n'];
		const store = openRedisStore(at({ keyPrefix: 'secrets' }));
		const [id] = namingIdsOf({ secret: await stretchedSecret(one), previousSecret: '' });
		expect((await store.noteSecret(id, HOUR)).ok).toBe(true);
		await store.close();
		const seen = async (secrets: Record<string, string>) =>
			await shown(credential({ keyPrefix: 'secrets', ...secrets }));
		expect(await seen({ secret: one })).toMatchObject({ status: 'OK' });
		expect(await seen({ secret: other, previousSecret: one })).toMatchObject({ status: 'OK' });
		expect(await seen({ secret: 'fifteen letters' })).toMatchObject({
			status: 'Error',
			message: expect.stringMatching(/shorter than 16 characters\. Take a long random/) as string,
		});
		for (const wrong of [{ secret: '' }, { secret: other }]) {
			expect(await seen(wrong)).toMatchObject({
				status: 'Error',
				message: expect.stringMatching(/records of another secret.*Previous Secret/) as string,
			});
		}
	});

	it('leaves nothing behind, and touches nothing of what is there', async () => {
		const store = openRedisStore(at());
		const request = claimRequest({ identity: freshIdentity() });
		fenceOf((await store.claim([request]))[0]);
		const signingKey = answered(await store.signingKey());
		const before = (await keys()).sort();
		await describeRedis(at());
		expect((await keys()).sort()).toEqual(before);
		expect(answered(await store.signingKey())).toEqual(signingKey);
		expect(answered((await store.get([request.identity]))[0])).toMatchObject({
			state: 'processing',
		});
		await store.close();
	});

	it('a user with the rights of the documentation passes, and one for other keys fails', async () => {
		await server.ask(async (client) => {
			for (const [name, prefix] of [
				['ours', 'team:idem'],
				['theirs', 'other'],
			] as const) {
				const rights = aclRights(prefix).split(' ');
				await client.call('ACL', 'SETUSER', name, 'on', '>secret', ...rights);
			}
		});
		const login = { password: 'secret', keyPrefix: 'team:idem' };
		await describeRedis(at({ user: 'ours', ...login }));
		expect(await shown(credential({ user: 'ours', ...login }))).toMatchObject({ status: 'OK' });
		await expect(describeRedis(at({ user: 'theirs', ...login }))).rejects.toMatchObject({
			problem: 'permission',
		});
		const dialog = await shown(credential({ user: 'theirs', ...login }));
		expect(dialog.status).toBe('Error');
		expect(dialog.message).toContain('may not run a command');
	});

	it('a prefix with ":" is used as it is written, and one that does not fit is refused', async () => {
		const store = openRedisStore(at({ keyPrefix: 'n8n:orders' }));
		const { identity } = claimRequest({ identity: freshIdentity() });
		fenceOf((await store.claim([claimRequest({ identity })]))[0]);
		await store.close();
		expect(await keys()).toContain(`n8n:orders:{${identity.slice(0, 2)}}:${identity}`);
		for (const keyPrefix of ['two words', 'a*', '{tag}', 'ü', 'x'.repeat(65)]) {
			expect(await shown(credential({ keyPrefix }))).toMatchObject({
				status: 'Error',
				message: expect.stringContaining('"Key Prefix"'),
			});
			expect(() => openRedisStore(at({ keyPrefix }))).toThrow('"Key Prefix"');
		}
	});

	it('a password within the address is used, and never shown', async () => {
		const locked = await RedisServer.start({ password: 'hunter2' });
		const address = `redis://:hunter2@127.0.0.1:${locked.port}/0`;
		const works = await shown(credential({ port: 6379, host: address }));
		expect(works.status).toBe('OK');
		expect(works.message).not.toContain('hunter2');
		for (const host of [
			`rediss://:hunter2@127.0.0.1:${locked.port}`,
			`https://:hunter2@127.0.0.1:${locked.port}`,
			`redis://:hunter2@127.0.0.1:${locked.port}/x`,
			`redis://hunter2@127.0.0.1:${locked.port}`,
			`redis://:hunter2@nobody.invalid:${locked.port}`,
			`redis://:hunter2x@127.0.0.1:${locked.port}`,
		]) {
			const refused = await shown(credential({ port: 6379, host }));
			expect(refused.status).toBe('Error');
			expect(refused.message).not.toContain('hunter2');
		}
		await locked.stop();
	});
});

it.each(['EVAL', 'EVALSHA', 'TIME', 'HSET', 'ZADD'])(
	'a server without %s fails',
	async (command) => {
		const server = await RedisServer.start({ config: [`rename-command ${command} ""`] });
		await expect(describeRedis(standalone(server.port))).rejects.toMatchObject({
			problem: 'unsupported',
			advice: expect.stringContaining('rename-command'),
		});
		await server.stop();
	},
);

it('a server without CONFIG, SCRIPT and INFO passes: what it does not tell is unknown', async () => {
	const config = ['CONFIG', 'SCRIPT', 'INFO'].map((name) => `rename-command ${name} ""`);
	const server = await RedisServer.start({ config });
	const { findings } = await describeRedis(standalone(server.port));
	expect(findings).toContainEqual(expect.objectContaining({ topic: 'eviction', value: 'unknown' }));
	await server.stop();
});

it('a cluster passes, and keeps nothing of it', async () => {
	const servers = await startCluster();
	await describeRedis({
		deployment: 'cluster',
		nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
	});
	for (const server of servers) {
		expect(await server.ask(async (client) => await client.keys('*'))).toEqual([]);
		await server.stop();
	}
});
