import type { SecretAwareStore } from '../../../lib/core/store';
import { claimItems } from '../../../lib/guard/claim-items';
import { keepersFor } from '../../../lib/guard/store-keepers';
import type { OpenStore } from '../../../lib/guard/opened-store';
import { namingIdsOf, namingsOf } from '../../../lib/guard/naming';
import type { ClaimableItem } from '../../../lib/guard/prepare';
import { SecretKeeper } from '../../../lib/guard/secret-keeper';
import { IDENTITY_VERSIONS, identityOf } from '../../../lib/keys/identity';
import { openPostgresStore } from '../../../lib/stores/postgres';
import { openRedisStore } from '../../../lib/stores/redis';
import { standalone } from '../../stores/redis-harness';
import { PostgresServer } from '../../support/postgres-server';
import { RedisServer } from '../../support/redis-server';
import { answered, claimRequest, finishOf } from '../../support/requests';

/** Secrets that change, get lost or are mistyped, and processes that hear of it late: no key is ever granted twice. */

const HOUR = 3_600_000;
let redis: RedisServer;
let postgres: PostgresServer;
beforeAll(async () => {
	[redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start()]);
});
afterAll(async () => {
	await redis.stop();
	await postgres.stop();
});

const STORES = {
	redis: () =>
		openRedisStore({
			...standalone(redis.port),
			keyPrefix: `own${prefixes}`,
			clockOffsetMs: () => clockOffsetMs,
			timeouts: { idleMs: 60_000 + stores.length },
		}),
	postgres: () =>
		openPostgresStore({
			...postgres.options,
			prefix: `own${prefixes}_`,
			clockOffsetMs: () => clockOffsetMs,
		}),
} as const;
let kind: keyof typeof STORES = 'redis';

let prefixes = 0;
let clockOffsetMs = 0;
const stores: SecretAwareStore[] = [];
beforeEach(() => {
	prefixes++;
	clockOffsetMs = 0;
});
afterEach(async () => {
	await Promise.all(stores.splice(0).map(async (store) => await store.close()));
});

/** What a process with this credential opens; connections of its own, so that processes race. */
function process(
	secret: string,
	previousSecret = '',
	identityVersions = IDENTITY_VERSIONS,
): OpenStore {
	const store = STORES[kind]();
	stores.push(store);
	const secrets = { secret, previousSecret, identityVersions };
	const secretKeeper = new SecretKeeper(store, namingIdsOf(secrets));
	return { store, ...keepersFor(store), ...secrets, secretKeeper };
}

/** The same process on a slow line: each call waits for some milliseconds before it is made, and before its answer is heard. */
function slowed(opened: OpenStore): OpenStore {
	const pause = async () => await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
	const store = new Proxy(opened.store as SecretAwareStore, {
		get(target, name) {
			const member: unknown = Reflect.get(target, name);
			if (typeof member !== 'function') return member;
			return async (...args: unknown[]) => {
				await pause();
				const answer: unknown = await (member.apply(target, args) as Promise<unknown>);
				await pause();
				return answer;
			};
		},
	});
	const secretKeeper = new SecretKeeper(store, namingIdsOf(opened));
	return { ...opened, store, ...keepersFor(store), secretKeeper };
}

/** The same process, and what its store was asked: each call when it is made, and `claimed` when a claim is answered. */
function overheard(opened: OpenStore): { readonly listened: OpenStore; readonly calls: string[] } {
	const calls: string[] = [];
	const store = new Proxy(opened.store as SecretAwareStore, {
		get(target, name) {
			const member: unknown = Reflect.get(target, name);
			if (typeof member !== 'function') return member;
			return async (...args: unknown[]) => {
				calls.push(String(name));
				const answer: unknown = await (member.apply(target, args) as Promise<unknown>);
				if (name === 'claim') calls.push('claimed');
				return answer;
			};
		},
	});
	const secretKeeper = new SecretKeeper(store, namingIdsOf(opened));
	return { listened: { ...opened, store, ...keepersFor(store), secretKeeper }, calls };
}

let owners = 0;
function itemOf(opened: OpenStore, key: string, retentionMs = HOUR) {
	const owner = `owner-${owners++}`;
	const [request, ...earlierRequests] = namingsOf(opened).map((naming) =>
		claimRequest({
			identity: identityOf({ scope: 'scope', tenant: null, keyParts: [key], ...naming }),
			owner,
			retentionMs,
		}),
	);
	return { kind: 'claim', request, earlierRequests, content: null } as unknown as ClaimableItem;
}

