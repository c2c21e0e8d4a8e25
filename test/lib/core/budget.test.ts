import fc from 'fast-check';

import { budgetProblem, budgetWaitMs, MAX_BUDGET_LIMIT } from '../../../lib/core/budget';
import { claimWithinBudget } from '../../../lib/core/budgeted-claim';
import type { Stored } from '../../../lib/core/record';
import { claimRequest, identityOf } from '../../support/requests';

const budget = { identity: identityOf('budget'), limit: 3, windowMs: 1_000 };
const EPOCH = 1_700_000_000_000;
const clockAt = (ms: number) => ({ micros: (EPOCH + ms) * 1000, epoch: EPOCH });

describe('budgetWaitMs', () => {
	test.each([
		['nothing was granted', [], 0, 0],
		['there is room', [0, 10], 20, 0],
		['it is spent: until the first of the last three leaves the window', [0, 10, 20], 20, 980],
		['one leaves', [0, 10, 20], 999, 1],
		['one has left', [0, 10, 20], 1_000, 0],
		['more were granted than the limit is now', [0, 10, 20, 30, 40], 50, 970],
		['a grant lies ahead, since the clock went back', [0, 10, 5_000], 20, 980],
	])('%s', (_, grantedAt, now, wait) => {
		const times = grantedAt.map((at) => EPOCH + at);
		expect(budgetWaitMs(times, budget, EPOCH + now)).toBe(wait);
	});
});

test('in any window no more than the limit is granted, and a claim that waits as told is granted', () => {
	const steps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 60 });
	fc.assert(
		fc.property(steps, fc.integer({ min: 1, max: 4 }), (pauses, limit) => {
			const own = { ...budget, limit };
			const grantedAt: number[] = [];
			let now = EPOCH;
			let keys = 0;
			const ask = () => {
				const request = {
					...claimRequest({ identity: identityOf(`key ${keys++}`) }),
					budget: own,
				};
				const done = claimWithinBudget(null, grantedAt, request, clockAt(now - EPOCH));
				if (done.takes) grantedAt.push(now);
				return done.answer;
			};
			for (const pause of pauses) {
				now += pause;
				const answer = ask();
				if (answer.outcome !== 'conflict') continue;
				expect(answer.reason).toBe('budget_exhausted');
				now += (answer.retryAfterMs ?? 0) - 1;
				expect(ask().outcome).toBe('conflict');
				now += 1;
				expect(ask().outcome).toBe('new');
			}
			for (const end of grantedAt) {
				const within = grantedAt.filter((at) => at > end - own.windowMs && at <= end);
				expect(within.length).toBeLessThanOrEqual(limit);
			}
		}),
	);
});

test('what is refused for another reason is refused for that, and takes nothing', () => {
	const request = { ...claimRequest({ identity: identityOf('key') }), budget };
	const first = claimWithinBudget(null, [], request, clockAt(0));
	expect(first.takes).toBe(true);
	const stored: Stored = first.next;
	const spent = [0, 1, 2].map((at) => EPOCH + at);
	const ask = (over: object) =>
		claimWithinBudget(stored, spent, { ...request, ...over }, clockAt(10));
	expect(ask({ owner: 'other' })).toMatchObject({
		takes: false,
		answer: { reason: 'in_progress' },
	});
	expect(ask({ fingerprint: 'other' })).toMatchObject({ answer: { reason: 'payload_mismatch' } });
	expect(ask({ tenant: 'other' })).toMatchObject({ answer: { reason: 'tenant_mismatch' } });
	expect(ask({})).toMatchObject({ takes: false, answer: { outcome: 'new' } });
});

test.each([0, -1, 1.5, NaN, Infinity, MAX_BUDGET_LIMIT + 1])(
	'a limit of %p is refused',
	(limit) => {
		expect(budgetProblem({ ...budget, limit })).toMatch(
			/^budget\.limit must be a whole number from 1/,
		);
	},
);
