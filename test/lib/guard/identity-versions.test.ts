import { claimItems } from '../../../lib/guard/claim-items';
import { answerOf } from '../../../lib/guard/answer';
import { keepersFor } from '../../../lib/guard/store-keepers';
import { namingIdsOf } from '../../../lib/guard/naming';
import type { OpenStore } from '../../../lib/guard/opened-store';
import type { ClaimableItem } from '../../../lib/guard/prepare';
import { claimsOf } from '../../../lib/guard/prepare';
import { SecretKeeper } from '../../../lib/guard/secret-keeper';
import type { ItemTerms } from '../../../lib/guard/terms';
import { guard } from './guard-terms';
import type { SecretAwareStore, Store } from '../../../lib/core/store';
import type { IdentityVersions } from '../../../lib/keys/identity';
import { embeddedHarness } from '../../stores/embedded-harness';
import { postgresHarness } from '../../stores/postgres-harness';
import { redisHarness } from '../../stores/redis-harness';
import type { OpenedStore, StoreHarness } from '../../stores/suite';
import { PostgresServer } from '../../support/postgres-server';
import { RedisServer } from '../../support/redis-server';
import { answered, finishOf, HOUR } from '../../support/requests';

/** The way in which identities are made is raised: what was recorded before is still the same request. */

let redis: RedisServer;
let postgres: PostgresServer;
beforeAll(async () => {
	[redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start()]);
});
afterAll(async () => await Promise.all([redis.stop(), postgres.stop()]));

const HARNESSES: Readonly<Record<string, StoreHarness>> = {
	embedded: embeddedHarness,
	redis: redisHarness(() => redis),
	postgres: postgresHarness(() => postgres),
};

const OLD: IdentityVersions = ['v1'];
const RAISED: IdentityVersions = ['v2', 'v1'];

let owners = 0;

/** What a process whose package knows these versions opens. */
function processOf(store: Store, identityVersions: IdentityVersions, secret: string): OpenStore {
	const secrets = { secret, previousSecret: '', identityVersions };
	const notes = 'secretNotes' in store ? (store as SecretAwareStore) : null;
	return {
		store,
		...keepersFor(store),
		...secrets,
		...(notes && { secretKeeper: new SecretKeeper(notes, namingIdsOf(secrets)) }),
	};
}

async function claim(opened: OpenStore, id: string, amount = 1, tenant = 'ACME') {
	const terms: ItemTerms = {
		key: { source: 'fields', normalize: null, paths: ['id'] },
		compare: { by: 'auto' },
		tenant: { value: tenant, emptyPart: null, isSeparate: false },
		eventTime: undefined,
		budget: null,
		sameContent: null,
		retentionMs: 48 * HOUR,
		claimTimeoutMs: HOUR,
		onUnknownOutcome: 'hold',
		maxAttempts: null,
	};
	const owner = `owner-${owners++}`;
	const host = {
		executionId: owner,
		pending: false,
		hearsEnd: true,
		ownerOf: () => owner,
		fileOf: async () => await Promise.resolve(Buffer.alloc(0)),
	};
	const given = [{ ok: true as const, value: terms }];
	const [prepared] = await claimsOf(host, guard, given, [{ json: { id, amount } }], opened);
	const item = prepared as ClaimableItem;
	const [claimed] = await claimItems(opened, guard, [item]);
	if (claimed === undefined) throw new Error('There is no answer');
	const answer = answerOf(claimed, item, guard, opened, () => false);
	return { item, claimed, answer };
}

/** The request as it was granted, done. */
async function complete(opened: OpenStore, id: string): Promise<string> {
	const { claimed } = await claim(opened, id);
	if (!claimed.ok || claimed.answer.outcome !== 'new') throw new Error('Expected a new claim');
	const finish = finishOf(claimed.request, claimed.answer.fence);
	const [done] = await opened.store.command([finish]);
	expect(answered(done)).toMatchObject({ outcome: 'done' });
	return claimed.request.identity;
}

describe.each(Object.keys(HARNESSES))('with the store %s', (kind) => {
	let opened: OpenedStore;
	beforeEach(async () => {
		opened = await HARNESSES[kind]!.open();
	});
	afterEach(async () => await opened.close());

	const secrets = kind === 'embedded' ? [''] : ['', 'a long enough secret'];
	it.each(secrets)('a raise makes no recorded key new, secret "%s"', async (secret) => {
		const before = processOf(opened.store, OLD, secret);
		const done = await complete(before, 'done');
		await claim(before, 'running');
		const given = await claim(before, 'given back');
		if (!given.claimed.ok || given.claimed.answer.outcome !== 'new') throw new Error('No claim');
		const { identity, owner } = given.claimed.request;
		const { fence } = given.claimed.answer;
		const release = {
			type: 'release' as const,
			retryAfterMs: 0,
			statusCode: 0,
			reason: 'refused',
			ownRun: true,
		};
		answered((await opened.store.command([{ ...release, identity, owner, fence }]))[0]);

		const after = processOf(await opened.openAgain(), RAISED, secret);
		const { answer } = await claim(after, 'done');
		expect(answer.kind === 'duplicate' && answer.details()).toMatchObject({ hash: done });
		expect((await claim(after, 'done', 2)).answer).toMatchObject({
			kind: 'conflict',
			refusal: { reason: 'payload_mismatch', changedFields: ['amount'] },
		});
		expect((await claim(after, 'done', 1, 'another')).answer).toMatchObject({
			kind: 'conflict',
			refusal: { reason: 'tenant_mismatch' },
		});
		expect((await claim(after, 'running')).answer).toMatchObject({
			kind: 'conflict',
			refusal: { reason: 'in_progress' },
		});
		expect((await claim(after, 'given back')).answer).toMatchObject({
			kind: 'new',
			details: { hash: identity, attempt: 2 },
		});

		const first = await claim(after, 'first seen now');
		expect(first.answer).toMatchObject({
			kind: 'new',
			details: { hash: first.item.request.identity },
		});
		expect(first.item.earlierRequests).toHaveLength(1);
		expect((await claim(after, 'first seen now')).answer).toMatchObject({ kind: 'conflict' });
	});

	it('a key whose earlier record is gone is recorded by the new version', async () => {
		const earlier = await complete(processOf(opened.store, OLD, ''), 'key');
		await opened.advance(49 * HOUR);
		const { answer, item } = await claim(processOf(opened.store, RAISED, ''), 'key');
		expect(answer).toMatchObject({ kind: 'new', details: { hash: item.request.identity } });
		expect(item.request.identity).not.toBe(earlier);
		expect(item.earlierRequests.map(({ identity }) => identity)).toEqual([earlier]);
	});

	if (kind === 'embedded') return;
	it('a process of the version before is refused as soon as the new one has recorded', async () => {
		const before = processOf(opened.store, OLD, '');
		const after = processOf(opened.store, RAISED, '');
		await complete(before, 'a');
		expect(await after.secretKeeper?.refusal()).toBeNull();
		await complete(after, 'b');
		expect(await before.secretKeeper?.refusal()).toMatchObject({
			problem: 'unknown_secret',
			message: expect.stringMatching(/another version of this package.* until 20/) as string,
		});
		expect((await claim(before, 'c')).claimed).toMatchObject({ ok: false });
		expect((await claim(after, 'c')).answer).toMatchObject({ kind: 'new' });
	});
});