/** new, duplicate, the reason of a conflict, or the problem of the store. */
async function claim(opened: OpenStore, key: string, retentionMs?: number): Promise<string> {
	const [claimed] = await claimItems(opened, { minReplicas: 0 }, [
		itemOf(opened, key, retentionMs),
	]);
	if (!claimed?.ok) return claimed?.error.problem ?? 'nothing';
	return claimed.answer.outcome === 'conflict' ? claimed.answer.reason : claimed.answer.outcome;
}

/** A process that has just read its credential, as a node does. */
async function opens(opened: OpenStore): Promise<string> {
	return (await opened.secretKeeper?.refusal())?.message ?? 'accepted';
}

async function complete(opened: OpenStore, key: string, retentionMs = HOUR): Promise<void> {
	const item = itemOf(opened, key, retentionMs);
	const [claimed] = await claimItems(opened, { minReplicas: 0 }, [item]);
	if (!claimed?.ok || claimed.answer.outcome !== 'new') throw new Error('expected a new claim');
	const finish = finishOf(claimed.request, claimed.answer.fence);
	const [done] = await opened.store.command([finish]);
	expect(answered(done)).toMatchObject({ outcome: 'done' });
}

describe.each(['redis', 'postgres'] as const)('of a store in %s', (each) => {
	beforeEach(() => (kind = each));

	it('changed twice, the first one is needed until no record of it lives', async () => {
		await complete(process('one'), 'a');
		await complete(process('two', 'one'), 'b');
		const third = process('three', 'two');
		expect(await opens(third)).toMatch(/until 20\d\d-/);
		expect(await opens(process('two'))).toMatch(/until 20\d\d-/);
		clockOffsetMs = 3 * HOUR;
		expect(await opens(process('three', 'two'))).toMatch(/until 20\d\d-/);
		clockOffsetMs = 5 * HOUR;
		expect(await opens(process('three', 'two'))).toBe('accepted');
	});

	it.each([
		['removed early', 'two', ''],
		['lost', 'three', ''],
		['mistyped', 'two', 'onne'],
		['taken back to none', '', ''],
	])('one that is %s is refused, and notes nothing of itself', async (_, secret, previous) => {
		await complete(process('one'), 'a');
		const wrong = process(secret, previous);
		expect(await opens(wrong)).toMatch(/^The store holds records of another secret/);
		expect(await opens(process('one'))).toBe('accepted');
		expect(await claim(process('two', 'one'), 'a')).toBe('duplicate');
	});

	it('one that is set where there was none is refused until the records are gone', async () => {
		await complete(process(''), 'a');
		expect(await opens(process('one'))).toMatch(/or of none, until/);
		clockOffsetMs = 5 * HOUR;
		expect(await opens(process('one'))).toBe('accepted');
	});

	it('short retentions are no exception: an earlier record is found to its last moment', async () => {
		await complete(process('one'), 'a', 30_000);
		expect(await claim(process('two', 'one'), 'a', 30_000)).toBe('duplicate');
		clockOffsetMs = 20_000;
		expect(await claim(process('two', 'one'), 'a', 30_000)).toBe('duplicate');
	});

	it('a record that lives on by order of somebody keeps its secret noted', async () => {
		await complete(process('one'), 'a');
		const keeper = process('two', 'one').secretKeeper!;
		expect(await keeper.coverAny(10 * HOUR)).toBeNull();
		clockOffsetMs = 9 * HOUR;
		expect(await opens(process('two'))).toMatch(/^The store holds records of another secret/);
		clockOffsetMs = 12 * HOUR;
		expect(await opens(process('two'))).toBe('accepted');
	});

	it('a process that still has the old one is told, and holds nothing', async () => {
		const late = process('one');
		expect(await claim(late, 'a')).toBe('new');
		const changed = process('two', 'one');
		expect(await claim(changed, 'b')).toBe('new');
		expect(await claim(late, 'b')).toBe('unknown_secret');
		expect(await claim(late, 'c')).toBe('unknown_secret');
		// What was given back is free.
		expect(await claim(changed, 'c')).toBe('new');
		expect(await claim(changed, 'a')).toBe('in_progress');
	});

	it('others are looked for after a claim was granted, and for a duplicate not at all', async () => {
		const { listened, calls } = overheard(process('one'));
		expect(await claim(listened, 'a')).toBe('new');
		expect(calls.slice(0, 3)).toEqual(['noteSecret', 'claim', 'claimed']);
		expect(calls.slice(3).sort()).toEqual(['noteSecret', 'secretNotes', 'signingKey']);
		await complete(listened, 'b');
		calls.length = 0;
		expect(await claim(listened, 'a')).toBe('in_progress');
		expect(await claim(listened, 'b')).toBe('duplicate');
		expect(calls).toEqual(['claim', 'claimed', 'claim', 'claimed']);
	});

	it('a wrong one is not noted for as long as records live where it was granted nothing', async () => {
		expect(await claim(process('one'), 'a')).toBe('new');
		const wrong = process('wrong');
		const { request, ...item } = itemOf(wrong, 'b', 100 * HOUR);
		const old = { eventAt: Date.now() - 200 * HOUR, extendRetention: true };
		const stale = { ...item, request: { ...request, ...old } };
		const [refused] = await claimItems(wrong, { minReplicas: 0 }, [stale]);
		expect(refused).toMatchObject({ ok: true, answer: { reason: 'stale_key' } });
		const notes = answered(await (wrong.store as SecretAwareStore).secretNotes());
		const note = notes.find(({ id }) => id === namingIdsOf(wrong)[0]);
		expect(note?.until).toBeLessThan(Date.now() + 50 * HOUR);
	});

	it('a token of another store is refused, whatever the secret', async () => {
		const { signingKeysOf } = await import('../../../lib/guard/opened-store');
		const keys = async (opened: OpenStore) => {
			const reply = await signingKeysOf(opened);
			return answered(reply).map((key) => key.toString('hex'));
		};
		const here = await keys(process('one'));
		expect(await keys(process('one'))).toEqual(here);
		prefixes++;
		expect(await keys(process('one'))).not.toEqual(here);
	});
});

