import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	ConflictReason,
	Stored,
	Tombstone,
} from './record';
import { viewOf } from './record';
import type { Clock, Transition } from './observe';
import {
	NEVER_BEGAN,
	afterTime,
	isTombstone,
	liveRecord,
	neverBegan,
	nextFence,
	nowOf,
	observe,
} from './observe';

/**
 * The rows "claim" of docs/contract.md.
 *
 * @param budgetWaitMs how long until the request's budget has room, see budget.ts; 0 where it has, or there is none
 */
export function claim(
	stored: Stored,
	request: ClaimRequest,
	clock: Clock,
	budgetWaitMs = 0,
): Transition<ClaimAnswer> {
	const now = nowOf(clock);
	const live = liveRecord(stored, now);
	if (live === null || isTombstone(live)) {
		return claimAbsent(stored, live, request, clock, budgetWaitMs);
	}
	const record = afterTime(live, now);
	const began = !neverBegan(live, now);

	const refuse = (reason: ConflictReason, retryAfterMs: number | null = null) => ({
		next: stored,
		answer: {
			outcome: 'conflict' as const,
			reason,
			retryAfterMs,
			record: reason === 'tenant_mismatch' ? null : viewOf(record),
		},
	});

	if (live.tenant !== request.tenant) return refuse('tenant_mismatch');
	if (fingerprintsDiffer(live, request)) return refuse('payload_mismatch');

	const state = observe(live, now);
	const isOwner = live.owner === request.owner;
	switch (state) {
		case 'completed':
		case 'failed':
			return answerDuplicate(live, request, now);
		case 'pending':
			return isOwner ? sameClaim(stored, live) : refuse('in_progress');
		case 'processing':
			return isOwner ? refreshLease(live, request, now) : refuse('in_progress');
		case 'lapsed':
			if (isOwner && began) return refreshLease(live, request, now);
			break;
		default:
			break;
	}

	const takeover = state === 'lapsed' || state === 'unknown';
	if (takeover && (live.onUnknownOutcome === 'hold' || request.onUnknownOutcome === 'hold')) {
		return refuse('unknown_outcome');
	}
	if (began && request.maxAttempts !== null && live.attempts >= request.maxAttempts) {
		return refuse('attempts_exhausted');
	}
	if (live.notBefore > now) return refuse('retry_later', live.notBefore - now);
	if (budgetWaitMs > 0) return refuse('budget_exhausted', budgetWaitMs);
	return grantAgain(record, request, clock, takeover, began ? '' : NEVER_BEGAN);
}

/**
 * Nothing to compare on one side, or another comparison, is no difference: the setting was changed meanwhile, or the package
 * compares in another way than when the record was made.
 */
function fingerprintsDiffer(record: ClaimRecord, request: ClaimRequest): boolean {
	return (
		record.fingerprint !== '' &&
		request.fingerprint !== '' &&
		record.comparison === request.comparison &&
		record.fingerprint !== request.fingerprint
	);
}

function claimAbsent(
	stored: Stored,
	tombstone: Tombstone | null,
	request: ClaimRequest,
	clock: Clock,
	budgetWaitMs: number,
): Transition<ClaimAnswer> {
	const now = nowOf(clock);
	const refuse = (reason: ConflictReason, retryAfterMs: number | null) => ({
		next: stored,
		answer: { outcome: 'conflict' as const, reason, retryAfterMs, record: null },
	});
	const tooOld =
		request.eventAt !== null &&
		(request.eventAt < now - request.retentionMs ||
			(request.strictAge && request.eventAt < clock.epoch));
	if (tooOld) return refuse('stale_key', null);
	if (budgetWaitMs > 0) return refuse('budget_exhausted', budgetWaitMs);
	const fence = nextFence(clock, tombstone?.fence ?? 0);
	const next: ClaimRecord = {
		...granted(request, now, tombstone?.expiresAt ?? 0),
		fence,
		fingerprint: request.fingerprint,
		comparison: request.comparison,
		fieldDigests: request.fieldDigests,
		tenant: request.tenant,
		namespace: request.namespace,
		key: request.key,
		eventAt: request.eventAt ?? now,
		firstSeenAt: now,
		attempts: 1,
		takeover: false,
		duplicates: 0,
		reason: '',
	};
	return { next, answer: { outcome: 'new', fence, takeover: false, record: viewOf(next) } };
}

/** The fields that every grant writes anew. @param believedUntil of the claims before it */
function granted(request: ClaimRequest, now: number, believedUntil: number) {
	const leaseMs = request.pending ? request.claimTimeoutMs : request.leaseMs;
	const leaseUntil = now + leaseMs;
	return {
		state: request.pending ? ('pending' as const) : ('processing' as const),
		owner: request.owner,
		claimedAt: now,
		leaseUntil,
		claimTimeoutMs: request.claimTimeoutMs,
		notBefore: 0,
		finishedAt: 0,
		retentionMs: request.retentionMs,
		expiresAt: leaseUntil + request.retentionMs,
		believedUntil: Math.max(believedUntil, now + request.retentionMs),
		result: null,
		statusCode: 0,
		onUnknownOutcome: request.onUnknownOutcome,
		workflowId: request.workflowId,
		executionId: request.executionId,
	};
}

function grantAgain(
	record: ClaimRecord,
	request: ClaimRequest,
	clock: Clock,
	takeover: boolean,
	reason: string,
): Transition<ClaimAnswer> {
	const fence = nextFence(clock, record.fence);
	const compared = request.fingerprint !== '' ? request : record;
	const next: ClaimRecord = {
		...record,
		...granted(request, nowOf(clock), record.believedUntil),
		fence,
		fingerprint: compared.fingerprint,
		comparison: compared.comparison,
		fieldDigests: compared.fieldDigests,
		attempts: record.attempts + 1,
		takeover,
		reason,
	};
	return { next, answer: { outcome: 'new', fence, takeover, record: viewOf(next) } };
}

/** The owner asks again for a claim that has not started: its time runs on, since nothing can begin after it. */
function sameClaim(stored: Stored, record: ClaimRecord): Transition<ClaimAnswer> {
	const { fence, takeover } = record;
	return { next: stored, answer: { outcome: 'new', fence, takeover, record: viewOf(record) } };
}

/** The owner asks again (lost reply, Retry On Fail): the same claim, its lease started again. */
function refreshLease(
	record: ClaimRecord,
	request: ClaimRequest,
	now: number,
): Transition<ClaimAnswer> {
	const leaseUntil = now + request.leaseMs;
	const next: ClaimRecord = { ...record, leaseUntil, expiresAt: leaseUntil + record.retentionMs };
	const { fence, takeover } = record;
	return { next, answer: { outcome: 'new', fence, takeover, record: viewOf(next) } };
}

function answerDuplicate(
	record: ClaimRecord,
	request: ClaimRequest,
	now: number,
): Transition<ClaimAnswer> {
	const next: ClaimRecord = {
		...record,
		duplicates: record.duplicates + 1,
		expiresAt: request.extendRetention ? now + record.retentionMs : record.expiresAt,
	};
	return { next, answer: { outcome: 'duplicate', record: viewOf(next), result: next.result } };
}
