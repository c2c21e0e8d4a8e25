import { ALL_RECORDS } from '../../lib/core/listing';
import { StoreError } from '../../lib/core/reply';
import {
	HOUR,
	LEASE,
	RETENTION,
	answered,
	bytes,
	claimRequest,
	comparable,
	fenceOf,
	finishOf,
	freshIdentity,
	identityOf,
	microsOf,
	recordOf,
} from '../support/requests';
import { Model } from './model';
import type { OpenedStore, StoreHarness } from './suite';
import { describeOpenClaimsAndCounters } from './suite-counts';

const problemOf = (reply: { ok: boolean; error?: StoreError } | undefined): string =>
	reply?.error instanceof StoreError
		? reply.error.problem
		: `not an error: ${JSON.stringify(reply)}`;

export function describeStoreBasics(harness: StoreHarness): void {
	describe('records', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		it('keeps every field of a claim as it was given', async () => {
			const request = claimRequest({
				identity: freshIdentity(),
				owner: identityOf('owner'),
				fingerprint: `v1:${identityOf('fingerprint')}`,
				comparison: '比 \u0000 -',
				fieldDigests: bytes(0, 10, 13, 127, 128, 255),
				tenant: identityOf('tenant'),
				namespace: 'wf 1/Guard "A"',
				key: 'Straße 7, 東京 🚚 \u0000 end',
				retentionMs: 3_650 * 24 * HOUR,
				onUnknownOutcome: 'retry',
				workflowId: '工作流',
				executionId: "'; DROP TABLE claims; --",
			});
			const [empty] = await opened.store.get([request.identity]);
			const young = { ...request, eventAt: Math.floor(microsOf(empty) / 1000) - HOUR };
			const [reply] = await opened.store.claim([young]);
			const now = Math.floor(microsOf(reply) / 1000);
			const [stored] = await opened.store.get([young.identity]);
			expect(comparable(answered(stored))).toEqual(
				comparable({
					state: 'processing',
					owner: young.owner,
					fence: microsOf(reply),
					fingerprint: young.fingerprint,
					comparison: young.comparison,
					fieldDigests: young.fieldDigests,
					tenant: young.tenant,
					namespace: young.namespace,
					key: young.key,
					eventAt: young.eventAt,
					firstSeenAt: now,
					claimedAt: now,
					leaseUntil: now + young.leaseMs,
					claimTimeoutMs: young.claimTimeoutMs,
					attempts: 1,
					takeover: false,
					notBefore: 0,
					finishedAt: 0,
					retentionMs: young.retentionMs,
					expiresAt: now + young.leaseMs + young.retentionMs,
					believedUntil: now + young.retentionMs,
					result: null,
					statusCode: 0,
					duplicates: 0,
					onUnknownOutcome: 'retry',
					reason: '',
					workflowId: young.workflowId,
					executionId: young.executionId,
				}),
			);
		});

		it.each([
			['nothing', null],
			['no bytes', bytes()],
			['one NUL', bytes(0)],
			['bytes that are not UTF-8', bytes(0xff, 0xfe, 0xc3, 0x28, 0x00, 0x80)],
			['1 MiB', Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 0xff)],
		])('gives a result of %s back as it was', async (_, result) => {
			const request = claimRequest({ identity: freshIdentity() });
			const fence = fenceOf((await opened.store.claim([request]))[0]);
			const reason = 'über 東京 🚚\nline\u0000two';
			await opened.store.command([finishOf(request, fence, { result, reason })]);

			const [again] = await opened.store.claim([{ ...request, owner: 'owner-b' }]);
			const answer = answered(again);
			if (answer.outcome !== 'duplicate') throw new Error(answer.outcome);
			expect(answer.result === null).toBe(result === null);
			expect(Buffer.compare(answer.result ?? bytes(), result ?? bytes())).toBe(0);
			expect(answer.record.reason).toBe(reason);
		});

		it('stores the result of a claim that it never saw, where nobody acted since', async () => {
			const request = claimRequest({ identity: freshIdentity('lost') });
			const fence = microsOf((await opened.store.get([request.identity]))[0]);
			const order = finishOf(request, fence, { result: bytes(5, 0, 6) });
			const [reply] = await opened.store.command([order]);
			expect(answered(reply)).toMatchObject({ outcome: 'done', recovered: true });
			const [again] = await opened.store.claim([{ ...request, owner: 'owner-b' }]);
			expect(comparable(answered(again))).toMatchObject({
				outcome: 'duplicate',
				result: comparable(bytes(5, 0, 6)),
			});
		});

		it('answers a batch of 1,000 in order, the same key twice included', async () => {
			const requests = Array.from({ length: 1_000 }, (_, i) =>
				claimRequest({ identity: freshIdentity('batch'), owner: `owner ${i}`, key: `key ${i}` }),
			);
			const [first, last] = [requests[3], requests[997]];
			if (first === undefined || last === undefined) throw new Error('no requests');
			requests[997] = { ...last, identity: first.identity };

			const replies = await opened.store.claim(requests);
			const model = new Model(0);
			const expected = requests.map((request, i) => model.claim(request, microsOf(replies[i])));
			expect(comparable(replies.map(answered))).toEqual(comparable(expected));
			expect(answered(replies[3])).toMatchObject({ outcome: 'new' });
			expect(answered(replies[997])).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
		});

		it('answers nothing to an empty batch', async () => {
			expect(await opened.store.claim([])).toEqual([]);
			expect(await opened.store.command([])).toEqual([]);
			expect(await opened.store.get([])).toEqual([]);
		});

		it('lets a claim lapse, and forgets a record, by its own clock', async () => {
			const request = claimRequest({ identity: freshIdentity(), onUnknownOutcome: 'retry' });
			await opened.store.claim([request]);
			await opened.advance(LEASE);
			const [taken] = await opened.store.claim([{ ...request, owner: 'owner-b' }]);
			expect(answered(taken)).toMatchObject({ outcome: 'new', takeover: true });
			await opened.advance(LEASE + RETENTION);
			expect(answered((await opened.store.get([request.identity]))[0])).toBeNull();
			const [anew] = await opened.store.claim([{ ...request, owner: 'owner-c' }]);
			expect(answered(anew)).toMatchObject({ outcome: 'new', takeover: false });
			expect(fenceOf(anew)).toBeGreaterThan(fenceOf(taken));
		});

		it('grows the fence over a forgotten record', async () => {
			const request = claimRequest({ identity: freshIdentity() });
			const first = fenceOf((await opened.store.claim([request]))[0]);
			await opened.store.operate({ identity: request.identity, type: 'forget', force: true });
			const [stored] = await opened.store.get([request.identity]);
			expect(answered(stored)).toMatchObject({ state: 'tombstone' });
			const second = fenceOf((await opened.store.claim([{ ...request, owner: 'owner-b' }]))[0]);
			expect(second).toBeGreaterThan(first);
		});

		it('forgets what was seen, and nothing that took its place or changed since', async () => {
			const { store } = opened;
			const request = claimRequest({ identity: freshIdentity() });
			const { identity } = request;
			const fence = fenceOf((await store.claim([request]))[0]);
			const seen = { fence, state: 'processing' as const };
			const forget = async (over = {}) =>
				answered(await store.operate({ type: 'forget', identity, seen, force: true, ...over }));
			const changed = (state: string) => ({ outcome: 'changed', state });
			expect(await forget({ seen: { ...seen, fence: fence - 1 } })).toEqual(changed('processing'));
			expect(await forget({ seen: { ...seen, fence: fence + 1 } })).toEqual(changed('processing'));
			await store.command([finishOf(request, fence)]);
			for (const force of [true, false]) {
				expect(await forget({ force })).toEqual(changed('completed'));
			}
			const completed = { fence, state: 'completed' as const };
			expect(await forget({ seen: completed, force: false })).toMatchObject({ outcome: 'done' });
			expect(await forget({ seen: completed })).toEqual({ outcome: 'kept', state: 'absent' });
		});

		it('has one signing key of 32 bytes, whoever opens it', async () => {
			const again = await opened.openAgain();
			const [key, same] = await Promise.all([opened.store.signingKey(), again.signingKey()]);
			expect(answered(key)).toHaveLength(32);
			expect(answered(same).equals(answered(key))).toBe(true);
			expect(new Set(answered(key)).size).toBeGreaterThan(8);
		});

		it('keeps records for the next to open it', async () => {
			const request = claimRequest({ identity: freshIdentity() });
			await opened.store.claim([request]);
			const again = await opened.openAgain();
			const [reply] = await again.claim([{ ...request, owner: 'owner-b' }]);
			expect(answered(reply)).toMatchObject({ outcome: 'conflict', reason: 'in_progress' });
			await again.close();
			expect(recordOf(answered((await opened.store.get([request.identity]))[0])).owner).toBe(
				'owner-a',
			);
		});
	});

	describeOpenClaimsAndCounters(harness);

	describe('a value that is not a record', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		it('fails its own item and no other, and is removed by force only', async () => {
			const bad = claimRequest({ identity: freshIdentity('corrupt') });
			const good = claimRequest({ identity: freshIdentity() });
			const fence = fenceOf((await opened.store.claim([bad]))[0]);
			await opened.corrupt(bad.identity);

			const claims = await opened.store.claim([{ ...bad, owner: 'owner-b' }, good]);
			expect(problemOf(claims[0])).toBe('corrupt_record');
			const goodFence = fenceOf(claims[1]);

			const commands = await opened.store.command([
				finishOf(bad, fence),
				finishOf(good, goodFence),
			]);
			expect(problemOf(commands[0])).toBe('corrupt_record');
			expect(answered(commands[1])).toMatchObject({ outcome: 'done', state: 'completed' });

			const got = await opened.store.get([bad.identity, good.identity]);
			expect(problemOf(got[0])).toBe('corrupt_record');
			expect(answered(got[1])).toMatchObject({ state: 'completed' });

			const { identity } = bad;
			const seen = { fence, state: 'lapsed' as const };
			const resolved = await opened.store.operate({
				identity,
				seen,
				reason: '',
				type: 'resolve',
				to: 'released',
				force: true,
			});
			expect(problemOf(resolved)).toBe('corrupt_record');
			expect(
				problemOf(await opened.store.operate({ identity, type: 'forget', force: false })),
			).toBe('corrupt_record');

			const another = await opened.store.operate({ identity, seen, type: 'forget', force: true });
			expect(problemOf(another)).toBe('corrupt_record');

			const forced = await opened.store.operate({ identity, type: 'forget', force: true });
			expect(answered(forced)).toEqual({ outcome: 'done', state: 'absent' });
			expect(answered((await opened.store.get([identity]))[0])).toBeNull();
			await opened.advance(1);
			const [anew] = await opened.store.claim([{ ...bad, owner: 'owner-b' }]);
			expect(fenceOf(anew)).toBeGreaterThan(fence);
		});
	});

	describe('close', () => {
		it('may be called twice, and what is asked afterwards gets a typed error', async () => {
			const opened = await harness.open();
			const { store } = opened;
			const request = claimRequest({ identity: freshIdentity() });
			await store.claim([request]);
			await store.close();
			await store.close();

			const replies = [
				...(await store.claim([request, request])),
				...(await store.command([finishOf(request, 1)])),
				...(await store.get([request.identity])),
				await store.operate({ identity: request.identity, type: 'forget', force: false }),
				await store.list(ALL_RECORDS),
				await store.takeNotices({ consumer: 'consumer', notices: ['one'], holdMs: 1 }),
				await store.keepNotices({ consumer: 'consumer', notices: [] }),
				await store.noteName({ namespace: 'one', name: 'One', lifetimeMs: 1 }),
				await store.names(['one']),
				await store.tally({ counts: [{ bucket: 'one', name: 'One', by: 1 }], keepMs: 1 }),
				await store.tallied(['one']),
				await store.stats(),
			];
			expect(replies).toHaveLength(13);
			for (const reply of replies) {
				expect(problemOf(reply)).toMatch(/^[a-z_]+$/);
				expect(reply).toMatchObject({ error: { advice: expect.stringMatching(/\.$/) as string } });
			}
			await opened.close();
		});
	});
}