const RAISED = ['v2', 'v1'] as const;

/** PostgreSQL makes tables for each round, which takes a while. */
describe.each([
	{ each: 'redis', rounds: 25, ends: 60, least: 9 },
	{ each: 'postgres', rounds: 5, ends: 5, least: 0 },
] as const)('at once, in $each', ({ each, rounds, ends, least }) => {
	beforeEach(() => (kind = each));

	it.each([
		[
			'with the old secret and with the changed one',
			() => process('one'),
			() => process('two', 'one'),
		],
		['of two versions', () => process('one'), () => process('one', '', RAISED)],
		['of two versions and secrets', () => process('one'), () => process('two', 'one', RAISED)],
	])('of processes %s one is granted each key at most', async (_, before, after) => {
		const granted: number[] = [];
		for (let round = 0; round < rounds; round++) {
			prefixes++;
			const all = [before(), after(), before(), after(), after()].map(slowed);
			// Half of them have claimed before, so that they announce nothing now.
			if (round % 2 === 0) await claim(all[0]!, 'other');
			const outcomes = await Promise.all(all.map(async (each) => await claim(each, 'key')));
			const news = outcomes.filter((outcome) => outcome === 'new').length;
			expect([round, news]).toEqual([round, Math.min(news, 1)]);
			granted.push(news);
			await Promise.all(stores.splice(0).map(async (store) => await store.close()));
		}
		// It is not that all were refused.
		expect(granted.filter((news) => news === 1).length).toBeGreaterThanOrEqual(least);
	});

	it('a record that ends while several look for it is not replaced by two', async () => {
		for (let round = 0; round < ends; round++) {
			prefixes++;
			clockOffsetMs = 0;
			await complete(process('one'), 'key', 1_000);
			// The record ends about now, for some before they look and for others after it.
			const all = Array.from({ length: 4 }, () => slowed(process('two', 'one')));
			clockOffsetMs = 995;
			const outcomes = await Promise.all(all.map(async (each) => await claim(each, 'key')));
			expect(outcomes.filter((outcome) => outcome === 'new').length).toBeLessThanOrEqual(1);
			await Promise.all(stores.splice(0).map(async (store) => await store.close()));
		}
	});
});
