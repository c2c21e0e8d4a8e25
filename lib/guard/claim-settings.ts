import { durationProblem } from '../core/durations';
import type { ClaimRequest } from '../core/record';
import type { ClaimHost } from './claim-host';
import { ComplaintError } from './complaint';
import { LEASE_MS } from './lease-keeper';
import type { GuardTerms, ItemTerms } from './terms';

const TEST_RUN_RETENTION_MS = 3_600_000;

type ClaimSettings = Pick<
	ClaimRequest,
	'retentionMs' | 'claimTimeoutMs' | 'leaseMs' | 'onUnknownOutcome' | 'maxAttempts'
>;

/** What an item's claim is asked with. @throws ComplaintError for terms that can't work */
export function claimSettingsOf(
	host: ClaimHost,
	{ isTestRun, completeInSql }: GuardTerms,
	terms: ItemTerms,
): ClaimSettings {
	const { claimTimeoutMs, maxAttempts } = terms;
	const retentionMs = isTestRun
		? Math.min(terms.retentionMs, TEST_RUN_RETENTION_MS)
		: terms.retentionMs;
	const problem =
		durationProblem('"Remember For (Hours)"', retentionMs) ??
		durationProblem('"Time: Claim Timeout (Minutes)"', claimTimeoutMs) ??
		attemptsProblem(maxAttempts);
	if (problem !== null) throw invalidSetting(problem);
	return {
		retentionMs: Math.ceil(retentionMs),
		claimTimeoutMs: Math.ceil(claimTimeoutMs),
		leaseMs: Math.ceil(leaseOf(host.hearsEnd || isTestRun, claimTimeoutMs)),
		// What is not completed in SQL was not done, and can't be done by an earlier claim any more.
		onUnknownOutcome: isTestRun || completeInSql ? 'retry' : terms.onUnknownOutcome,
		maxAttempts,
	};
}

/**
 * The lease in ms. It is short where it is renewed until we hear that the execution ended. Where we never hear that, nobody could stop
 * the renewal, so the lease lasts for the whole claim timeout. Test runs have short ones: they must not block the next run.
 */
export function leaseOf(short: boolean, claimTimeoutMs: number): number {
	return short ? Math.min(LEASE_MS, claimTimeoutMs) : claimTimeoutMs;
}

/** Of a value that may come from the item. */
export function invalidParameter(message: string): ComplaintError {
	return new ComplaintError({ message, description: CORRECT_IT });
}

export function invalidSetting(message: string): ComplaintError {
	return new ComplaintError({ message, description: CORRECT_IT, isOfSettings: true });
}

const CORRECT_IT = 'Correct it in the settings of this node.';

function attemptsProblem(maxAttempts: number | null): string | null {
	return maxAttempts === null || (Number.isSafeInteger(maxAttempts) && maxAttempts >= 1)
		? null
		: '"Limit: Max Attempts" must be a whole number of at least 1';
}
