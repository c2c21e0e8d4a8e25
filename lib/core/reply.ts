/** How a store answers, and how it fails. */

export type Reply<Answer> =
	| {
			readonly ok: true;
			/** The store's clock when it answered: microseconds since 1970. */
			readonly micros: number;
			readonly answer: Answer;
	  }
	| { readonly ok: false; readonly error: StoreError };

/** Reply `index` of a batch; a failure where the store gave fewer than were asked for. */
export function replyAt<Answer>(
	replies: ReadonlyArray<Reply<Answer>>,
	index: number,
): Reply<Answer> {
	return (
		replies[index] ?? {
			ok: false,
			error: new StoreError('unexpected', 'The store gave no answer for this item'),
		}
	);
}

export type StoreProblem =
	/** Refused, no route, name not found, connection lost. */
	| 'unreachable'
	/** It did not answer in time: whether it acted is not known. */
	| 'timeout'
	| 'authentication'
	/** The user may not run the commands or touch the keys. */
	| 'permission'
	/** A replica, or a read-only file. */
	| 'read_only'
	/** Redis is loading its data, or a replica lost its primary. */
	| 'loading'
	| 'cluster_down'
	| 'out_of_memory'
	/** Locked, or busy with a script, for longer than we wait. */
	| 'busy'
	| 'disk_full'
	/** Too few replicas hold the claim: it was given back. */
	| 'not_replicated'
	| 'tls'
	/** This Node.js or this n8n mode can't run the store. */
	| 'unsupported'
	/** The value at this identity is not a record of ours. */
	| 'corrupt_record'
	| 'configuration'
	| 'unknown_secret'
	/** Anything else, with the store's own words. */
	| 'unexpected';

const MAY_BE_DONE: ReadonlySet<StoreProblem> = new Set([
	'unreachable',
	'timeout',
	'not_replicated',
	'unexpected',
]);

/** Whether what was asked may have been done all the same. */
export function mayBeDone(problem: StoreProblem): boolean {
	return MAY_BE_DONE.has(problem);
}

/** A store's failure: `problem` says which kind, `message` what happened in words that fit any user. */
export class StoreError extends Error {
	override readonly name = 'StoreError';

	/** What to do about it. The store that knows says so before the error leaves it; '' where nobody has. */
	advice: string;

	constructor(
		readonly problem: StoreProblem,
		message: string,
		options?: { readonly cause?: unknown; readonly advice?: string },
	) {
		super(message, options);
		this.advice = options?.advice ?? '';
	}
}
