import type { Abandoning, ClaimRecord } from './record';

const FIRST_BACKOFF_MS = 30_000;
const LONGEST_BACKOFF_MS = 3_600_000;

/** Wait before the next attempt, where none was named: 30 s, doubled with each attempt, at most one hour. */
export function backoffMs(attempts: number): number {
	return Math.min(FIRST_BACKOFF_MS * 2 ** Math.max(0, attempts - 1), LONGEST_BACKOFF_MS);
}

/** Begins the reason of a claim that took over from an unknown outcome, and did nothing. */
const DID_NOTHING = 'An earlier run never finished, and the one that took over did nothing: ';

/** The record after its run ended with what `end` says. */
export function settled(record: ClaimRecord, end: Abandoning, now: number): ClaimRecord {
	if (end.to === 'released') return released(record, end, now);
	const finished = end.to === 'completed' || end.to === 'failed';
	return {
		...ended(record, end, now),
		state: end.to,
		finishedAt: finished ? now : 0,
		result: finished ? end.result : null,
	};
}

/** Where nothing ran the key is as it was before: whether an earlier run acted is known no better. */
function released(
	record: ClaimRecord,
	end: Abandoning & { to: 'released' },
	now: number,
): ClaimRecord {
	const next: ClaimRecord = {
		...ended(record, end, now),
		state: 'released',
		notBefore: now + (end.retryAfterMs ?? backoffMs(record.attempts)),
	};
	if (end.nothingRan !== true) return next;
	const attempts = Math.max(0, record.attempts - 1);
	if (!record.takeover) return { ...next, attempts };
	const reason = DID_NOTHING + end.reason;
	return { ...next, state: 'unknown', notBefore: 0, attempts, reason };
}

function ended(record: ClaimRecord, end: Abandoning, now: number): ClaimRecord {
	return {
		...record,
		leaseUntil: now,
		notBefore: 0,
		finishedAt: 0,
		expiresAt: now + record.retentionMs,
		result: null,
		statusCode: end.statusCode,
		reason: end.reason,
	};
}
