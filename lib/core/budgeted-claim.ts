import type { Budget } from './budget';
import { budgetWaitMs } from './budget';
import type { ClaimAnswer, ClaimRequest, Stored } from './record';
import { type Clock, type Transition, claim } from './transitions';

/**
 * A claim that counts against a budget. It is asked last, when a grant is all that is left: duplicates are answered, and the owner
 * who asks again is given its claim, however little is left.
 *
 * @returns also whether the answer is a grant, which takes one of the budget at `clock`
 */
export function claimWithinBudget(
	stored: Stored,
	grantedAt: readonly number[],
	request: ClaimRequest & { readonly budget: Budget },
	clock: Clock,
): Transition<ClaimAnswer> & { readonly takes: boolean } {
	const wait = budgetWaitMs(grantedAt, request.budget, Math.floor(clock.micros / 1000));
	const done = claim(stored, request, clock, wait);
	// A fence grows with every grant, and with nothing else.
	const takes = done.answer.outcome === 'new' && done.answer.fence !== stored?.fence;
	return { ...done, takes };
}
