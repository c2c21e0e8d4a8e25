import type { ClaimRecord, ObservedState, RecordState } from './stored-record';

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
	| 'comparison'
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
				/** Only adds the result to a record that the user's own statement has completed. */
				readonly onlyAttach?: boolean;
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
	| { readonly outcome: 'done'; readonly state: RecordState; readonly recovered: boolean }
	/** Nothing changed: `state` is stored and stays. */
	| { readonly outcome: 'kept'; readonly state: ObservedState }
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
	| {
			readonly type: 'forget';
			/** Absent: whatever is there. */
			readonly seen?: Seen;
			readonly force: boolean;
	  }
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
