import type { RedisOptions } from '../../lib/stores/redis';
import { describeRedis, openRedisStore } from '../../lib/stores/redis';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';
import { standalone } from './redis-harness';
import { RedisServer } from '../support/redis-server';
import { answered, claimRequest, fenceOf, finishOf, freshIdentity } from '../support/requests';

/** Servers that take no writes, or hold what others have put there. */

const open: Store[] = [];
afterEach(async () => {
	await Promise.all(open.splice(0).map(async (store) => await store.close()));
});
const storeOf = (options: RedisOptions): Store => {
	const store = openRedisStore(options);
	open.push(store);
	return store;
};

const errorOf = (reply: Reply<unknown> | undefined) => {
	if (reply === undefined || reply.ok) throw new Error(`no error: ${JSON.stringify(reply)}`);
	return reply.error;
};

describe('a server that takes no writes', () => {
	it('is a read-only replica', async () => {
		const primary = await RedisServer.start();
		const replica = await RedisServer.start({ replicaOf: { port: primary.port } });
		const store = storeOf(standalone(replica.port));
		const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
		expect(errorOf(reply).problem).toBe('read_only');
		expect(errorOf(reply).advice).toContain('primary');
		const health = await describeRedis(standalone(replica.port));
		expect(health.findings).toContainEqual(
			expect.objectContaining({ topic: 'role', value: 'replica', level: 'problem' }),
		);
		await replica.stop();
		await primary.stop();
	});

	it('is full: no new claim, but what has begun is ended and answered', async () => {
		const server = await RedisServer.start({ config: ['maxmemory-policy noeviction'] });
		const store = storeOf(standalone(server.port));
		const request = claimRequest({ identity: freshIdentity() });
		const fence = fenceOf((await store.claim([request]))[0]);
		const key = answered(await store.signingKey());
		await server.ask(async (client) => {
			await client.set('other', 'x'.repeat(2 << 20));
			await client.config('SET', 'maxmemory', '1mb');
		});
		const fresh = freshIdentity();
		const [reply] = await store.claim([claimRequest({ identity: fresh })]);
		expect(errorOf(reply).problem).toBe('out_of_memory');
		expect(errorOf(reply).advice).toContain('maxmemory');
		expect(answered((await store.get([fresh]))[0])).toBeNull();

		// Without it Commit could not read its token.
		expect(answered(await store.signingKey())).toEqual(key);
		const [done] = await store.command([finishOf(request, fence)]);
		expect(answered(done)).toMatchObject({ outcome: 'done', state: 'completed' });
		const [again] = await store.claim([{ ...request, owner: 'owner-b' }]);
		expect(answered(again)).toMatchObject({ outcome: 'duplicate', record: { duplicates: 1 } });
		await server.stop();
	});
});

describe('values of others', () => {
	it('fail alone in a batch, and no time limit is lost on them', async () => {
		const server = await RedisServer.start();
		const store = storeOf(standalone(server.port));
		const requests = Array.from({ length: 8 }, () => claimRequest({ identity: freshIdentity() }));
		const key = (i: number) => {
			const { identity } = requests[i] ?? { identity: '' };
			return `idem:{${identity.slice(0, 2)}}:${identity}`;
		};
		await server.ask(async (client) => {
			await client.set(key(1), 'text');
			await client.hset(key(2), 'foreign', 'hash');
			await client.lpush(key(3), 'list');
			await client.hset(key(4), { s: 'R 12x 1 1', r: '1 1 h', o: 'owner' });
			await client.hset(key(5), { s: 'R 12 1 1' });
			await client.hset(key(6), { s: 'T 5' });
		});
		const replies = await store.claim(requests);
		expect(replies.map((reply) => (reply.ok ? reply.answer.outcome : reply.error.problem))).toEqual(
			['new', ...Array.from({ length: 6 }, () => 'corrupt_record'), 'new'],
		);
		await server.stop();
	});

	it('of the shard spoil no claim', async () => {
		const server = await RedisServer.start();
		const store = storeOf(standalone(server.port));
		const request = claimRequest({ identity: freshIdentity() });
		const shard = request.identity.slice(0, 2);
		await server.ask(async (client) => {
			await client.set(`idem:{${shard}}:open`, 'text');
			await client.set(`idem:{${shard}}:stats`, 'text');
		});
		const fence = fenceOf((await store.claim([request]))[0]);
		expect(answered((await store.command([finishOf(request, fence)]))[0])).toMatchObject({
			outcome: 'done',
		});
		expect(errorOf(await store.stats()).problem).toBe('corrupt_record');
		await server.stop();
	});
});
