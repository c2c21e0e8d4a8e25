/** The words of docs/contract.md as types: one record per key, in one of these states. */

export type RecordState =
	| 'pending'
	| 'processing'
	| 'completed'
	| 'failed'
	| 'released'
	| 'unknown';

/**
 * `absent` and `lapsed` (open, with its lease over) are derived when a record is read, never written. So is `released` of a
 * `pending` claim whose time is over: its run never began.
 */
export type ObservedState = RecordState | 'lapsed' | 'absent';

/** What the next claimant may do when nobody knows whether the last run acted. */
export type UnknownOutcomePolicy = 'hold' | 'retry';

/**
 * What a store keeps for one key. Times are milliseconds since 1970 by the store's clock, durations milliseconds.
 */
export interface ClaimRecord {
	readonly state: RecordState;
	/** Who holds, or last held, the claim: see `ownerTokenOf`. */
	readonly owner: string;
	/** Grows with every grant of the key, also across deletion. About microseconds since 1970. */
	readonly fence: number;
	/** Digest of what must be the same on a retry; `''` where nothing is compared. */
	readonly fingerprint: string;
	/** What was compared, as a digest of a version and the setting: fingerprints of another comparison say nothing. */
	readonly comparison: string;
	/** Packed digests of the top-level fields, to name those that differ. */
	readonly fieldDigests: Uint8Array;
	/** Digest of the tenant that owns the key; `''` without tenants. */
	readonly tenant: string;
	/** Where the key belongs, for lists and counters. */
	readonly namespace: string;
	/** The key as its user knows it, shortened. */
	readonly key: string;
	/** The event's own time, else first seen: the time of the KSUID. */
	readonly eventAt: number;
	readonly firstSeenAt: number;
	readonly claimedAt: number;
	/** End of the lease while open; afterwards the moment it was given up. */
	readonly leaseUntil: number;
	/** How long a run may hold the key, however often it renews its lease. */
	readonly claimTimeoutMs: number;
	/** Grants that count: one after which nothing ran is given back. */
	readonly attempts: number;
	/** Whether the claim was granted over one whose outcome nobody knows. */
	readonly takeover: boolean;
	/** Released: when it may be granted again. 0 = at once. */
	readonly notBefore: number;
	readonly finishedAt: number;
	readonly retentionMs: number;
	/** When the record counts as gone. Every record has one. */
	readonly expiresAt: number;
	/**
	 * Until when a late finish of any claim on the key could be believed: over all of them, the latest grant and the retention it was
	 * granted with. A record that is gone before stands in its own place as a tombstone until then.
	 */
	readonly believedUntil: number;
	/** Encoded result (see result-codec), or null where none is kept. */
	readonly result: Uint8Array | null;
	/** HTTP status of the answer, 0 where there is none. */
	readonly statusCode: number;
	/** Duplicates answered. */
	readonly duplicates: number;
	readonly onUnknownOutcome: UnknownOutcomePolicy;
	/** Why the record is in its state, in words. */
	readonly reason: string;
	readonly workflowId: string;
	readonly executionId: string;
}

/**
 * What *forget* leaves, and a record that is gone while a late finish could still be believed: it keeps the fence from going back and
 * refuses that finish.
 */
export interface Tombstone {
	readonly state: 'tombstone';
	readonly fence: number;
	readonly expiresAt: number;
}

export type Stored = ClaimRecord | Tombstone | null;

/** What anyone may see of a record. A refused caller gets neither owner token nor fence. */
export type ClaimView = Omit<
	ClaimRecord,
	| 'owner'
	| 'fence'
	| 'fingerprint'
	| 'comparison'
	| 'tenant'
	| 'result'
	| 'takeover'
	| 'believedUntil'
>;

export function viewOf(record: ClaimRecord): ClaimView {
	return {
		state: record.state,
		fieldDigests: record.fieldDigests,
		namespace: record.namespace,
		key: record.key,
		eventAt: record.eventAt,
		firstSeenAt: record.firstSeenAt,
		claimedAt: record.claimedAt,
		leaseUntil: record.leaseUntil,
		claimTimeoutMs: record.claimTimeoutMs,
		attempts: record.attempts,
		notBefore: record.notBefore,
		finishedAt: record.finishedAt,
		retentionMs: record.retentionMs,
		expiresAt: record.expiresAt,
		statusCode: record.statusCode,
		duplicates: record.duplicates,
		onUnknownOutcome: record.onUnknownOutcome,
		reason: record.reason,
		workflowId: record.workflowId,
		executionId: record.executionId,
	};
}
