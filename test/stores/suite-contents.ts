import { contentGivenBack, contentRequest, namedByContent } from '../../lib/core/content-request';
import { ALL_RECORDS } from '../../lib/core/listing';
import type { ClaimRequest, ContentTerms } from '../../lib/core/record';
import { replyAt } from '../../lib/core/reply';
import { alikeBefore } from '../../lib/guard/same-content';
import {
	HOUR,
	LEASE,
	MINUTE,
	answered,
	claimRequest,
	comparable,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
	recordOf,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

/** What a grant leaves of its content, and who is told of it. */
export function describeContents(harness: StoreHarness): void {
	describe('a content', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const freshContent = (windowMs = 10 * MINUTE): ContentTerms => ({
			identity: freshIdentity('content'),
			windowMs,
		});
		let owners = 0;
		const requestWith = (content: ContentTerms, over: Partial<ClaimRequest> = {}) =>
			claimRequest({ identity: freshIdentity(), content, owner: `owner-${owners++}`, ...over });
		const claim = async (...requests: ClaimRequest[]) =>
			(await opened.store.claim(requests)).map(answered);
		/** Of each request its outcome; of a new one the place of the request that holds its content. */
		const holders = async (...requests: ClaimRequest[]) =>
			(await claim(...requests)).map((answer) => {
				if (answer.outcome !== 'new') {
					expect(answer).not.toHaveProperty('contentHeld');
					return answer.outcome === 'conflict' ? answer.reason : answer.outcome;
				}
				const { contentHeld } = answer;
				if (contentHeld === null || contentHeld === undefined) return contentHeld;
				if (contentHeld instanceof Error) throw contentHeld;
				return requests.findIndex(({ identity }) => identity === namedByContent(contentHeld));
			});
		const recordAt = async (identity: string) =>
			recordOf(answered(replyAt(await opened.store.get([identity]), 0)));

		it('is of the first grant, which later ones are told', async () => {
			const content = freshContent();
			const first = requestWith(content, { key: 'first', executionId: '17' });
			expect(await holders(first)).toEqual([null]);
			const [answer] = await claim(requestWith(content));
			if (answer?.outcome !== 'new') throw new Error('not granted');
			expect(answer.contentHeld).toMatchObject({
				key: 'first',
				workflowId: 'workflow-1',
				executionId: '17',
				claimedAt: (await recordAt(content.identity)).claimedAt,
			});
			expect(namedByContent(await recordAt(content.identity))).toBe(first.identity);
			// Its owner asks again.
			expect(await holders(first)).toEqual([null]);
			expect(await holders(requestWith(freshContent()))).toEqual([null]);
			expect(await holders(claimRequest({ identity: freshIdentity() }))).toEqual([undefined]);
		});

		it('is of the first in the order of a batch, however large', async () => {
			for (const count of [2, 20, 300, 600]) {
				const content = freshContent();
				const requests = Array.from({ length: count }, () => requestWith(content));
				expect(await holders(...requests)).toEqual([null, ...Array(count - 1).fill(0)]);
			}
			const contents = Array.from({ length: 600 }, () => freshContent());
			const pairs = [...contents, ...contents].map((content) => requestWith(content));
			const held = await holders(...pairs);
			expect(held.slice(0, 600)).toEqual(contents.map(() => null));
			expect(held.slice(600)).toEqual(contents.map((_, place) => place));
		});

		it('is of one alone, whoever asks at once', async () => {
			const content = freshContent();
			const again = await opened.openAgain();
			const asked = Array.from({ length: 40 }, (_, i) =>
				requestWith(content, { key: `at once ${i}` }),
			);
			const replies = await Promise.all(
				asked.map(async (request, i) => await (i % 2 ? again : opened.store).claim([request])),
			);
			const held = replies.flat().map((reply) => {
				const answer = answered(reply);
				if (answer.outcome !== 'new') throw new Error('not granted');
				return answer.contentHeld;
			});
			const first = asked[held.indexOf(null)]!;
			expect(held.filter((each) => each === null)).toHaveLength(1);
			for (const each of held) if (each !== null) expect(each).toMatchObject({ key: first.key });
		});

		it('has the record that a claim of its own would make, whatever its request is like', async () => {
			const [looked] = await opened.store.get([freshIdentity()]);
			const now = Math.floor(microsOf(looked) / 1000);
			const differ: Array<Partial<ClaimRequest>> = [
				{},
				{ key: '', executionId: '', workflowId: '' },
				{ key: 'k'.repeat(300), workflowId: 'w'.repeat(100), executionId: 'e'.repeat(100) },
				{
					tenant: 'tenant',
					eventAt: now,
					fingerprint: '',
					fieldDigests: Buffer.alloc(0),
				},
				{ pending: true, maxAttempts: 2, extendRetention: true, onUnknownOutcome: 'retry' },
				{ key: 'of\nlines', counting: 'observed', retentionMs: 40 * HOUR },
			];
			const requests = differ.map((over) => requestWith(freshContent(MINUTE + 0.5), over));
			// Alone, and in one batch, in which they are told in other ways.
			for (const batch of [...requests.map((each) => [each]), requests]) {
				const fresh = batch.map((each) => ({ ...each, identity: freshIdentity() }));
				const those = fresh.map((each) => ({ ...each, content: freshContent(MINUTE + 0.5) }));
				expect(await holders(...those)).toEqual(those.map(() => null));
				for (const each of those) {
					const direct = { ...each, content: freshContent(MINUTE + 0.5) };
					fenceOf(replyAt(await opened.store.claim([contentRequest(direct.content, direct)]), 0));
					const own = await recordAt(each.content.identity);
					const other = await recordAt(direct.content.identity);
					const apart = other.claimedAt - own.claimedAt;
					expect(comparable(own)).toEqual(
						comparable({
							...other,
							owner: own.owner,
							fence: own.fence,
							firstSeenAt: other.firstSeenAt - apart,
							claimedAt: other.claimedAt - apart,
							eventAt: other.eventAt - apart,
							leaseUntil: other.leaseUntil - apart,
							expiresAt: other.expiresAt - apart,
							believedUntil: other.believedUntil - apart,
						}),
					);
				}
			}
		});

		it('is not of a request that was not granted', async () => {
			const used = claimRequest({ identity: freshIdentity() });
			await claim(used);
			const budget = { identity: freshIdentity('budget'), limit: 1, windowMs: HOUR };
			await claim(claimRequest({ identity: freshIdentity(), budget }));
			const content = freshContent();
			const refused = [
				{ ...used, content, owner: 'owner-b' },
				{ ...used, content, owner: 'owner-c', fingerprint: 'another' },
				{ ...used, content, owner: 'owner-d', tenant: 'another' },
				requestWith(content, { budget }),
				requestWith(content, { eventAt: 1, strictAge: true }),
			];
			const reasons = [
				'in_progress',
				'payload_mismatch',
				'tenant_mismatch',
				'budget_exhausted',
				'stale_key',
			];
			expect(await holders(...refused)).toEqual(reasons);
			for (const each of refused) expect((await holders(each))[0]).not.toBeNull();
			// Nor beside others: whoever is told that one of these holds it finds that it was given back.
			const fresh = requestWith(content);
			const late = requestWith(content);
			const answers = (await claim(...refused, fresh, late)).slice(-2);
			const before = [fresh, late].map(async (request, i) => {
				const answer = answers[i]!;
				if (answer.outcome !== 'new') throw new Error('not granted');
				const { contentHeld = null } = answer;
				return await alikeBefore(opened.store, request, contentHeld, [request.identity]);
			});
			expect(await before[0]).toBeNull();
			expect(await before[1]).toMatchObject({ identity: fresh.identity });
			await opened.store.command([finishOf(fresh, (await recordAt(fresh.identity)).fence)]);
			const other = freshContent();
			expect(await holders({ ...fresh, content: other, owner: 'owner-e' })).toEqual(['duplicate']);
			expect(await holders(requestWith(other))).toEqual([null]);
		});

		it('stays with its owner, who asks again while another acts for the key', async () => {
			const content = freshContent();
			const first = requestWith(content);
			const fence = fenceOf(replyAt(await opened.store.claim([first]), 0));
			await opened.store.command([contentGivenBack({ ...first, fence })]);
			expect(await holders({ ...first, owner: 'another' })).toEqual([null]);
			expect(await holders(first)).toEqual(['in_progress']);
			expect(await holders(requestWith(content), first)).toEqual([1, 'in_progress']);
		});

		it('is remembered from when it was first asked for, and tells its owner of what it names', async () => {
			const content = freshContent(MINUTE);
			const first = requestWith(content);
			await claim(first);
			await opened.advance(MINUTE - 5_000);
			expect(await holders(requestWith(content, { owner: first.owner }), first)).toEqual([1, null]);
			await opened.advance(5_001);
			expect(await holders(requestWith(content))).toEqual([null]);
		});

		it('is not of a request that failed', async () => {
			const content = freshContent();
			const broken = requestWith(content);
			await claim(claimRequest({ identity: broken.identity }));
			await opened.corrupt(broken.identity);
			const [reply] = await opened.store.claim([broken]);
			expect(reply).toMatchObject({ ok: false, error: { problem: 'corrupt_record' } });
			expect(await holders(requestWith(content))).toEqual([null]);
		});

		it('comes with a key that is granted again', async () => {
			const first = requestWith(freshContent(), { onUnknownOutcome: 'retry' });
			await claim(first);
			await opened.advance(LEASE + 1);
			const content = freshContent();
			const again = { ...first, owner: 'owner-b', content };
			const [answer] = await claim(again);
			expect(answer).toMatchObject({ outcome: 'new', takeover: true, contentHeld: null });
			expect(await holders(requestWith(content), again)).toEqual([1, null]);
		});

		it('is free when its time is over, or it was given back', async () => {
			const content = freshContent(MINUTE);
			await claim(requestWith(content));
			await opened.advance(MINUTE - 5_000);
			expect(await holders(requestWith(content))).toEqual([-1]);
			await opened.advance(5_001);
			expect(await holders(requestWith(content))).toEqual([null]);
			const held = await recordAt(content.identity);
			await opened.store.command([contentGivenBack({ ...held, identity: content.identity })]);
			const next = requestWith(content);
			expect(await holders(next)).toEqual([null]);
			const record = await recordAt(content.identity);
			expect(namedByContent(record)).toBe(next.identity);
			expect(record.state).toBe('processing');
			expect(record.fence).toBeGreaterThan(held.fence);
			await opened.store.operate({ type: 'forget', identity: content.identity, force: true });
			expect(await holders(requestWith(content))).toEqual([null]);
			expect((await recordAt(content.identity)).fence).toBeGreaterThan(record.fence);
		});

		it('that can not be read fails no key', async () => {
			const content = freshContent();
			await claim(requestWith(content));
			await opened.corrupt(content.identity);
			const [answer, beside] = await claim(requestWith(content), requestWith(freshContent()));
			expect(answer).toMatchObject({
				outcome: 'new',
				contentHeld: { name: 'StoreError', problem: 'corrupt_record' },
			});
			expect(beside).toMatchObject({ outcome: 'new', contentHeld: null });
		});

		it('is neither listed nor counted', async () => {
			await claim(requestWith(freshContent()));
			for (const states of [null, ['processing'] as const]) {
				const page = answered(await opened.store.list({ ...ALL_RECORDS, states }));
				const namespaces = new Set(page.records.map(({ record }) => record.namespace));
				expect(namespaces).toEqual(new Set(['orders']));
			}
			const namespaces = answered(await opened.store.stats()).map(({ namespace }) => namespace);
			expect(new Set(namespaces)).toEqual(new Set(['orders']));
		});

		it('that could not be kept is refused with its request', async () => {
			const wrong = [0, NaN, -1, Infinity, 1e15].map((windowMs) => freshContent(windowMs));
			for (const content of [...wrong, { identity: 'all', windowMs: MINUTE }]) {
				const request = requestWith(content);
				const [reply] = await opened.store.claim([request]);
				expect(reply).toMatchObject({ ok: false, error: { problem: 'configuration' } });
				expect(answered(replyAt(await opened.store.get([request.identity]), 0))).toBeNull();
			}
		});
	});
}
