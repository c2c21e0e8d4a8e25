import type { Budget } from './budget';
import type { StoreError } from './reply';
import type { ClaimView, UnknownOutcomePolicy } from './stored-record';

/** Asks for the right to act for a key. */
export interface ClaimRequest {
	/** Addresses the record: 64 hex digits. */
	readonly identity: string;
	readonly owner: string;
	readonly fingerprint: string;
	/** See `ClaimRecord.comparison`; `''` where nothing is compared. */
	readonly comparison: string;
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
	/** Remembered with a grant, so that the same under another key is found. */
	readonly content?: ContentTerms;
	/** How the answer is counted; as what it is where nothing is said. See `counterOf` in store.ts. */
	readonly counting?: Counting;
}

/** What a request says, whatever key it comes under. */
export interface ContentTerms {
	/** Addresses the record that remembers it, see `contentRequest`: 64 hex digits. */
	readonly identity: string;
	/** For how long. */
	readonly windowMs: number;
}

/** The record of a content where it names another request; null where it names this one, an error where the store can't tell. */
export type ContentHeld = ClaimView | StoreError | null;

/** `observed`: whoever is refused goes on all the same. `none`: it is neither counted nor found among open claims. */
export type Counting = 'observed' | 'none';

/** Why a store refuses a claim. */
export type ConflictReason =
	| 'payload_mismatch'
	| 'in_progress'
	| 'unknown_outcome'
	| 'retry_later'
	| 'attempts_exhausted'
	| 'budget_exhausted'
	| 'stale_key'
	| 'tenant_mismatch'
	/** The same content came under another key: said after the claim, which is given back. */
	| 'likely_duplicate';

export type ClaimAnswer =
	| {
			readonly outcome: 'new';
			readonly fence: number;
			readonly takeover: boolean;
			readonly record: ClaimView;
			/** Where the request has a content. */
			readonly contentHeld?: ContentHeld;
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
