import type { ClaimRecord, ObservedState, Stored, Tombstone } from './record';

/** What time makes of a record, and what the rules of docs/contract.md have in common. */

export interface Transition<Answer> {
	/** The record after it. The same object where nothing changed. */
	readonly next: Stored;
	readonly answer: Answer;
}

/** The store's clock. */
export interface Clock {
	/** Microseconds since 1970. */
	readonly micros: number;
	/** When the store began to remember, in ms since 1970. */
	readonly epoch: number;
	/** The furthest time the store has ever had, where its clock was set back: fences go on from there. */
	readonly furthest?: number;
}

export const nowOf = (clock: Clock): number => Math.floor(clock.micros / 1000);

/** A fence that is beyond every one before it. */
export function nextFence(clock: Clock, previous: number): number {
	return Math.max(clock.furthest ?? clock.micros, previous + 1);
}

export function isTombstone(stored: Stored): stored is Tombstone {
	return stored?.state === 'tombstone';
}

/** The record as it is now: what is gone is null, or its tombstone while a late finish could still be believed. */
export function liveRecord(stored: Stored, nowMs: number): Stored {
	if (stored === null || stored.expiresAt > nowMs) return stored;
	if (isTombstone(stored) || stored.believedUntil <= nowMs) return null;
	return { state: 'tombstone', fence: stored.fence, expiresAt: stored.believedUntil };
}

/** When nothing needs to be kept of what is stored. */
export function endOf(stored: NonNullable<Stored>): number {
	return isTombstone(stored) ? stored.expiresAt : Math.max(stored.expiresAt, stored.believedUntil);
}

export function observe(stored: Stored, nowMs: number): ObservedState {
	const live = liveRecord(stored, nowMs);
	if (live === null || isTombstone(live)) return 'absent';
	const open = live.state === 'processing' || live.state === 'pending';
	if (!open || live.leaseUntil > nowMs) return live.state;
	return neverBegan(live, nowMs) && !live.takeover ? 'released' : 'lapsed';
}

/** The reason of a claim whose run never began, and of the next one in its place. */
export const NEVER_BEGAN = 'The run that was accepted before never began';

/** Whether a run was accepted and had not begun when its time was over. It is refused then, so that it never acts. */
export function neverBegan(record: ClaimRecord, nowMs: number): boolean {
	return record.state === 'pending' && record.leaseUntil <= nowMs;
}

/**
 * The record with what time made of it: a run that never began gives its attempt back, and leaves the key free; unless it had
 * taken over from one whose outcome nobody knows, which nobody knows still.
 */
export function afterTime(record: ClaimRecord, nowMs: number): ClaimRecord {
	if (!neverBegan(record, nowMs)) return record;
	const attempts = Math.max(0, record.attempts - 1);
	return record.takeover
		? { ...record, attempts }
		: { ...record, state: 'released', attempts, result: null, reason: NEVER_BEGAN };
}
