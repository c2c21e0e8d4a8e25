import type { ClaimAnswer, ClaimRequest } from '../core/record';
import type { StoreError } from '../core/reply';
import type { Alike } from './same-content';

/** The store's answer to an item. */
export interface Answered {
	readonly ok: true;
	readonly request: ClaimRequest;
	readonly answer: ClaimAnswer;
	/** The store's clock, in ms. */
	readonly now: number;
	/** Only for a new claim. */
	readonly token: string | null;
	/** The request that came first with the same content under another key. */
	readonly alike?: Alike;
	/** Why nobody can tell whether there is such a request. */
	readonly unlooked?: StoreError;
}

export type Claimed = Answered | { readonly ok: false; readonly error: StoreError };
