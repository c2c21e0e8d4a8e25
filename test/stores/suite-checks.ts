import { MAX_RETENTION_MS } from '../../lib/core/durations';
import { MAX_DIGESTS_BYTES, MAX_NAME_LENGTH, MAX_RESULT_BYTES } from '../../lib/core/limits';
import { ALL_RECORDS } from '../../lib/core/listing';
import type { ClaimRequest, OwnerCommand } from '../../lib/core/record';
import type { Reply } from '../../lib/core/reply';
import type { Store } from '../../lib/core/store';
import {
	HOUR,
	MINUTE,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
	recordOf,
	remainsOf,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

const BAD_DURATIONS = [0, -1, -0.5, NaN, Infinity, -Infinity, 1e15, MAX_RETENTION_MS + 1];
const BAD_NAMES = ['a\nb', 'a\r', '\u0000', 'a\u2028b', '\ud83d', 'x'.repeat(MAX_NAME_LENGTH + 1)];

/** What no store may take, and what every store keeps in the same way. */
export function describeChecks(harness: StoreHarness): void {
	describe('what is asked', () => {
		let opened: OpenedStore;
		let store: Store;
		beforeAll(async () => {
			opened = await harness.open();
			({ store } = opened);
		});
		afterAll(async () => await opened.close());

		const request = (over: Partial<ClaimRequest> = {}) =>
			claimRequest({ identity: freshIdentity('checked'), ...over });
		const refused = { ok: false, error: { problem: 'configuration' } };

		/** Each in a batch with good ones, which are granted. */
		const expectRefused = async (wrong: ReadonlyArray<Partial<ClaimRequest>>) => {
			const bad = wrong.map((over) => request(over));
			const batch = [request(), ...bad.flatMap((each) => [each, request()])];
			const replies = await store.claim(batch);
			for (const [i, reply] of replies.entries()) {
				const at = `${i}: ${JSON.stringify(batch[i], (_, value: unknown) => (typeof value === 'number' ? String(value) : value)).slice(0, 500)}`;
				if (i % 2 === 1) expect({ at, ...reply }).toMatchObject({ at, ...refused });
				else expect({ at, ...reply }).toMatchObject({ at, answer: { outcome: 'new' } });
			}
			const plain = bad.filter(({ identity }) => /^[0-9a-f]{64}$/.test(identity));
			const stored = await store.get(plain.map(({ identity }) => identity));
			expect(stored.map(answered)).toEqual(plain.map(() => null));
		};

		it.each(['leaseMs', 'claimTimeoutMs', 'retentionMs'])(
			'no claim with a %s that could not hold, or would not end',
			async (name) => {
				await expectRefused(BAD_DURATIONS.map((ms) => ({ [name]: ms })));
			},
		);

		it('no claim with a budget that could not hold', async () => {
			const budget = { identity: freshIdentity('budget'), limit: 1, windowMs: HOUR };
			await expectRefused([
				...BAD_DURATIONS.map((windowMs) => ({ budget: { ...budget, windowMs } })),
				...[0, -1, 1.5, NaN, 10_001].map((limit) => ({ budget: { ...budget, limit } })),
				{ budget: { ...budget, identity: 'all' } },
			]);
		});

		it('no claim with a name that stores would tell apart in different ways', async () => {
			await expectRefused([
				{ namespace: '' },
				...BAD_NAMES.map((namespace) => ({ namespace })),
				...BAD_NAMES.map((workflowId) => ({ workflowId })),
				...BAD_NAMES.map((executionId) => ({ executionId })),
				...['', 'a\nb', 'é', 'x'.repeat(201)].map((owner) => ({ owner })),
				...['a\nb', 'é', 'x'.repeat(201)].map((fingerprint) => ({ fingerprint })),
				...['a\nb', 'é', 'x'.repeat(201)].map((tenant) => ({ tenant })),
				...['', 'a', 'F'.repeat(64), `${'f'.repeat(64)}\n`].map((identity) => ({ identity })),
			]);
		});

		it('no claim with other values that could not be kept', async () => {
			await expectRefused([
				...[NaN, -1, Infinity].map((eventAt) => ({ eventAt })),
				...[0, -1, 1.5, NaN].map((maxAttempts) => ({ maxAttempts })),
				{ fieldDigests: new Uint8Array(MAX_DIGESTS_BYTES + 1) },
			]);
		});

		it('nothing of another type than is asked for: no method rejects', async () => {
			const replies = await store.claim([request({ key: {} as string }), request()]);
			expect(replies).toMatchObject([
				{ ok: false, error: { problem: 'unexpected' } },
				{ ok: true, answer: { outcome: 'new' } },
			]);
		});

		it('no command that could not hold, each of a batch by itself', async () => {
			const held = [request(), request()] as const;
			const [first, second] = (await store.claim(held)).map((reply) => fenceOf(reply));
			const owned = {
				identity: held[0].identity,
				owner: held[0].owner,
				fence: first ?? 0,
				ownRun: true,
			};
			const ended = { statusCode: 0, reason: '' };
			const remains = remainsOf(held[0]);
			const finish = (over: Parameters<typeof finishOf>[2]) => finishOf(held[0], owned.fence, over);
			const large = new Uint8Array(MAX_RESULT_BYTES + 1);
			const orders: OwnerCommand[] = [
				...BAD_DURATIONS.flatMap((ms): OwnerCommand[] => [
					{ ...owned, type: 'renew', leaseMs: ms },
					{ ...owned, type: 'start', leaseMs: ms, workflowId: 'w', executionId: 'e' },
					finish({ retentionMs: ms }),
					finish({ remains: { ...remains, retentionMs: ms } }),
					finish({ remains: { ...remains, claimTimeoutMs: ms } }),
				]),
				...BAD_DURATIONS.filter((ms) => ms !== 0).flatMap((retryAfterMs): OwnerCommand[] => [
					{ ...owned, ...ended, type: 'release', retryAfterMs },
					{ ...owned, ...ended, type: 'abandon', to: 'released', retryAfterMs },
				]),
				...BAD_NAMES.flatMap((name): OwnerCommand[] => [
					{ ...owned, type: 'start', leaseMs: 1, workflowId: name, executionId: 'e' },
					{ ...owned, type: 'start', leaseMs: 1, workflowId: 'w', executionId: name },
					finish({ remains: { ...remains, namespace: name } }),
				]),
				finish({ result: large }),
				{ ...owned, ...ended, type: 'abandon', to: 'completed', result: large },
				{ ...owned, type: 'deposit', request: large },
			];
			const done = finishOf(held[1], second ?? 0);
			const replies = await store.command([...orders, done]);
			for (const [i, reply] of replies.slice(0, -1).entries()) {
				const at = `${i}: ${orders[i]?.type}`;
				expect({ at, ...reply }).toMatchObject({ at, ...refused });
			}
			expect(answered(replies.at(-1))).toMatchObject({ outcome: 'done', state: 'completed' });
			const [stored] = await store.get([owned.identity]);
			expect(recordOf(answered(stored))).toMatchObject({ state: 'processing', result: null });
		});

		it('nothing else that could not hold', async () => {
			const notices = ['one'];
			const replies: Array<Reply<unknown> | undefined> = [
				...(await Promise.all(
					BAD_DURATIONS.map(
						async (holdMs) => await store.takeNotices({ consumer: 'consumer', notices, holdMs }),
					),
				)),
				...(await Promise.all(
					['', 'a b', 'a\nb', 'é', 'x'.repeat(65)].flatMap((consumer) => [
						store.takeNotices({ consumer, notices, holdMs: 1 }),
						store.keepNotices({ consumer, notices: [] }),
					]),
				)),
				...(await Promise.all(
					[NaN, Infinity, -1].map(
						async (until) =>
							await store.keepNotices({ consumer: 'c', notices: [{ notice: 'one', until }] }),
					),
				)),
				...(await Promise.all(
					BAD_NAMES.map(
						async (notice) =>
							await store.takeNotices({ consumer: 'c', notices: [notice], holdMs: 1 }),
					),
				)),
				...(await Promise.all(
					[0, -1, NaN, Infinity].map(
						async (pageSize) => await store.list({ ...ALL_RECORDS, pageSize }),
					),
				)),
				...(await Promise.all(
					BAD_NAMES.flatMap((bad) => [
						store.names([bad]),
						store.tallied([bad]),
						store.tally({ counts: [{ bucket: bad, name: 'good', by: 1 }], keepMs: 1 }),
						store.noteName({ namespace: bad, name: 'good', lifetimeMs: 1 }),
						store.noteName({ namespace: 'good', name: bad, lifetimeMs: 1 }),
					]),
				)),
				await store.list({ ...ALL_RECORDS, seenFrom: NaN }),
				await store.list({ ...ALL_RECORDS, namespace: 'a\nb' }),
				...(await store.get(['a', 'F'.repeat(64)])),
				await store.operate({ identity: 'a', type: 'forget', force: true }),
			];
			for (const [i, reply] of replies.entries()) {
				expect({ i, ...reply }).toMatchObject({ i, ...refused });
			}
		});
	});

	describe('what is kept', () => {
		let opened: OpenedStore;
		let store: Store;
		beforeAll(async () => {
			opened = await harness.open();
			({ store } = opened);
		});
		afterAll(async () => await opened.close());

		const fraction = {
			leaseMs: 30_000.5,
			claimTimeoutMs: 60_000.2,
			retentionMs: 100_000.001,
			onUnknownOutcome: 'retry',
		} as const;
		const whole = { claimTimeoutMs: 60_001, retentionMs: 100_001 };

		it('are whole milliseconds, rounded up, in the answer to a claim as in the record', async () => {
			const request = claimRequest({ identity: freshIdentity(), ...fraction });
			const lengths = async (reply: Reply<{ outcome: string; record?: unknown }> | undefined) => {
				const record = recordOf(answered((await store.get([request.identity]))[0]));
				const { record: told } = answered(reply);
				const { leaseUntil, expiresAt } = record;
				if (told !== undefined) expect(told).toMatchObject({ ...whole, leaseUntil, expiresAt });
				expect(record).toMatchObject(whole);
				expect(record.expiresAt).toBe(record.leaseUntil + 100_001);
				return record.leaseUntil - Math.floor(microsOf(reply) / 1000);
			};
			const [first] = await store.claim([request]);
			expect(await lengths(first as Reply<{ outcome: string }>)).toBe(30_001);
			const [own] = await store.claim([request]);
			expect(await lengths(own as Reply<{ outcome: string }>)).toBe(30_001);
			const { identity, owner } = request;
			const [renewed] = await store.command([
				{ identity, owner, fence: fenceOf(first), ownRun: true, type: 'renew', leaseMs: 1_000.5 },
			]);
			expect(await lengths(renewed as Reply<{ outcome: string }>)).toBe(1_001);
			await opened.advance(1_002);
			const [again] = await store.claim([{ ...request, owner: 'owner-b' }]);
			expect(answered(again)).toMatchObject({ outcome: 'new', takeover: true });
			expect(await lengths(again as Reply<{ outcome: string }>)).toBe(30_001);
			const [released] = await store.command([
				{
					identity,
					owner: 'owner-b',
					fence: fenceOf(again),
					ownRun: true,
					type: 'release',
					retryAfterMs: 0.1,
					statusCode: 0,
					reason: '',
				},
			]);
			const { notBefore } = recordOf(answered((await store.get([identity]))[0]));
			expect(notBefore - Math.floor(microsOf(released) / 1000)).toBe(1);
		});

		it('is an event in whole milliseconds, and a window and a hold rounded up', async () => {
			const [empty] = await store.get([freshIdentity()]);
			const eventAt = Math.floor(microsOf(empty) / 1000) - MINUTE;
			const budget = { identity: freshIdentity('budget'), limit: 1, windowMs: 1_000.5 };
			const request = claimRequest({ identity: freshIdentity(), eventAt: eventAt + 0.5, budget });
			expect(answered((await store.claim([request]))[0])).toMatchObject({ record: { eventAt } });
			const [stored] = await store.get([request.identity]);
			expect(answered(stored)).toMatchObject({ eventAt });

			const order = { consumer: 'consumer', notices: ['one'], holdMs: 1_000_000.5 };
			const taken = await store.takeNotices(order);
			expect(answered(taken)).toEqual(['one']);
			await opened.advance(999_000);
			expect(answered(await store.takeNotices(order))).toEqual([]);
			await opened.advance(1_001);
			expect(answered(await store.takeNotices(order))).toEqual(['one']);
		});

		it('is text that people read, cut where it is too long, with no half characters', async () => {
			const request = claimRequest({
				identity: freshIdentity(),
				key: `half \ud83d ${'k'.repeat(5_000)}`,
			});
			const [reply] = await store.claim([request]);
			const [stored] = await store.get([request.identity]);
			const { key } = recordOf(answered(stored));
			expect(key).toMatch(/^half � k{1993}$/u);
			expect(answered(reply)).toMatchObject({ record: { key } });
			const order = finishOf(request, fenceOf(reply), {
				statusCode: 99.5,
				reason: `half \udc00 ${'r'.repeat(5_000)}`,
			});
			const [done] = await store.command([order]);
			const [finished] = await store.get([request.identity]);
			const { reason, statusCode } = recordOf(answered(finished));
			expect(reason).toMatch(/^half � r{1993}$/u);
			expect(statusCode).toBe(0);
			expect(answered(done)).toMatchObject({ outcome: 'done', state: 'completed' });
		});
	});
}
