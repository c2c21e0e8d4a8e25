import type { StoreError } from '../../lib/core/reply';
import type { Alike } from '../../lib/guard/same-content';
import type { Prepared } from '../../lib/guard/prepare';
import type { GuardSettings } from '../shared/guard-settings';

/** What a run of a Guard came to, as far as hints go. */
export interface GuardRun {
	readonly settings: Pick<GuardSettings, 'awaitsCommit' | 'isTestRun'>;
	readonly prepared: readonly Prepared[];
	readonly unprotected: ReadonlyArray<{ readonly index: number; readonly message: string }>;
	/** Requests whose signature was refused: `why` is a part of a sentence, "The signature …". */
	readonly refusedSignatures: ReadonlyArray<{ readonly index: number; readonly why: string }>;
	/** How many events without a key came among others that have one. */
	readonly keyless: number;
	/** How many items left on New. */
	readonly granted: number;
	/** HTTP status of a stored answer that went out on Duplicate and is none of success; null where there was none. */
	readonly refusedBefore: number | null;
	/** Items that left on New, and the request that came first with the content of each. */
	readonly alike: ReadonlyArray<{ readonly index: number; readonly first: Alike }>;
	/** Why nobody can tell whether the content of one that left on New had come before; null where all were looked for. */
	readonly unlooked: StoreError | null;
}
