import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { joinOutcomes, Tally } from '../../lib/results/joined-outcome';
import type { ResponseOutcome, ResponseRules } from '../../lib/results/response-outcome';
import { responseOutcome } from '../../lib/results/response-outcome';
import { outcomeOnWay } from '../run-end/acts';
import type { Judge } from '../run-end/judge';
import type { Part } from '../run-end/run-trace';
import { comesFromErrorOutput, nodeOf } from '../shared/engine';
import type { ClaimWithItems } from './claim-with-items';
import type { CommitSettings } from './commit-settings';

/** How this node reads an answer. */
export function rulesOf(settings: CommitSettings, ownRun: boolean): ResponseRules {
	return {
		failedResponses: settings.failedResponses,
		unknownResponses: settings.unknownResponses,
		ownKeyPassedDownstream: settings.unknownResponses === 'release',
		retriedRun: !ownRun,
	};
}

/** What this run of Commit, and those before it for other parts of the claim, say of how the action ended. */
export function verdictOf(
	context: IExecuteFunctions,
	settings: CommitSettings,
	judge: Judge | null,
	{ items, acts, number, foundBy, ownRun }: ClaimWithItems,
): ResponseOutcome {
	const rules = rulesOf(settings, ownRun);
	const fromErrorOutput = comesFromErrorOutput(context);
	const byItems = () =>
		items.map(({ json, error }, i) => {
			const onWay = judge === null ? undefined : outcomeOnWay(acts[i], rules);
			if (onWay !== undefined) return onWay;
			const seen = { json, itemError: error, fromErrorOutput };
			// Without run data a retry on the way could not be seen.
			return responseOutcome(seen, { ...rules, lastTryOnly: judge === null });
		});
	const told = toldBy(context.getNode());
	const parts =
		judge === null || number === undefined ? null : tallyOfParts(context, judge, number, rules);
	if (told !== null || parts?.isTold) {
		const tally = parts?.tally ?? new Tally();
		for (const outcome of told === null ? byItems() : [told]) tally.add(outcome);
		return tally.joined();
	}
	const tally =
		judge === null || number === undefined
			? new Tally()
			: judge.tallyOf(number, foundBy !== 'link');
	return tally.total > 0 ? tally.joined() : joinOutcomes(byItems());
}

/** What earlier runs of Commit were given of a claim. */
export function partsOf({ trace }: Judge, claim: number): Part[] {
	return [...trace.parts.tagsOf(claim)].flatMap((tag) => trace.parts.of(tag));
}

/** What earlier runs of Commit were given, each part as its Commit has it. */
export function tallyOfParts(
	context: IExecuteFunctions,
	judge: Judge,
	claim: number,
	rules: ResponseRules,
): { readonly tally: Tally; readonly isTold: boolean } {
	const tally = new Tally();
	let isTold = false;
	for (const { commit, item, act } of partsOf(judge, claim)) {
		const told = toldBy(nodeOf(context, commit));
		isTold ||= told !== null;
		const { json, error } = item;
		const seen = { json, itemError: error, fromErrorOutput: false };
		tally.add(told ?? outcomeOnWay(act, rules) ?? responseOutcome(seen, rules));
	}
	return { tally, isTold };
}

/** What a Commit says whatever the items look like; null where it reads them. Neither parameter takes an expression. */
export function toldBy(node: INode | null): ResponseOutcome | null {
	const { operation = 'save', outcome = 'detect' } = node?.parameters ?? {};
	if (operation === 'fail') return { outcome: 'failed', reason: '' };
	if (operation === 'release') {
		return { outcome: 'released', retryAfterMs: 0, reason: 'Released by Idempotency Commit' };
	}
	return outcome === 'completed' ? { outcome: 'completed', reason: '' } : null;
}
