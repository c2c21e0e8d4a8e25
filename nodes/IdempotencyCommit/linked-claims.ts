import type { IExecuteFunctions } from 'n8n-workflow';

import type { RunTrace } from '../run-end/run-trace';
import type { Tag } from '../run-end/tags';
import { NO_CLAIM } from '../run-end/tags';

/** What the item links of one item lead to. */
export interface LinkedClaims {
	/** Tokens of the claims that the item stands for: of the nearest Guard. */
	readonly tokens: readonly string[];
	/** A Guard's output was reached, with a claim or without one (a duplicate, unprotected, skipped). */
	readonly reachedGuard: boolean;
}

/** Whose the items of this node's input are, in their order. */
export function inputTags(context: IExecuteFunctions, trace: RunTrace, count: number): Tag[] {
	const source = context.getExecuteData().source?.main?.[0];
	const tags = source ? trace.outputAt(source)?.tags : undefined;
	return Array.from({ length: count }, (_, item) => tags?.[item] ?? NO_CLAIM);
}

/**
 * The claims of an item. One that was handed to a Commit before is named only where there is no other: a Guard that lies before another one
 * is left to its own Commit.
 */
export function linkedClaims(trace: RunTrace, { yes, past, maybe, mixed }: Tag): LinkedClaims {
	const guardOf = (claim: number) => trace.guardOf(claim);
	const claims = trace.map.nearest(yes.length > 0 ? yes : past, guardOf);
	return {
		tokens: claims.map((claim) => trace.tokenOf(claim)),
		reachedGuard: claims.length > 0 || (mixed && maybe.length === 0),
	};
}
