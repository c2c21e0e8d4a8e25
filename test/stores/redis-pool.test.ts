import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

import { RedisConnections, openRedisStore } from '../../lib/stores/redis';
import { RedisServer } from '../support/redis-server';
import { answered, claimRequest, fenceOf, freshIdentity } from '../support/requests';
import { standalone } from './redis-harness';

/** What is shared between stores of one server, and when it is closed. */

describe('the pool', () => {
	let server: RedisServer;
	let admin: Redis;
	beforeAll(async () => {
		server = await RedisServer.start();
		admin = server.client();
	});
	afterAll(async () => {
		admin.disconnect();
		await server.stop();
	});
	const ours = async (): Promise<number> => {
		const list = (await admin.client('LIST')) as string;
		return list.split('\n').filter((line) => line.includes('name=n8n-nodes-idempotency')).length;
	};

	it('gives 1,000 openings one connection, and closes it with the last of them', async () => {
		const connections = new RedisConnections();
		const stores = Array.from({ length: 1_000 }, (_, i) =>
			openRedisStore({ ...standalone(server.port), keyPrefix: `idem${i % 3}` }, connections),
		);
		await Promise.all(
			stores.map(async (store) => await store.claim([claimRequest({ identity: freshIdentity() })])),
		);
		expect(await ours()).toBe(1);
		await Promise.all(stores.slice(1).map(async (store) => await store.close()));
		expect(await ours()).toBe(1);
		await stores[0]?.close();
		await sleep(50);
		expect(await ours()).toBe(0);
	});

	it('closes a connection that nobody uses, and opens it again', async () => {
		const store = openRedisStore({ ...standalone(server.port), timeouts: { idleMs: 100 } });
		const request = claimRequest({ identity: freshIdentity() });
		fenceOf((await store.claim([request]))[0]);
		expect(await ours()).toBe(1);
		await sleep(400);
		expect(await ours()).toBe(0);
		expect(answered((await store.claim([{ ...request, owner: 'owner-b' }]))[0])).toMatchObject({
			outcome: 'conflict',
		});
		expect(await ours()).toBe(1);
		await store.close();
	});

	it('does not keep the process alive while nothing is asked', async () => {
		const sockets = () =>
			process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
		const store = openRedisStore(standalone(server.port));
		const before = sockets();
		const replies = store.claim([claimRequest({ identity: freshIdentity() })]);
		await sleep(0);
		await replies;
		await sleep(20);
		expect(await ours()).toBe(1);
		expect(sockets()).toBe(before);
		await store.close();
	});

	it('can be used again after the last store was closed', async () => {
		const connections = new RedisConnections();
		for (let time = 0; time < 2; time++) {
			const store = openRedisStore(standalone(server.port), connections);
			fenceOf((await store.claim([claimRequest({ identity: freshIdentity() })]))[0]);
			await store.close();
		}
	});
});
