import type { Store } from '../../lib/core/store';
import { describeBudgets } from './suite-budgets';
import { describeAbandoned } from './suite-abandoned';
import { describeChecks } from './suite-checks';
import { describeContents } from './suite-contents';
import { describeConcurrency } from './suite-concurrency';
import { describeListing } from './suite-listing';
import { describeNotes } from './suite-notes';
import { describeRandomWalk } from './suite-random-walk';
import { describeStoreBasics } from './suite-basics';

/** A store under test, empty when it was opened. */
export interface OpenedStore {
	readonly store: Store;
	/** Moves the store's clock forward. It may run on by itself as well: compare only with the `micros` of replies. */
	advance(ms: number): void | Promise<void>;
	/** Opens the same data a second time, with the same clock; `close` closes that one too. */
	openAgain(): Promise<Store>;
	/** Puts something at the identity that is not a record of ours. */
	corrupt(identity: string): void | Promise<void>;
	/** Closes every opening and removes the data. */
	close(): Promise<void>;
}

export interface StoreHarness {
	open(): Promise<OpenedStore>;
}

/** What every store has to do: one suite, and transitions.ts as its model. */
export function describeStore(name: string, harness: StoreHarness): void {
	describe(name, () => {
		describeStoreBasics(harness);
		describeChecks(harness);
		describeListing(harness);
		describeNotes(harness);
		describeBudgets(harness);
		describeContents(harness);
		describeAbandoned(harness);
		describeConcurrency(harness);
		describeRandomWalk(harness);
	});
}
