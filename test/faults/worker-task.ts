import type { ConflictReason, UnknownOutcomePolicy } from '../../lib/core/record';
import type { PostgresOptions } from '../../lib/stores/postgres';
import type { RedisOptions } from '../../lib/stores/redis';
import type { StoreProblem } from '../../lib/core/reply';
import type { Broken } from './broken-stores';

/** What a worker process is told, and the lines that it writes. */

/** The moments of claim → act → finish. `…ing`: sent, and the answer not yet read. */
export const STEPS = ['claiming', 'claimed', 'acting', 'acted', 'finishing', 'finished'] as const;
export type Step = (typeof STEPS)[number];

/** Exit code of a worker whose store could not be opened. */
export const CAN_NOT_OPEN = 2;

export type WorkerStore =
	| { readonly kind: 'redis'; readonly options: RedisOptions }
	| { readonly kind: 'postgres'; readonly options: PostgresOptions }
	| { readonly kind: 'embedded'; readonly file: string; readonly busyRetryMs?: number };

export interface WorkerTask {
	readonly name: string;
	readonly store: WorkerStore;
	/** Port of the downstream on 127.0.0.1. */
	readonly downstream: number;
	/** Keys, in the order in which they arrive; a key that is there twice was delivered twice. */
	readonly deliveries: readonly string[];
	/** Deliveries that are handled at the same time. */
	readonly parallel: number;
	readonly onUnknownOutcome: UnknownOutcomePolicy;
	readonly leaseMs: number;
	/** How often a call is made again that failed, and how long after. */
	readonly tries: number;
	readonly waitMs: number;
	/** Sends itself a signal each `every`-th time that it comes to the step. */
	readonly interrupt?: {
		readonly step: Step;
		readonly signal: 'SIGKILL' | 'SIGSTOP';
		readonly every: number;
	};
	readonly resultBytes: number;
	readonly minReplicas: number;
	/** Only to see the harness find it. */
	readonly broken?: Broken;
}

interface Of<Event extends string> {
	readonly event: Event;
	readonly key: string;
	readonly owner: string;
}

export type WorkerEvent =
	| Of<'arrived'>
	| (Of<'granted'> & {
			readonly fence: number;
			readonly micros: number;
			readonly leaseUntil: number;
			readonly takeover: boolean;
	  })
	| (Of<'duplicate'> & { readonly result: string | null })
	| (Of<'conflict'> & { readonly reason: ConflictReason })
	| (Of<'renewed'> & { readonly leaseUntil: number; readonly fence: number })
	| (Of<'acted'> & { readonly charge: string | null })
	/** The store's word on the finish, or on a release where the downstream refused. */
	| (Of<'settled'> & {
			readonly outcome: string;
			readonly state: string;
			readonly result: string;
			readonly micros: number;
	  })
	| (Of<'failed'> & {
			readonly step: 'claim' | 'finish';
			readonly problem: StoreProblem;
			readonly ms: number;
	  })
	/** The signal follows at once. */
	| (Of<'interrupted'> & { readonly step: Step })
	/** The delivery was handled to its end, whatever that was. */
	| Of<'handled'>
	| { readonly event: 'unhandled'; readonly message: string };
