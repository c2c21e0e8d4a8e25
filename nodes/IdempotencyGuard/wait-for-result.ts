import type { IExecuteFunctions } from 'n8n-workflow';

import { waitForSettlement } from '../../lib/wait-for-settlement';
import { WaiterLimits } from '../../lib/waiter-limits';
import type { OpenStore } from '../shared/open-store';
import type { Claimed } from './claim-items';
import { claimItems, grantedClaims } from './claim-items';
import type { HeldClaims } from './hold-claims';
import type { ClaimableItem } from './prepare';
import type { GuardSettings } from './settings';

/** Of this process. */
const limits = new WaiterLimits();

/**
 * "Wait for the Result": the batch waits once for all keys that other runs hold, and then claims those again that are free: each item
 * gets the answer as if it had come then. What is still held when the time is over, or was waited for too often, keeps its conflict;
 * so does what this execution itself holds, for which it would wait for ever. Claims granted meanwhile are held.
 */
export async function waitForResults(
	context: IExecuteFunctions,
	opened: OpenStore,
	settings: GuardSettings,
	items: readonly ClaimableItem[],
	claimed: readonly Claimed[],
	held: HeldClaims,
): Promise<Claimed[]> {
	const answers = [...claimed];
	if (settings.maxWaitMs === null) return answers;
	const deadline = performance.now() + settings.maxWaitMs;
	const signal = context.getExecutionCancelSignal();
	const executionId = context.getExecutionId();
	const isWaitedFor = (answer: Claimed) =>
		isHeldElsewhere(answer, settings.workflowId, executionId);

	const { admitted, leave } = limits.enter([
		...new Set(answers.filter(isWaitedFor).flatMap((each) => identityOf(each) ?? [])),
	]);
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
				settings,
				free.flatMap((i) => items[i] ?? []),
			);
			await held.hold(grantedClaims(again));
			for (const [at, i] of free.entries()) answers[i] = again[at] ?? answers[i]!;
			if (performance.now() >= deadline) break;
		}
	} finally {
		leave();
	}
	return answers;
}

function isHeldElsewhere(claimed: Claimed, workflowId: string, executionId: string): boolean {
	if (!claimed.ok || claimed.answer.outcome !== 'conflict') return false;
	const { reason, record } = claimed.answer;
	if (reason !== 'in_progress' || record === null) return false;
	return record.workflowId !== workflowId || record.executionId !== executionId;
}

function identityOf(claimed: Claimed | undefined): string | undefined {
	return claimed?.ok ? claimed.request.identity : undefined;
}
