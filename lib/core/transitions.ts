import type {
	Abandoning,
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	ConflictReason,
	ObservedState,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Releasing,
	Stored,
	Tombstone,
} from './record';
import { viewOf } from './record';

/**
 * The state machine of docs/guarantees.md as pure functions: (record, request, now) → (record, answer). The embedded store
 * runs these; the Redis store says the same in Lua and is held to them by test/stores.
 *
 *   claim ──► processing ──finish──► completed | failed ──retention──► absent
 *                │  ▲ renew
 *                ├──┘
 *                ├─release─► released ──claim──► processing (attempt + 1, higher fence)
 *                ├─park────► unknown ──claim──► held for review, or a takeover
 *                └─lease over (lapsed) ─claim─► as unknown
 *
 * An unchanged record is returned as the same object: `next === current`.
 */
export interface Transition<Answer> {
	readonly next: Stored;
	readonly answer: Answer;
}

/** The store's clock. */
export interface Clock {
	/** Microseconds since 1970. */
	readonly micros: number;
	/** When the store began to remember, in ms since 1970. */
	readonly epoch: number;
}

const FIRST_BACKOFF_MS = 30_000;
const LONGEST_BACKOFF_MS = 3_600_000;

/** Wait before the next attempt, where the answer named none: 30 s, doubled with each attempt, at most one hour. */
export function backoffMs(attempts: number): number {
	return Math.min(FIRST_BACKOFF_MS * 2 ** Math.max(0, attempts - 1), LONGEST_BACKOFF_MS);
}

const nowOf = (clock: Clock): number => Math.floor(clock.micros / 1000);

const isTombstone = (stored: Stored): stored is Tombstone => stored?.state === 'tombstone';

/** The record as it is now: what has expired is gone. */
export function liveRecord(stored: Stored, nowMs: number): Stored {
	return stored !== null && stored.expiresAt <= nowMs ? null : stored;
}

export function observe(stored: Stored, nowMs: number): ObservedState {
	const live = liveRecord(stored, nowMs);
	if (live === null || isTombstone(live)) return 'absent';
	const open = live.state === 'processing' || live.state === 'pending';
	return open && live.leaseUntil <= nowMs ? 'lapsed' : live.state;
}

function nextFence(clock: Clock, previous: number): number {
	return Math.max(clock.micros, previous + 1);
}

// --- claim -----------------------------------------------------------------------------------------------------------

/** @param budgetWaitMs how long until the request's budget has room, see budget.ts; 0 where it has, or there is none */
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

	const refuse = (reason: ConflictReason, retryAfterMs: number | null = null) => ({
		next: stored,
		answer: {
			outcome: 'conflict' as const,
			reason,
			retryAfterMs,
			record: reason === 'tenant_mismatch' ? null : viewOf(live),
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
		case 'processing':
			return isOwner ? refreshLease(live, request, now) : refuse('in_progress');
		case 'lapsed':
			if (isOwner) return refreshLease(live, request, now);
			break;
		default:
			break;
	}

	const takeover = state === 'lapsed' || state === 'unknown';
	if (takeover && (live.onUnknownOutcome === 'hold' || request.onUnknownOutcome === 'hold')) {
		return refuse('unknown_outcome');
	}
	if (request.maxAttempts !== null && live.attempts >= request.maxAttempts) {
		return refuse('attempts_exhausted');
	}
	if (state === 'released' && live.notBefore > now) {
		return refuse('retry_later', live.notBefore - now);
	}
	if (budgetWaitMs > 0) return refuse('budget_exhausted', budgetWaitMs);
	return grantAgain(live, request, clock, takeover);
}

/** Nothing to compare on one side is no difference: the setting was changed meanwhile. */
function fingerprintsDiffer(record: ClaimRecord, request: ClaimRequest): boolean {
	return (
		record.fingerprint !== '' &&
		request.fingerprint !== '' &&
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
		...granted(request, now),
		fence,
		fingerprint: request.fingerprint,
		fieldDigests: request.fieldDigests,
		tenant: request.tenant,
		namespace: request.namespace,
		key: request.key,
		eventAt: request.eventAt ?? now,
		firstSeenAt: now,
		attempts: 1,
		duplicates: 0,
	};
	return { next, answer: { outcome: 'new', fence, takeover: false, record: viewOf(next) } };
}

/** The fields that every grant writes anew. */
function granted(request: ClaimRequest, now: number) {
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
		result: null,
		statusCode: 0,
		onUnknownOutcome: request.onUnknownOutcome,
		reason: '',
		workflowId: request.workflowId,
		executionId: request.executionId,
	};
}

