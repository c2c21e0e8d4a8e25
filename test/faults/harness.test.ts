import { openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { freePort } from '../support/ports';
import { RedisServer } from '../support/redis-server';
import { claimRequest, identityOf } from '../support/requests';
import type { Broken } from './broken-stores';
import { type Fault, FaultRun, type Storm, redisAt } from './fault-run';
import type { Invariant } from './invariants';
import { changedByStrangers, stuckKeys } from './probes';

/** A harness that finds nothing proves nothing: each invariant is seen to be broken by a store that breaks it. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

interface Case {
	readonly invariants: readonly Invariant[];
	readonly fault?: Partial<Fault>;
	readonly storm?: Storm;
}

const BROKEN: ReadonlyArray<[Broken, Case]> = [
	[
		'grants what another holds',
		{
			invariants: ['acted twice', 'two live owners'],
			// Longer than a busy machine needs to start the next worker.
			fault: { leaseMs: 10_000 },
			storm: { interrupt: { step: 'acted', signal: 'SIGKILL', every: 1 } },
		},
	],
	[
		'has one fence for all',
		{
			invariants: ['fence went back'],
			fault: { onUnknownOutcome: 'retry' },
			storm: { interrupt: { step: 'claimed', signal: 'SIGKILL', every: 2 } },
		},
	],
	['replays another result', { invariants: ['result changed'] }],
	['leaves a rejection unhandled', { invariants: ['unhandled rejection'] }],
];

async function found(broken: Broken, { fault, storm }: Case): Promise<Set<Invariant>> {
	const keyPrefix = `broken-${Math.random().toString(36).slice(2)}`;
	const run = await FaultRun.start({
		name: broken,
		store: redisAt(server.port, { keyPrefix }),
		keys: 6,
		...fault,
	});
	try {
		await run.storm({ times: 4, workers: 4, broken, ...storm });
		await run.lastDelivery({ broken });
		return new Set((await run.violations()).map(({ invariant }) => invariant));
	} finally {
		await run.downstream.stop();
	}
}

it.each(BROKEN)('a store that %s is found out', async (broken, one) => {
	expect([...(await found(broken, one))]).toEqual(expect.arrayContaining([...one.invariants]));
});

it('a store that takes too long to fail is found out', async () => {
	const looksBy = redisAt(server.port, { keyPrefix: 'slow' });
	const fault = { name: 'slow', store: redisAt(await freePort()), looksBy, keys: 1 };
	const run = await FaultRun.start(fault);
	try {
		await run.storm({ times: 1, workers: 1, broken: 'takes its time to fail' });
		const invariants = (await run.violations(1_000)).map(({ invariant }) => invariant);
		expect(invariants).toContain('unbounded');
	} finally {
		await run.downstream.stop();
	}
});

it('the same storm at the real store breaks nothing', async () => {
	const store = redisAt(server.port, { keyPrefix: 'sound' });
	const run = await FaultRun.start({ name: 'sound', store, keys: 6 });
	try {
		await run.storm({ times: 4, workers: 4 });
		await run.lastDelivery();
		expect(await run.violations()).toEqual([]);
	} finally {
		await run.downstream.stop();
	}
});

describe('the last questions', () => {
	let store: Store;
	beforeAll(() => {
		store = openRedisStore({ deployment: 'standalone', host: '127.0.0.1', port: server.port });
	});
	afterAll(async () => await store.close());

	const claimed = async (key: string): Promise<string> => {
		const identity = identityOf(key);
		await store.claim([claimRequest({ identity, leaseMs: 300, fingerprint: 'same' })]);
		return key;
	};
	const like = (changes: Partial<Store>): Store =>
		new Proxy(store, {
			get(target, name) {
				if (Object.hasOwn(changes, name)) return changes[name as keyof Store];
				const member: unknown = Reflect.get(target, name, target);
				return typeof member === 'function' ? (member.bind(target) as unknown) : member;
			},
		});

	it('find a store in which a stranger may finish', async () => {
		const key = await claimed('anybody may finish');
		const careless = like({
			command: async (orders) =>
				await store.command(
					orders.map((order) => ({
						...order,
						owner: claimRequest({ identity: order.identity }).owner,
					})),
				),
		});
		expect(await changedByStrangers(store, [key])).toEqual([]);
		const violations = await changedByStrangers(careless, [key]);
		expect(violations[0]?.invariant).toBe('a refused caller changed the record');
	});

	it('find a key that nobody can free', async () => {
		const key = await claimed('never free');
		const stubborn = like({
			operate: async ({ identity }) => {
				const [reply] = await store.get([identity]);
				const micros = reply?.ok ? reply.micros : 0;
				return { ok: true, micros, answer: { outcome: 'refused', state: 'lapsed' } };
			},
		});
		expect((await stuckKeys(stubborn, [key], 300))[0]?.invariant).toBe('stuck');
		expect(await stuckKeys(store, [key], 300)).toEqual([]);
	});
});
