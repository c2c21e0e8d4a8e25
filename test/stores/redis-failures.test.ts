import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

import type { RedisOptions } from '../../lib/stores/redis';
import { DEFAULT_TIMEOUTS, describeRedis, openRedisStore } from '../../lib/stores/redis';
import { ALL_RECORDS } from '../../lib/core/listing';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';
import { standalone } from './redis-harness';
import { freePort } from '../support/ports';
import { RedisServer } from '../support/redis-server';
import {
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
} from '../support/requests';
import { TcpProxy } from '../support/tcp-proxy';

/**
 * Servers that are down, slow, full or not ours: each call ends, with words that say what to do. One that never ended would meet
 * jest's time limit.
 */

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

/** The error of a claim, and of every other method. */
async function refusal(options: RedisOptions) {
	const store = storeOf(options);
	const request = claimRequest({ identity: freshIdentity() });
	const replies = await Promise.all([
		store.claim([request, request]).then(([, second]) => second),
		store.command([finishOf(request, 1)]).then(([first]) => first),
		store.get([request.identity]).then(([first]) => first),
		store.operate({ identity: request.identity, type: 'forget', force: false }),
		store.list({ ...ALL_RECORDS, states: ['lapsed'] }),
		store.stats(),
		store.signingKey(),
	]);
	const errors = replies.map(errorOf);
	expect(new Set(errors.map(({ problem }) => problem)).size).toBe(1);
	return { problem: errors[0]?.problem, message: errors[0]?.message ?? '' };
}

describe('a server that is not there', () => {
	it('is unreachable: refused', async () => {
		const port = await freePort();
		const error = await refusal(standalone(port));
		expect(error.problem).toBe('unreachable');
		expect(error.message).toContain(`127.0.0.1:${port}`);
		await expect(describeRedis(standalone(port))).rejects.toMatchObject({ problem: 'unreachable' });
	});

	it('is unreachable: no such name', async () => {
		const error = await refusal({ deployment: 'standalone', host: 'redis.invalid', port: 6379 });
		expect(error.problem).toBe('unreachable');
		expect(error.message).toContain('redis.invalid:6379');
	});

	it('promises to end within five seconds', () => {
		const { retryMs, connectMs, commandMs } = DEFAULT_TIMEOUTS;
		expect(retryMs + connectMs + commandMs).toBeLessThanOrEqual(5_000);
	});

	it('fails a batch of 100,000 as soon as one: no item has tries of its own', async () => {
		let tries = 0;
		const closed = createServer((socket) => {
			tries++;
			socket.destroy();
		});
		const port = await listen(closed);
		const store = storeOf(standalone(port));
		const requests = Array.from({ length: 100_000 }, () =>
			claimRequest({ identity: freshIdentity() }),
		);
		const replies = await store.claim(requests);
		expect(tries).toBeGreaterThan(0);
		expect(tries).toBeLessThan(1_000);
		expect(replies).toHaveLength(100_000);
		expect(new Set(replies.map((reply) => errorOf(reply).problem))).toEqual(
			new Set(['unreachable']),
		);
		closed.close();
	});
});

/** @returns the port, on loopback */
async function listen(to: Server): Promise<number> {
	await new Promise<void>((resolve) => to.listen(0, '127.0.0.1', resolve));
	return (to.address() as AddressInfo).port;
}

describe('a server that accepts and never answers', () => {
	let mute: Server;
	let port: number;
	const sockets = new Set<Socket>();
	beforeAll(async () => {
		mute = createServer((socket) => {
			sockets.add(socket);
			socket.on('error', () => undefined);
		});
		port = await listen(mute);
	});
	afterAll(() => {
		for (const socket of sockets) socket.destroy();
		mute.close();
	});

	it.each([
		['plain', {}],
		['with a password', { password: 'secret' }],
		['with TLS', { tls: {} }],
	])('is a timeout, %s', async (_, more) => {
		const error = await refusal({ ...standalone(port), ...more });
		expect(error.problem).toBe('timeout');
	});
});

