import type {
	ClaimRecord,
	ObservedState,
	OwnerAnswer,
	OwnerCommand,
	Stored,
	Tombstone,
} from './record';
import type { Clock, Transition } from './observe';
import { awaitsResult } from './completed-in-sql';
import { isTombstone, liveRecord, nowOf, observe } from './observe';
import { settled } from './settle';

/** The rows of docs/contract.md that a claim's owner orders: finish, release, park, abandon, renew, start, deposit. */
export function command(
	stored: Stored,
	order: OwnerCommand,
	clock: Clock,
): Transition<OwnerAnswer> {
	const now = nowOf(clock);
	const live = liveRecord(stored, now);
	const unchanged = (answer: OwnerAnswer): Transition<OwnerAnswer> => ({ next: stored, answer });

	if (!(Number.isSafeInteger(order.fence) && order.fence > 0)) {
		return unchanged({ outcome: 'refused' });
	}
	const leases = order.type === 'renew' || order.type === 'start';
	if (live === null || isTombstone(live)) {
		if (order.type === 'finish' && order.onlyAttach !== true)
			return finishAbsent(stored, live, order, now);
		if (leases) return unchanged({ outcome: 'lost', state: 'absent' });
		return unchanged({ outcome: 'kept', state: 'absent' });
	}

	const state = observe(live, now);
	const kept = (): Transition<OwnerAnswer> => unchanged({ outcome: 'kept', state });
	if (live.owner !== order.owner || live.fence !== order.fence) {
		return order.type === 'abandon' ? kept() : unchanged(takenOver(live, state));
	}
	// Two executions of one accepted request: the first one to start is the one that acts.
	if (order.type === 'start' && state === 'processing' && live.executionId !== order.executionId) {
		return unchanged(takenOver(live, state));
	}

	const next = obeyed(live, order, state, now);
	if (next === null) return leases ? unchanged({ outcome: 'lost', state }) : kept();
	const recovered = order.type === 'finish' && (state === 'released' || state === 'failed');
	return { next, answer: { outcome: 'done', state: next.state, recovered } };
}

function takenOver(live: ClaimRecord, state: ObservedState): OwnerAnswer {
	const { workflowId, executionId, fence } = live;
	return {
		outcome: 'superseded',
		reason: 'taken_over',
		current: { state, workflowId, executionId, fence },
	};
}

/** The record as its owner orders it to be; null where it stays as it is. */
function obeyed(
	live: ClaimRecord,
	order: OwnerCommand,
	state: ObservedState,
	now: number,
): ClaimRecord | null {
	const open = state === 'processing' || state === 'pending' || state === 'lapsed';
	switch (order.type) {
		case 'finish':
			return finished(live, order, state, now);
		case 'release':
			return open && order.ownRun ? settled(live, { ...order, to: 'released' }, now) : null;
		case 'park':
			return open || state === 'released' ? settled(live, { ...order, to: 'unknown' }, now) : null;
		case 'abandon':
			return open && order.ownRun ? settled(live, order, now) : null;
		case 'renew':
			return open && live.state === 'processing' ? extended(live, order, now) : null;
		case 'start':
			return state === 'pending' || state === 'processing' ? started(live, order, now) : null;
		case 'deposit':
			return state === 'pending' && order.ownRun ? { ...live, result: order.request } : null;
	}
}

function finished(
	live: ClaimRecord,
	order: OwnerCommand & { type: 'finish' },
	state: ObservedState,
	now: number,
): ClaimRecord | null {
	const isCompleted = order.to === 'completed';
	const isAllowed =
		awaitsResult(live) || (isCompleted && order.onlyAttach === true)
			? isCompleted && awaitsResult(live)
			: mayFinish(order.to, state, order.ownRun);
	return isAllowed ? settled({ ...live, retentionMs: order.retentionMs }, order, now) : null;
}

function mayFinish(to: 'completed' | 'failed', state: ObservedState, ownRun: boolean): boolean {
	if (state === 'completed') return false;
	if (to === 'completed') return true;
	if (state === 'failed') return false;
	return ownRun || state === 'released';
}

/** With a longer lease, within the time for which a run may hold a key; null once that is over. */
function extended(
	live: ClaimRecord,
	{ ownRun, leaseMs }: OwnerCommand & { type: 'renew' | 'start' },
	now: number,
): ClaimRecord | null {
	const holdUntil = live.claimedAt + live.claimTimeoutMs;
	if (!ownRun || now >= holdUntil) return null;
	const leaseUntil = Math.min(now + leaseMs, holdUntil);
	return { ...live, leaseUntil, expiresAt: leaseUntil + live.retentionMs };
}

function started(
	live: ClaimRecord,
	order: OwnerCommand & { type: 'start' },
	now: number,
): ClaimRecord | null {
	const next = extended(live, order, now);
	if (next === null) return null;
	const { workflowId, executionId } = order;
	return { ...next, state: 'processing', result: null, workflowId, executionId };
}

/**
 * An absent record can't know what happened since. A finish is believed while the claim is younger than the retention it was
 * granted with, for as long as a tombstone of it lives too, and younger than its own. A claim of a time that lies as far ahead is
 * none of this clock.
 */
function finishAbsent(
	stored: Stored,
	tombstone: Tombstone | null,
	order: OwnerCommand & { type: 'finish' },
	now: number,
): Transition<OwnerAnswer> {
	const claimedAt = Math.floor(order.fence / 1000);
	const superseded = (reason: 'forgotten' | 'expired', fence: number) => ({
		next: stored,
		answer: {
			outcome: 'superseded' as const,
			reason,
			current: { state: 'absent' as const, workflowId: '', executionId: '', fence },
		},
	});
	if (tombstone !== null && tombstone.fence >= order.fence) {
		return superseded(isTombstone(stored) ? 'forgotten' : 'expired', tombstone.fence);
	}
	if (Math.abs(now - claimedAt) >= Math.min(order.remains.retentionMs, order.retentionMs)) {
		return superseded('expired', 0);
	}
	const next: ClaimRecord = {
		...order.remains,
		state: order.to,
		owner: order.owner,
		fence: order.fence,
		firstSeenAt: claimedAt,
		claimedAt,
		leaseUntil: now,
		attempts: 1,
		takeover: false,
		notBefore: 0,
		finishedAt: now,
		retentionMs: order.retentionMs,
		expiresAt: now + order.retentionMs,
		believedUntil: Math.max(tombstone?.expiresAt ?? 0, claimedAt + order.remains.retentionMs),
		result: order.result,
		statusCode: order.statusCode,
		duplicates: 0,
		reason: order.reason,
	};
	return { next, answer: { outcome: 'done', state: order.to, recovered: true } };
}
