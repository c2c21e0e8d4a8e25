import type { IExecuteFunctions } from 'n8n-workflow';

import type { Act } from '../run-end/acts';
import type { RunTrace } from '../run-end/run-trace';
import type { Tag } from '../run-end/tags';
import { NO_CLAIM } from '../run-end/tags';

/** What the item links of one item lead to. */
export interface LinkedClaims {
	/** Tokens of the claims that the item stands for: of the nearest Guard. */
	readonly tokens: readonly string[];
	/** The links tell: of these claims, or of none (a duplicate, unprotected, skipped, or it came past the Guard). */
	readonly isSure: boolean;
}

/** Whose the items of this node's input are, in their order. Empty where the run data do not hold what they came from. */
export function inputTags(context: IExecuteFunctions, trace: RunTrace, count: number): Tag[] {
	const source = sourceOf(context);
	if (!source || !trace.knows(source)) return [];
	const tags = trace.outputAt(source)?.tags;
	return Array.from({ length: count }, (_, item) => tags?.[item] ?? NO_CLAIM);
}

/** The act that each item of this node's input came from last. */
export function inputActs(
	context: IExecuteFunctions,
	trace: RunTrace,
): ReadonlyArray<Act | undefined> {
	const source = sourceOf(context);
	return source ? (trace.outputAt(source)?.acts ?? []) : [];
}

const sourceOf = (context: IExecuteFunctions) => context.getExecuteData().source?.main?.[0];

/**
 * The claims of an item. One that was handed to a Commit before is named only where there is no other: a Guard that lies before another one
 * is left to its own Commit.
 */
export function linkedClaims(trace: RunTrace, { yes, past, maybe }: Tag): LinkedClaims {
	const guardOf = (claim: number) => trace.guardOf(claim);
	const claims = trace.map.nearest(yes.length > 0 ? yes : past, guardOf);
	return {
		tokens: claims.map((claim) => trace.tokenOf(claim)),
		isSure: claims.length > 0 || maybe.length === 0,
	};
}
