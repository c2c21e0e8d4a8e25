import type { Budget } from './budget';

/** The words of docs/guarantees.md as types: one record per key, in one of these states. */

export type RecordState =
	| 'pending'
	| 'processing'
	| 'completed'
	| 'failed'
	| 'released'
	| 'unknown';

/** `absent` and `lapsed` (open, with its lease over) are derived when a record is read, never written. */
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
	readonly attempts: number;
	/** Released: when it may be granted again. 0 = at once. */
	readonly notBefore: number;
	readonly finishedAt: number;
	readonly retentionMs: number;
	/** When the record is gone. Every record has one. */
	readonly expiresAt: number;
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

/** What *forget* leaves: it keeps the fence from going back and refuses the late commit of a forgotten claim. */
export interface Tombstone {
	readonly state: 'tombstone';
	readonly fence: number;
	readonly expiresAt: number;
}

export type Stored = ClaimRecord | Tombstone | null;

/** What anyone may see of a record. A refused caller gets neither owner token nor fence. */
export type ClaimView = Omit<ClaimRecord, 'owner' | 'fence' | 'fingerprint' | 'tenant' | 'result'>;

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

/** Asks for the right to act for a key. */
export interface ClaimRequest {
	/** Addresses the record: 64 hex digits. */
	readonly identity: string;
	readonly owner: string;
	readonly fingerprint: string;
	readonly fieldDigests: Uint8Array;
	readonly tenant: string;
	readonly namespace: string;
	readonly key: string;
	/** The event's own time in ms, where it is known. */
	readonly eventAt: number | null;
	readonly leaseMs: number;
	readonly claimTimeoutMs: number;
	readonly retentionMs: number;
	readonly onUnknownOutcome: UnknownOutcomePolicy;
	/** Most grants of this key; null = no limit. */
	readonly maxAttempts: number | null;
	/** A duplicate starts the retention again. */
	readonly extendRetention: boolean;
	/** Refuse an event older than the store itself: it may have been handled before. */
	readonly strictAge: boolean;
	/** Accepted at the door, not yet running. */
	readonly pending: boolean;
	readonly workflowId: string;
	readonly executionId: string;
	/** What a grant counts against, where there is such a limit. */
	readonly budget?: Budget;
}

/** Why a store refuses a claim. */
export type ConflictReason =
	| 'payload_mismatch'
	| 'in_progress'
	| 'unknown_outcome'
	| 'retry_later'
	| 'attempts_exhausted'
	| 'budget_exhausted'
	| 'stale_key'
	| 'tenant_mismatch';

export type ClaimAnswer =
	| {
			readonly outcome: 'new';
			readonly fence: number;
			readonly takeover: boolean;
			readonly record: ClaimView;
	  }
	| {
			readonly outcome: 'duplicate';
			readonly record: ClaimView;
			readonly result: Uint8Array | null;
	  }
	| {
			readonly outcome: 'conflict';
			readonly reason: ConflictReason;
			/** `retry_later`: how long until the key may be granted again; `budget_exhausted`: until the budget has room. */
			readonly retryAfterMs: number | null;
			/** Null where the caller may learn nothing, or there is no record. */
			readonly record: ClaimView | null;
	  };

/** The claim that an owner acts on, as its token carries it. */
export interface OwnedClaim {
	readonly identity: string;
	readonly owner: string;
	readonly fence: number;
	/** The run that was granted the claim asks; false for n8n's "Retry execution", which skips the Guard. */
	readonly ownRun: boolean;
}

/** What a finish writes if the record is gone meanwhile: the token carries it. */
export type ClaimRemains = Pick<
	ClaimRecord,
	| 'fingerprint'
	| 'fieldDigests'
	| 'tenant'
	| 'namespace'
	| 'key'
	| 'eventAt'
	| 'claimTimeoutMs'
	| 'retentionMs'
	| 'onUnknownOutcome'
	| 'workflowId'
	| 'executionId'
>;

export interface Finishing {
	readonly result: Uint8Array | null;
	readonly statusCode: number;
	readonly reason: string;
}

export interface Releasing {
	/** When the key may be granted again, from now; null: grows from 30 s with each attempt. */
	readonly retryAfterMs: number | null;
	/** Nothing was handed over, or nothing acting had begun: the attempt is given back. */
	readonly nothingRan?: boolean;
	readonly statusCode: number;
	readonly reason: string;
}

export type OwnerCommand = OwnedClaim &
	(
		| ({
				readonly type: 'finish';
				readonly to: 'completed' | 'failed';
				readonly retentionMs: number;
				readonly remains: ClaimRemains;
		  } & Finishing)
		| ({ readonly type: 'release' } & Releasing)
		| { readonly type: 'park'; readonly statusCode: number; readonly reason: string }
		| ({ readonly type: 'abandon' } & Abandoning)
		| { readonly type: 'renew'; readonly leaseMs: number }
		/** The run of an edge claim begins: what was kept of its request goes, see `deposit`. */
		| {
				readonly type: 'start';
				readonly leaseMs: number;
				readonly workflowId: string;
				readonly executionId: string;
		  }
		/** Keeps the request of an edge claim in the place of its result, until its run starts: it was acknowledged. */
		| { readonly type: 'deposit'; readonly request: Uint8Array }
	);

/** What a run that ended without Commit leaves: see run-evidence. */
export type Abandoning =
	| ({ readonly to: 'completed' | 'failed' } & Finishing)
	| ({ readonly to: 'released' } & Releasing)
	| { readonly to: 'unknown'; readonly statusCode: number; readonly reason: string };

export type OwnerAnswer =
	/** Written. `recovered`: the Guard did not run again, and nobody else had acted. */
	| {
			readonly outcome: 'done';
			readonly state: RecordState;
			readonly recovered: boolean;
			readonly record: ClaimView;
	  }
	/** Nothing changed: `state` is stored and stays. */
	| { readonly outcome: 'kept'; readonly state: ObservedState; readonly record: ClaimView | null }
	/** Somebody else holds the key, or it is gone for good: the side effect may have happened twice. */
	| {
			readonly outcome: 'superseded';
			readonly reason: 'taken_over' | 'forgotten' | 'expired';
			readonly current: {
				readonly state: ObservedState;
				readonly workflowId: string;
				readonly executionId: string;
				readonly fence: number;
			};
	  }
	/** A lease that can't be renewed. */
	| { readonly outcome: 'lost'; readonly state: ObservedState }
	/** The command carries no granted fence. */
	| { readonly outcome: 'refused' };

/** What a person, or a workflow on behalf of one, does to a record. */
export type OperatorCommand = { readonly identity: string } & (
	| ({
			readonly type: 'resolve';
			readonly to: 'completed';
			readonly seen: Seen;
			/** Also a claim whose run is alive, which may go on to act. */
			readonly force: boolean;
	  } & Finishing)
	| {
			readonly type: 'resolve';
			readonly to: 'released';
			readonly seen: Seen;
			readonly force: boolean;
			readonly reason: string;
	  }
	| { readonly type: 'forget'; readonly force: boolean }
);

/** What the operator saw when deciding: a record that changed since is left alone. */
export interface Seen {
	readonly fence: number;
	readonly state: ObservedState;
}

export type OperatorAnswer =
	| { readonly outcome: 'done'; readonly state: ObservedState }
	| { readonly outcome: 'kept'; readonly state: ObservedState }
	| { readonly outcome: 'changed'; readonly state: ObservedState }
	| { readonly outcome: 'refused'; readonly state: ObservedState };
