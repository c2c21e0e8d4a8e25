import { durationProblem } from './durations';

/**
 * How many grants a scope may have: a conversation, an order, a customer. A claim that is refused takes nothing of it, and a
 * claim that was granted and given back stays counted: whoever let it go may have acted.
 *
 * The window slides: in any `windowMs` at most `limit` grants are made. A fixed window would let twice as many through around
 * its end. What a store keeps for it are the times of the last grants, by its own clock.
 */
export interface Budget {
	/** Addresses the counter: 64 hex digits. The window is part of it, so that two windows never share a counter. */
	readonly identity: string;
	readonly limit: number;
	readonly windowMs: number;
}

/** The times of as many grants are kept. */
export const MAX_BUDGET_LIMIT = 10_000;

/** Says what is wrong with a budget before any store is touched, or null. */
export function budgetProblem(
	{ limit, windowMs }: Budget,
	names = { limit: 'budget.limit', window: 'budget.windowMs' },
): string | null {
	if (!(Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_BUDGET_LIMIT)) {
		return `${names.limit} must be a whole number from 1 to ${MAX_BUDGET_LIMIT.toLocaleString('en-US')}`;
	}
	return durationProblem(names.window, windowMs);
}

/** Grants up to this time (ms) count no more. */
export function budgetWindowStart({ windowMs }: Budget, nowMs: number): number {
	return nowMs - windowMs;
}

/**
 * How long until the budget has room, in ms; 0 where it has.
 *
 * @param grantedAt the times of the scope's grants in ms, oldest first; those before the window are passed over
 */
export function budgetWaitMs(grantedAt: readonly number[], budget: Budget, nowMs: number): number {
	const start = budgetWindowStart(budget, nowMs);
	const counted = grantedAt.filter((at) => at > start);
	const leavesFirst = counted[counted.length - budget.limit];
	return leavesFirst === undefined ? 0 : leavesFirst - start;
}
