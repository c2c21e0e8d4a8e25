import type { ClaimView } from '../core/record';
import type { Claimed, GrantedClaim } from './claim-items';
import { claimItems, grantedClaims } from './claim-items';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';
import type { GuardTerms } from './terms';
import { waitForSettlement } from './wait-for-settlement';
import type { WaiterLimits } from './waiter-limits';

/** Who waits. */
export interface WaitingHost {
	/** Ends the waiting. */
	readonly signal: AbortSignal | undefined;
	readonly limits: WaiterLimits;
	/** Whether another run holds the key. A run never waits for itself. */
	isHeldElsewhere(holder: ClaimView): boolean;
	/** Keeps claims that were granted after the wait. */
	hold(claims: readonly GrantedClaim[]): Promise<void>;
}

/**
 * "Wait for the Result": the batch waits for all keys that other runs hold, and claims again those that became free. Each item is
 * answered as if it had come at that time. An item keeps its conflict if its key is still held at the end, or if too many already wait
 * for it. Claims that are granted meanwhile are held.
 */
export async function waitForResults(
	host: WaitingHost,
	opened: OpenStore,
	terms: GuardTerms,
	items: readonly ClaimableItem[],
	claimed: readonly Claimed[],
): Promise<Claimed[]> {
	const answers = [...claimed];
	if (terms.maxWaitMs === null) return answers;
	const deadline = performance.now() + terms.maxWaitMs;
	const { signal } = host;
	const isWaitedFor = (answer: Claimed) => isHeldElsewhere(answer, host);

	const { admitted, leave } = host.limits.enter(
		answers.filter(isWaitedFor).flatMap((each) => (each.ok ? each.request : [])),
	);
	try {
		for (;;) {
			const waiting = [...answers.keys()].filter((i) => {
				const answer = answers[i];
				return answer?.ok && isWaitedFor(answer) && admitted.has(answer.request.identity);
			});
			if (waiting.length === 0) break;
			const identities = new Set(waiting.flatMap((i) => identityOf(answers[i]) ?? []));
			const end = await waitForSettlement(opened.store, [...identities], deadline, signal);
			for (const i of waiting) {
				const answer = answers[i];
				if (answer?.ok && end.now !== null) answers[i] = { ...answer, now: end.now };
			}
			const free = waiting.filter((i) => end.settled.has(identityOf(answers[i]) ?? ''));
			if (free.length === 0 || signal?.aborted) break;
			const again = await claimItems(
				opened,
				terms,
				free.flatMap((i) => items[i] ?? []),
			);
			await host.hold(grantedClaims(again));
			for (const [at, i] of free.entries()) answers[i] = again[at] ?? answers[i]!;
			if (performance.now() >= deadline) break;
		}
	} finally {
		leave();
	}
	return answers;
}

function isHeldElsewhere(claimed: Claimed, host: WaitingHost): boolean {
	if (!claimed.ok || claimed.answer.outcome !== 'conflict') return false;
	const { reason, record } = claimed.answer;
	return reason === 'in_progress' && record !== null && host.isHeldElsewhere(record);
}

function identityOf(claimed: Claimed | undefined): string | undefined {
	return claimed?.ok ? claimed.request.identity : undefined;
}
