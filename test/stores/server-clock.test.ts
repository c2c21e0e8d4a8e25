import { openPostgresStore } from '../../lib/stores/postgres';
import { openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { standalone } from './redis-harness';
import { PostgresServer } from '../support/postgres-server';
import { RedisServer } from '../support/redis-server';
import {
	CLAIM_TIMEOUT,
	HOUR,
	MINUTE,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
} from '../support/requests';

/** What random walks can't meet, since the clock of a server runs on: the very millisecond of a limit, and a clock that goes back. */

let store: Store;
let offset: () => number = () => 0;
afterEach(() => {
	offset = () => 0;
});

const SERVERS = {
	Redis: async () => {
		const server = await RedisServer.start();
		const options = { ...standalone(server.port), clockOffsetMs: () => offset() };
		return { server, store: openRedisStore(options) };
	},
	PostgreSQL: async () => {
		const server = await PostgresServer.start();
		return {
			server,
			store: openPostgresStore({ ...server.options, clockOffsetMs: () => offset() }),
		};
	},
};

const released = async () => {
	const request = claimRequest({ identity: freshIdentity() });
	const [reply] = await store.claim([request]);
	const fence = fenceOf(reply);
	const [done] = await store.command([
		{ ...finishOf(request, fence), type: 'release', retryAfterMs: MINUTE },
	]);
	return { request, fence, notBefore: Math.floor(microsOf(done) / 1000) + MINUTE };
};

/** Asks until the server's clock, moved by what this host's clock lacks, says exactly `at`. */
async function exactly<T extends { ok: boolean; micros?: number }>(
	prepare: () => Promise<{ at: number; ask: () => Promise<T | undefined> }>,
): Promise<T> {
	for (let attempt = 0; attempt < 2_000; attempt++) {
		const { at, ask } = await prepare();
		offset = () => at - Date.now();
		const reply = await ask();
		offset = () => 0;
		if (reply !== undefined && Math.floor((reply.micros ?? 0) / 1000) === at) return reply;
	}
	throw new Error('never hit the millisecond');
}

describe.each(['Redis', 'PostgreSQL'] as const)('%s', (kind) => {
	let server: { stop(): Promise<void> };
	beforeAll(async () => {
		({ server, store } = await SERVERS[kind]());
	});
	afterAll(async () => {
		await store.close();
		await server.stop();
	});

	describe('at the very millisecond', () => {
		it.each([
			[0, 'new'],
			[-1, 'conflict'],
		])('a released key may be granted when its wait is over, %i ms on', async (ms, outcome) => {
			const reply = await exactly(async () => {
				const { request, notBefore } = await released();
				const ask = async () => (await store.claim([{ ...request, owner: 'owner-b' }]))[0];
				return { at: notBefore + ms, ask };
			});
			expect(answered(reply)).toMatchObject({ outcome });
		});

		it.each([
			[0, 'lost'],
			[-1, 'done'],
		])('a lease is not renewed when the claim timeout is over, %i ms on', async (ms, outcome) => {
			const reply = await exactly(async () => {
				const request = claimRequest({ identity: freshIdentity() });
				const [granted] = await store.claim([request]);
				const at = Math.floor(microsOf(granted) / 1000) + CLAIM_TIMEOUT + ms;
				const order = {
					...finishOf(request, fenceOf(granted)),
					type: 'renew' as const,
					leaseMs: 1,
				};
				return { at, ask: async () => (await store.command([order]))[0] };
			});
			expect(answered(reply)).toMatchObject({ outcome });
		});
	});

	describe('a clock that goes back', () => {
		it('still gives every grant a higher fence', async () => {
			offset = () => HOUR;
			const { request, fence } = await released();
			const free = { ...request, identity: freshIdentity() };
			const [first] = await store.claim([free]);
			await store.operate({ identity: free.identity, type: 'forget', force: true });

			offset = () => 0;
			const { identity } = request;
			const seen = { fence, state: 'released' as const };
			await store.operate({
				identity,
				type: 'resolve',
				to: 'released',
				seen,
				force: false,
				reason: '',
			});
			offset = () => HOUR / 2;
			const replies = await store.claim([
				{ ...request, owner: 'owner-b' },
				{ ...free, owner: 'owner-b' },
			]);
			expect(fenceOf(replies[0])).toBe(fence + 1);
			expect(fenceOf(replies[1])).toBeGreaterThan(fenceOf(first));
		});
	});
});