describe('a server that halts', () => {
	it('is a timeout, and works again when it goes on', async () => {
		const server = await RedisServer.start();
		const store = storeOf(standalone(server.port));
		const request = claimRequest({ identity: freshIdentity() });
		const fence = fenceOf((await store.claim([request]))[0]);
		server.signal('SIGSTOP');
		const lost = { ...request, identity: freshIdentity() };
		const [halted] = await store.claim([lost]);
		expect(errorOf(halted).problem).toBe('timeout');
		server.signal('SIGCONT');

		const [done] = await store.command([finishOf(request, fence)]);
		expect(answered(done)).toMatchObject({ outcome: 'done' });
		// Carried out when the server went on, or now for the first time: its owner gets it in both cases.
		expect(answered((await store.claim([lost]))[0])).toMatchObject({
			outcome: 'new',
			takeover: false,
		});
		await server.stop();
	});
});

describe('a server that restarts', () => {
	it('between calls, or loses its scripts, is not noticed', async () => {
		const server = await RedisServer.start();
		// However long a busy machine takes to start it.
		const store = storeOf({ ...standalone(server.port), timeouts: { retryMs: 60_000 } });
		const claims = async () =>
			(
				await store.claim(
					Array.from({ length: 1_200 }, () => claimRequest({ identity: freshIdentity() })),
				)
			).map((reply) => answered(reply).outcome);
		expect(new Set(await claims())).toEqual(new Set(['new']));
		await server.ask(async (client) => await client.script('FLUSH'));
		expect(new Set(await claims())).toEqual(new Set(['new']));
		await server.kill();
		await server.run();
		expect(new Set(await claims())).toEqual(new Set(['new']));
		await server.kill('SIGKILL');
		const during = claims();
		await server.run();
		expect(new Set(await during)).toEqual(new Set(['new']));
		await server.stop();
	});

	it('is loading until it has its data', async () => {
		const server = await RedisServer.start();
		await server.ask(async (client) => {
			await client.mset(Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, i])));
			await client.save();
		});
		await server.kill();
		await server.run(/Server initialized/, [
			'key-load-delay 2000',
			'loading-process-events-interval-bytes 1024',
		]);
		const error = await refusal(standalone(server.port));
		expect(error.problem).toBe('loading');
		await server.stop();
	});
});

describe('a reply that is lost', () => {
	it('is asked again: the owner has one claim, and finishes it once', async () => {
		const server = await RedisServer.start();
		const proxy = await TcpProxy.start(server.port);
		const store = storeOf(standalone(proxy.port));
		await store.claim([claimRequest({ identity: freshIdentity() })]);

		const request = claimRequest({ identity: freshIdentity() });
		const cutOnce = () => {
			proxy.fateOfReply = () => {
				proxy.heal();
				return 'drop';
			};
		};
		const before = proxy.connections;
		cutOnce();
		const [granted] = await store.claim([request]);
		expect(proxy.connections).toBe(before + 1);
		const fence = fenceOf(granted);
		// The first try was carried out: the grant is older than the answer.
		expect(fence).toBeLessThan(microsOf(granted));

		cutOnce();
		const [finished] = await store.command([finishOf(request, fence)]);
		expect(answered(finished)).toMatchObject({ outcome: 'kept', state: 'completed' });

		cutOnce();
		const { identity } = request;
		const forgotten = await store.operate({ identity, type: 'forget', force: false });
		expect(errorOf(forgotten).problem).toBe('unreachable');
		expect(answered((await store.get([identity]))[0])).toMatchObject({ state: 'tombstone' });
		await proxy.stop();
		await server.stop();
	});

	it('every time ends', async () => {
		const server = await RedisServer.start();
		const proxy = await TcpProxy.start(server.port);
		proxy.fateOfReply = (data) => (data.includes('\r\n1') || data.length > 40 ? 'drop' : 'pass');
		const error = await refusal(standalone(proxy.port));
		expect(error.problem).toBe('unreachable');
		await proxy.stop();
		await server.stop();
	});
});
