import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Store } from '../../lib/core/store';
import { Stores } from '../../nodes/shared/stores';
import { RedisServer } from '../support/redis-server';
import {
	LEASE,
	MINUTE,
	answered,
	claimRequest,
	fenceOf,
	freshIdentity,
	recordOf,
} from '../support/requests';
import { until } from '../support/until';

/** What a process has open: each store once, closed when nobody uses it, and open again when somebody does. */

const IDLE_MS = 150;

let server: RedisServer;
let folder: string;
let stores: Stores;
beforeAll(async () => {
	server = await RedisServer.start();
	folder = mkdtempSync(join(tmpdir(), 'idempotency-stores-'));
});
afterAll(async () => {
	await server.stop();
	rmSync(folder, { recursive: true });
});
beforeEach(() => {
	stores = new Stores(IDLE_MS);
});
afterEach(async () => await stores.close());

const redisOptions = (keyPrefix = 'idem') => ({
	deployment: 'standalone' as const,
	host: '127.0.0.1',
	port: server.port,
	keyPrefix,
});
const file = () => join(folder, 'claims.sqlite');

/** Files of the embedded store that this process holds open. */
const filesOpen = (): number =>
	readdirSync('/proc/self/fd').filter((fd) => {
		try {
			return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
		} catch {
			return false;
		}
	}).length;

async function connectionsOpen(): Promise<number> {
	const list = await server.ask(async (client) => (await client.client('LIST')) as string);
	return list.split('\n').filter((line) => line.includes('name=n8n-nodes-idempotency')).length;
}

const claimOne = async (store: Store, over: Parameters<typeof claimRequest>[0]) =>
	(await store.claim([claimRequest(over)]))[0];

describe.each([
	['the embedded store', () => stores.embedded(file()), () => Promise.resolve(filesOpen())],
	['Redis', () => stores.redis(redisOptions()), connectionsOpen],
])('%s', (_, shared, open) => {
	it('is opened once for all who ask, with one lease keeper', async () => {
		const all = Array.from({ length: 50 }, shared);
		expect(new Set(all).size).toBe(1);
		expect(await open()).toBe(0);
		await claimOne(all[0]!.store, { identity: freshIdentity() });
		const once = await open();
		expect(once).toBeGreaterThan(0);
		await Promise.all(
			all.map(async ({ store }) => await claimOne(store, { identity: freshIdentity() })),
		);
		expect(await open()).toBe(once);
	});

	it('closes when nobody uses it, and opens again for who still has it', async () => {
		const { store } = shared();
		const identity = freshIdentity();
		fenceOf(await claimOne(store, { identity }));
		await until('it is closed', async () => (await open()) === 0);
		expect(shared().store).not.toBe(store);
		expect(answered(await claimOne(store, { identity, owner: 'owner-b' }))).toMatchObject({
			reason: 'in_progress',
		});
		expect(await open()).toBeGreaterThan(0);
	});

	it('stays open while somebody listens, and hears', async () => {
		const { store } = shared();
		const identity = freshIdentity();
		const fence = fenceOf(await claimOne(store, { identity }));
		let heard = 0;
		const end = store.onSettled([identity], () => heard++);
		await sleep(4 * IDLE_MS);
		expect(await open()).toBeGreaterThan(0);
		const before = heard;
		const owned = { identity, owner: 'owner-a', fence, ownRun: true };
		await store.command([
			{ ...owned, type: 'release', retryAfterMs: 0, statusCode: 0, reason: '' },
		]);
		await until('it is heard', () => heard > before);
		end();
		await until('it is closed', async () => (await open()) === 0);
	});

	it('renews the leases of all who ask by one keeper', async () => {
		const { store, leases } = shared();
		const identity = freshIdentity();
		const fence = fenceOf(await claimOne(store, { identity }));
		const claim = { identity, owner: 'owner-a', fence, ownRun: true };
		shared().leases.keep([{ ...claim, claimTimeoutMs: MINUTE, isWaiting: () => false }]);
		expect(leases.size).toBe(1);
		await leases.renew();
		const [stored] = await store.get([identity]);
		const { leaseUntil, claimedAt } = recordOf(answered(stored));
		expect(leaseUntil - claimedAt).toBeGreaterThan(LEASE);
		expect(shared().leases.drop(claim)).toBe(true);
	});

	it('answers with a typed error once it is closed for good', async () => {
		const { store } = shared();
		await claimOne(store, { identity: freshIdentity() });
		await stores.close();
		expect(await open()).toBe(0);
		expect(await claimOne(store, { identity: freshIdentity() })).toMatchObject({
			ok: false,
			error: { problem: 'unreachable' },
		});
		expect(await open()).toBe(0);
	});
});

it('gives stores of one Redis one connection, whatever their prefix', async () => {
	const prefixes = ['one', 'two', 'three'];
	await Promise.all(
		prefixes.map(async (prefix) => {
			const { store } = stores.redis(redisOptions(prefix));
			await claimOne(store, { identity: freshIdentity() });
		}),
	);
	expect(await connectionsOpen()).toBe(1);
});

it('tries again what could not be opened', async () => {
	const inTheWay = join(folder, 'not yet a folder');
	writeFileSync(inTheWay, '');
	const { store } = stores.embedded(join(inTheWay, 'claims.sqlite'));
	await expect(store.begin()).rejects.toMatchObject({ name: 'StoreError' });
	expect(await claimOne(store, { identity: freshIdentity() })).toMatchObject({ ok: false });
	rmSync(inTheWay);
	await store.begin();
	fenceOf(await claimOne(store, { identity: freshIdentity() }));
});
