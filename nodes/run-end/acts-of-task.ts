import type { Act, TaskRun } from './acts';
import { actToRepeat } from './acts';
import type { ByClaim, Tag } from './tags';
import { hasClaims, NO_CLAIM } from './tags';
import type { TracedOutput } from './traced';

/** What one run of an acting node was given. */
export interface GivenToTask {
	readonly by: TaskRun;
	readonly inputs: ReadonlyArray<TracedOutput | undefined>;
	/** How many items came by each input. */
	readonly lengths: readonly number[];
	/** Whose an item is of which nothing more is known. */
	readonly doubt: Tag;
	/** All items are of the same claims. */
	readonly isUniform: boolean;
	/** It took the first item only, and others were there. */
	readonly isCut: boolean;
}

/** Notes an act for each item of a claim that the node was given. @returns them by input and item */
export function actsOfTask(
	all: ByClaim<Act>,
	{ by, inputs, lengths, doubt, isUniform, isCut }: GivenToTask,
): ReadonlyMap<string, Act> {
	const acts = new Map<string, Act>();
	if (isCut && !isUniform) {
		all.add(doubt, { ...newAct(by, doubt, 0, 0), isDoubtful: true });
		return acts;
	}
	for (const [input, traced] of inputs.entries()) {
		const count = isCut ? Math.min(1, lengths[input] ?? 0) : (lengths[input] ?? 0);
		for (let item = 0; traced !== undefined && item < count; item++) {
			const tag = traced.tags[item] ?? NO_CLAIM;
			if (!hasClaims(tag)) continue;
			const before = traced.acts[item];
			const act: Act = { ...newAct(by, tag, input, item), isAlone: isUniform, before };
			const earlier = actToRepeat(by.node, tag, before);
			if (earlier !== undefined) earlier.again = act;
			all.add(tag, act);
			acts.set(`${input}:${item}`, act);
		}
	}
	return acts;
}

export const newAct = (by: TaskRun, tag: Tag, input: number, item: number): Act => ({
	by,
	input: { input, item },
	tag,
	isDoubtful: false,
	isAlone: false,
	before: undefined,
	answers: [],
	again: undefined,
});