function grantAgain(
	record: ClaimRecord,
	request: ClaimRequest,
	clock: Clock,
	takeover: boolean,
): Transition<ClaimAnswer> {
	const fence = nextFence(clock, record.fence);
	const compares = request.fingerprint !== '';
	const next: ClaimRecord = {
		...record,
		...granted(request, nowOf(clock)),
		fence,
		fingerprint: compares ? request.fingerprint : record.fingerprint,
		fieldDigests: compares ? request.fieldDigests : record.fieldDigests,
		attempts: record.attempts + 1,
	};
	return { next, answer: { outcome: 'new', fence, takeover, record: viewOf(next) } };
}

/** The owner asks again (lost reply, Retry On Fail): the same claim, its lease started again. */
function refreshLease(
	record: ClaimRecord,
	request: ClaimRequest,
	now: number,
): Transition<ClaimAnswer> {
	const leaseMs = record.state === 'pending' ? record.claimTimeoutMs : request.leaseMs;
	const leaseUntil = now + leaseMs;
	const next: ClaimRecord = { ...record, leaseUntil, expiresAt: leaseUntil + record.retentionMs };
	return {
		next,
		answer: { outcome: 'new', fence: record.fence, takeover: false, record: viewOf(next) },
	};
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

// --- the owner's commands --------------------------------------------------------------------------------------------

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
	if (live === null || isTombstone(live)) {
		if (order.type === 'finish') return finishAbsent(stored, live, order, now);
		if (order.type === 'renew' || order.type === 'start') {
			return unchanged({ outcome: 'lost', state: 'absent' });
		}
		return unchanged({ outcome: 'kept', state: 'absent', record: null });
	}

	const state = observe(live, now);
	if (live.owner !== order.owner || live.fence !== order.fence) {
		if (order.type === 'abandon') {
			return unchanged({ outcome: 'kept', state, record: viewOf(live) });
		}
		return unchanged({
			outcome: 'superseded',
			reason: 'taken_over',
			current: {
				state,
				workflowId: live.workflowId,
				executionId: live.executionId,
				fence: live.fence,
			},
		});
	}

	const write = (next: ClaimRecord): Transition<OwnerAnswer> => ({
		next,
		answer: {
			outcome: 'done',
			state: next.state,
			recovered: order.type === 'finish' && (state === 'released' || state === 'failed'),
			record: viewOf(next),
		},
	});
	const open = state === 'processing' || state === 'pending' || state === 'lapsed';

	switch (order.type) {
		case 'finish':
			if (mayFinish(order.to, state, order.ownRun)) {
				return write(settled({ ...live, retentionMs: order.retentionMs }, order, now));
			}
			break;
		case 'release':
			if (open && order.ownRun) return write(settled(live, { ...order, to: 'released' }, now));
			break;
		case 'park':
			if (open || state === 'released') {
				return write(settled(live, { ...order, to: 'unknown' }, now));
			}
			break;
		case 'abandon':
			if (open && order.ownRun) return write(settled(live, order, now));
			break;
		case 'renew':
		case 'start': {
			const holdUntil = live.claimedAt + live.claimTimeoutMs;
			const startable =
				order.type === 'renew' || live.state === 'pending' || state === 'processing';
			if (!open || !order.ownRun || now >= holdUntil || !startable) {
				return unchanged({ outcome: 'lost', state });
			}
			const leaseUntil = Math.min(now + order.leaseMs, holdUntil);
			const { workflowId, executionId } = order.type === 'start' ? order : live;
			return write({
				...live,
				state: order.type === 'start' ? 'processing' : live.state,
				leaseUntil,
				expiresAt: leaseUntil + live.retentionMs,
				result: order.type === 'start' ? null : live.result,
				workflowId,
				executionId,
			});
		}
		case 'deposit':
			if (live.state === 'pending' && order.ownRun)
				return write({ ...live, result: order.request });
			break;
	}
	return unchanged({ outcome: 'kept', state, record: viewOf(live) });
}

