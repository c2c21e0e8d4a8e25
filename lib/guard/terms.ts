import type { UnknownOutcomePolicy } from '../core/record';
import type { KeyNormalization } from '../keys/normalize-key';
import type { DeliveryIdentity, SenderValue } from '../senders/delivery-ids';
import type { Scope } from './scope';

/** What a Guard was told to do, as plain values: whoever hosts the engine reads them once, and the engine asks for nothing more. */

/** What holds for all items. */
export interface GuardTerms {
	readonly workflowId: string;
	readonly scope: Scope;
	/** Our own field of an item: no part of what is compared. */
	readonly outputField: string;
	/** A duplicate starts the retention again. */
	readonly extendRetention: boolean;
	/** How long a batch waits for the runs that hold its keys; null where it does not. */
	readonly maxWaitMs: number | null;
	/** So many replicas have to hold a claim before it counts. */
	readonly minReplicas: number;
	/** The user's own statement completes the record, by the function of the PostgreSQL store. */
	readonly completeInSql: boolean;
	/** Refuse an event older than the store itself. */
	readonly strictAge: boolean;
	/** A run from the editor: it blocks nobody and is soon forgotten. */
	readonly isTestRun: boolean;
	/** Whatever the answer is, the request goes on: only what would have happened is wanted. */
	readonly observes: boolean;
}

/** What holds for one item. Nothing is checked yet: a number may be NaN, a value empty. */
export interface ItemTerms {
	readonly key: KeyTerms;
	readonly compare: CompareTerms;
	/** Null: tenants are not told apart. */
	readonly tenant: TenantTerms | null;
	/** When the event happened, as the sender says it; undefined, null or `''` where it does not. */
	readonly eventTime: unknown;
	/** Null: there is no budget. */
	readonly budget: BudgetTerms | null;
	/** What is done where the same content comes under another key; null: it is not looked for. */
	readonly sameContent: SameContentTerms | null;
	/** How long a finished request is remembered. */
	readonly retentionMs: number;
	/** How long one run may hold the key. */
	readonly claimTimeoutMs: number;
	readonly onUnknownOutcome: UnknownOutcomePolicy;
	/** Most grants of the key; null: no limit. */
	readonly maxAttempts: number | null;
}

/** What makes two items the same request. */
export type KeyTerms =
	| {
			readonly source: 'delivery';
			readonly sender: 'auto' | SenderValue;
			/** The sender's event, or what it tells of. */
			readonly identity: DeliveryIdentity;
	  }
	| {
			readonly source: 'expression';
			readonly value: unknown;
			/** The part of a text like `order-{{ $json.id }}` that is empty; null where none is. */
			readonly emptyPart: string | null;
			/** How the texts of the key are spelled; null where they are taken as they are. */
			readonly normalize: KeyNormalization | null;
	  }
	| {
			readonly source: 'fields';
			readonly paths: readonly string[];
			readonly normalize: KeyNormalization | null;
	  }
	| { readonly source: 'payload' };

/** What must be the same on a retry. `auto`: nothing for an ID of the sender's own, else the payload. */
export type CompareTerms =
	| { readonly by: 'auto' | 'payload' | 'none' }
	| { readonly by: 'except' | 'fields'; readonly paths: readonly string[] };

/** Who the request belongs to. */
export interface TenantTerms {
	/** As it came: 1 and "1" are two tenants, as they are two keys. */
	readonly value: unknown;
	/** As in `KeyTerms`. */
	readonly emptyPart: string | null;
	/** Each tenant has its own keys; else the first tenant owns the key. */
	readonly isSeparate: boolean;
}

export interface SameContentTerms {
	/** The request is refused. Else it goes on, and says so. */
	readonly refuses: boolean;
	/** For how long a content is remembered. */
	readonly windowMs: number;
}

/** How many new requests may be granted. */
export interface BudgetTerms {
	/** Null: all items of the Guard's scope share one budget. */
	readonly scope: { readonly value: unknown } | null;
	readonly limit: number;
	readonly windowMs: number;
}
