import type { Act, TaskRun } from './acts';
import type { Tag } from './tags';

/** An output of one run of a node: whose each item is, and the act that it came from last. */
export interface TracedOutput {
	readonly tags: readonly Tag[];
	readonly acts: ReadonlyArray<Act | undefined>;
	/** All of them together. */
	readonly all: Tag;
}

/** One run of a node that had items of claims. */
export interface TracedTask extends TaskRun {
	readonly outputs: ReadonlyArray<TracedOutput | undefined>;
}
