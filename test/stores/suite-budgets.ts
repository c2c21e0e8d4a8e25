import { MAX_BUDGET_LIMIT } from '../../lib/core/budget';
import type { ClaimAnswer, ClaimRequest } from '../../lib/core/record';
import {
	HOUR,
	LEASE,
	MINUTE,
	SECOND,
	answered,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	microsOf,
} from '../support/requests';
import type { OpenedStore, StoreHarness } from './suite';

const CLAIMANTS = 200;

/** Budgets, over two openings of the same data. */
export function describeBudgets(harness: StoreHarness): void {
	describe('a budget', () => {
		let opened: OpenedStore;
		beforeAll(async () => {
			opened = await harness.open();
		});
		afterAll(async () => await opened.close());

		const budgetOf = (limit: number, windowMs = 10 * MINUTE) => ({
			identity: freshIdentity('budget'),
			limit,
			windowMs,
		});
		const ask = async (over: Partial<ClaimRequest>) => {
			const request = claimRequest({ identity: freshIdentity('budgeted'), ...over });
			const [reply] = await opened.store.claim([request]);
			return { request, reply, answer: answered(reply) };
		};
		const exhausted = { outcome: 'conflict', reason: 'budget_exhausted' };

		it('grants new keys up to its limit, and says when there is room again', async () => {
			const budget = budgetOf(3);
			const first = await ask({ budget });
			await opened.advance(MINUTE);
			expect((await ask({ budget })).answer.outcome).toBe('new');
			expect((await ask({ budget })).answer.outcome).toBe('new');
			const refused = await ask({ budget });
			expect(refused.answer).toMatchObject({ ...exhausted, record: null });
			const elapsed = Math.floor(microsOf(refused.reply) / 1000 - microsOf(first.reply) / 1000);
			const wait = waitOf(refused.answer);
			// In a cluster record and counter are asked one after the other.
			expect(Math.abs(wait - (10 * MINUTE - elapsed))).toBeLessThanOrEqual(SECOND);

			await opened.advance(wait - 5 * SECOND);
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
			await opened.advance(5 * SECOND);
			expect((await ask({ budget })).answer.outcome).toBe('new');
			// The window slides: the two of a minute later still count.
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
		});

		it('takes nothing for what is refused or a duplicate', async () => {
			const budget = budgetOf(2);
			const { request, reply } = await ask({ budget });
			const again = { identity: request.identity, budget };
			expect((await ask({ ...again, owner: 'other' })).answer).toMatchObject({
				reason: 'in_progress',
			});
			expect((await ask({ ...again, fingerprint: 'another' })).answer).toMatchObject({
				reason: 'payload_mismatch',
			});
			await opened.store.command([finishOf(request, fenceOf(reply))]);
			for (let i = 0; i < 5; i++) {
				expect((await ask({ ...again, owner: `late ${i}` })).answer.outcome).toBe('duplicate');
			}
			expect((await ask({ budget })).answer.outcome).toBe('new');
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
			expect((await ask({ ...again, owner: 'late' })).answer.outcome).toBe('duplicate');
		});

		it('counts what was granted and given back, and each further try', async () => {
			const budget = budgetOf(2);
			const { request, reply } = await ask({ budget });
			const release = {
				type: 'release' as const,
				identity: request.identity,
				owner: request.owner,
				ownRun: true,
				retryAfterMs: 0,
				statusCode: 429,
				reason: '',
			};
			await opened.store.command([{ ...release, fence: fenceOf(reply) }]);
			const second = await ask({ identity: request.identity, budget });
			expect(second.answer).toMatchObject({ outcome: 'new', record: { attempts: 2 } });
			await opened.store.command([{ ...release, fence: fenceOf(second.reply) }]);
			const third = await ask({ identity: request.identity, budget });
			expect(third.answer).toMatchObject({ ...exhausted, record: { attempts: 2 } });
			expect(waitOf(third.answer)).toBeGreaterThan(9 * MINUTE);
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
		});

		it('takes no second unit where the owner asks again, and gives the claim though it is spent', async () => {
			const budget = budgetOf(2);
			const { request, reply } = await ask({ budget });
			for (let i = 0; i < 3; i++) {
				expect(fenceOf((await opened.store.claim([request]))[0])).toBe(fenceOf(reply));
			}
			await opened.advance(LEASE + 1);
			expect(fenceOf((await opened.store.claim([request]))[0])).toBe(fenceOf(reply));
			expect((await ask({ budget })).answer.outcome).toBe('new');
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
			expect(fenceOf((await opened.store.claim([request]))[0])).toBe(fenceOf(reply));
		});

		it('holds where counter and record are kept in one place, as in others', async () => {
			const identities = [0, 1, 2, 3].map(() => `ab${freshIdentity('near').slice(2)}`);
			const budget = { ...budgetOf(3), identity: `ab${freshIdentity('near').slice(2)}` };
			const words = [];
			for (const identity of identities)
				words.push((await ask({ identity, budget })).answer.outcome);
			expect(words).toEqual(['new', 'new', 'new', 'conflict']);
			const far = `cd${freshIdentity('far').slice(2)}`;
			expect((await ask({ identity: far, budget })).answer).toMatchObject(exhausted);
		});

		it('is its own: another scope, and a claim without one, are not held up', async () => {
			const budget = budgetOf(1);
			await ask({ budget });
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
			expect((await ask({ budget: budgetOf(1) })).answer.outcome).toBe('new');
			expect((await ask({})).answer.outcome).toBe('new');
			// A raised limit holds at once.
			expect((await ask({ budget: { ...budget, limit: 2 } })).answer.outcome).toBe('new');
		});

		it('grants no more than is left to the items of one batch, in their order', async () => {
			const budget = budgetOf(3);
			const identities = Array.from({ length: 10 }, () => freshIdentity('of a batch'));
			// The second asks for the key of the first, which takes nothing.
			identities[1] = identities[0] ?? '';
			const replies = await opened.store.claim(
				identities.map((identity, i) =>
					claimRequest({ identity, owner: `item ${i}`, ...(i === 4 ? {} : { budget }) }),
				),
			);
			const words = replies
				.map(answered)
				.map((answer) => (answer.outcome === 'conflict' ? answer.reason : answer.outcome));
			const rest = Array.from({ length: 5 }, () => 'budget_exhausted');
			expect(words).toEqual(['new', 'in_progress', 'new', 'new', 'new', ...rest]);
		});

		it('refuses a limit or window that could not hold', async () => {
			const budgets = [
				{ limit: 0 },
				{ limit: -1 },
				{ limit: 1.5 },
				{ limit: NaN },
				{ limit: MAX_BUDGET_LIMIT + 1 },
				{ windowMs: 0 },
				{ windowMs: NaN },
				{ windowMs: Infinity },
			];
			for (const wrong of budgets) {
				const budget = { ...budgetOf(1), ...wrong };
				const request = claimRequest({ identity: freshIdentity(), budget });
				const [reply] = await opened.store.claim([request]);
				expect(reply).toMatchObject({ ok: false, error: { problem: 'configuration' } });
			}
		});

		it('is given back where many ask for one key at once', async () => {
			const budget = budgetOf(10);
			const identity = freshIdentity('one for many');
			const other = await opened.openAgain();
			const replies = await Promise.all(
				Array.from({ length: 60 }, async (_, i) => {
					const request = claimRequest({ identity, owner: `owner ${i}`, budget });
					return answered((await (i % 2 ? opened.store : other).claim([request]))[0]);
				}),
			);
			await other.close();
			expect(replies.filter(({ outcome }) => outcome === 'new')).toHaveLength(1);
			for (let left = 9; left > 0; left--) {
				expect((await ask({ budget })).answer.outcome).toBe('new');
			}
			expect((await ask({ budget })).answer).toMatchObject(exhausted);
		});

		it('is never overdrawn by many at once, nor left with anything', async () => {
			const other = await opened.openAgain();
			for (const limit of [1, 7, 50]) {
				const budget = budgetOf(limit, HOUR);
				const replies = await Promise.all(
					Array.from({ length: CLAIMANTS }, async (_, i) => {
						const identity = freshIdentity('of many');
						const request = claimRequest({ identity, owner: `owner ${i}`, budget });
						return answered((await (i % 2 ? opened.store : other).claim([request]))[0]);
					}),
				);
				const granted = replies.filter(({ outcome }) => outcome === 'new');
				expect(granted).toHaveLength(limit);
				for (const answer of replies) {
					if (answer.outcome !== 'new') expect(answer).toMatchObject(exhausted);
				}
			}
			await other.close();
		});
	});
}

function waitOf(answer: ClaimAnswer): number {
	if (answer.outcome !== 'conflict' || answer.retryAfterMs === null) throw new Error('no wait');
	return answer.retryAfterMs;
}