function mayFinish(to: 'completed' | 'failed', state: ObservedState, ownRun: boolean): boolean {
	if (state === 'completed') return false;
	if (to === 'completed') return true;
	if (state === 'failed') return false;
	return ownRun || state === 'released';
}

/** The record after its run ended with what `end` says. */
function settled(record: ClaimRecord, end: Abandoning, now: number): ClaimRecord {
	const finished = end.to === 'completed' || end.to === 'failed';
	const nothingRan = end.to === 'released' && end.nothingRan === true;
	return {
		...record,
		state: end.to,
		leaseUntil: now,
		attempts: nothingRan ? Math.max(0, record.attempts - 1) : record.attempts,
		finishedAt: finished ? now : 0,
		notBefore: end.to === 'released' ? now + backoffOf(end, record.attempts) : 0,
		expiresAt: now + record.retentionMs,
		result: finished ? end.result : null,
		statusCode: end.statusCode,
		reason: end.reason,
	};
}

function backoffOf(release: Releasing, attempts: number): number {
	return release.retryAfterMs ?? backoffMs(attempts);
}

/**
 * An absent record can't know what happened since. A finish is believed while the claim is younger than the retention it was
 * granted with, for as long as a tombstone of it lives too, and younger than its own.
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
		return superseded('forgotten', tombstone.fence);
	}
	if (now - claimedAt >= Math.min(order.remains.retentionMs, order.retentionMs)) {
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
		notBefore: 0,
		finishedAt: now,
		retentionMs: order.retentionMs,
		expiresAt: now + order.retentionMs,
		result: order.result,
		statusCode: order.statusCode,
		duplicates: 0,
		reason: order.reason,
	};
	return {
		next,
		answer: { outcome: 'done', state: order.to, recovered: true, record: viewOf(next) },
	};
}

// --- the operator's commands -----------------------------------------------------------------------------------------

export function operate(
	stored: Stored,
	order: OperatorCommand,
	clock: Clock,
): Transition<OperatorAnswer> {
	const now = nowOf(clock);
	const live = liveRecord(stored, now);
	const unchanged = (outcome: 'kept' | 'changed' | 'refused', state: ObservedState) => ({
		next: stored,
		answer: { outcome, state },
	});
	if (live === null || isTombstone(live)) {
		return unchanged(order.type === 'forget' ? 'kept' : 'refused', 'absent');
	}
	const state = observe(live, now);
	const running = state === 'processing' || state === 'pending';

	if (order.type === 'forget') {
		if (running && !order.force) return unchanged('refused', state);
		const next: Tombstone = {
			state: 'tombstone',
			fence: Math.max(live.fence, clock.micros),
			expiresAt: now + live.retentionMs + Math.max(0, live.leaseUntil - now),
		};
		return { next, answer: { outcome: 'done', state: 'absent' } };
	}

	if (order.seen.fence !== live.fence || order.seen.state !== state) {
		return unchanged('changed', state);
	}
	if ((running && !order.force) || state === 'completed') return unchanged('refused', state);
	const end: Abandoning =
		order.to === 'completed' ? order : { ...order, retryAfterMs: 0, statusCode: 0 };
	const next = settled(live, end, now);
	return {
		next: order.to === 'released' ? { ...next, attempts: 0 } : next,
		answer: { outcome: 'done', state: order.to },
	};
}
