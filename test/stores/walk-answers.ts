import type { ClaimAnswer } from '../../lib/core/record';
import { comparable } from '../support/requests';

/** Every answer that the walks must have met, or they prove less than they say. */
export const EVERY_ANSWER = [
	'claim new',
	'claim takeover',
	'claim duplicate',
	'claim payload_mismatch',
	'claim in_progress',
	'claim unknown_outcome',
	'claim retry_later',
	'claim attempts_exhausted',
	'claim budget_exhausted',
	'claim stale_key',
	'claim tenant_mismatch',
	...['finish', 'release', 'park'].flatMap((type) =>
		['done', 'kept', 'superseded', 'refused'].map((outcome) => `${type} ${outcome}`),
	),
	'abandon done',
	'abandon kept',
	'finish recovered',
	'finish taken_over',
	'finish forgotten',
	'finish expired',
	...['renew', 'start'].flatMap((type) => [`${type} done`, `${type} lost`, `${type} superseded`]),
	'deposit done',
	'deposit kept',
	'resolve done',
	'resolve changed',
	'resolve refused',
	'forget done',
	'forget kept',
	'forget refused',
	'list none',
	'list some',
	'notices none',
	'notices some',
];

/** A budget may be asked a moment before its key. */
const ASKED_WITHIN_MS = 2_000;

const isOfBudget = (answer: ClaimAnswer | undefined) =>
	answer?.outcome === 'conflict' && answer.reason === 'budget_exhausted';

export function withoutWait(answer: ClaimAnswer): unknown {
	return comparable(isOfBudget(answer) ? { ...answer, retryAfterMs: null } : answer);
}

export function expectWait(answer: ClaimAnswer, expected: ClaimAnswer | undefined): void {
	if (answer.outcome !== 'conflict' || expected?.outcome !== 'conflict') return;
	const apart = Math.abs((answer.retryAfterMs ?? 0) - (expected.retryAfterMs ?? 0));
	expect(apart).toBeLessThanOrEqual(ASKED_WITHIN_MS);
}
