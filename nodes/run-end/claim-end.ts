/**
 * What becomes of a claim that no Commit has finished when its run ends: the table of docs/guarantees.md, "Abandoned". Evidence speaks
 * for what it is about and for nothing else; what is doubtful is unknown.
 */
import type { ResponseOutcome } from '../../lib/results/response-outcome';
import type { Tally } from '../../lib/results/joined-outcome';
import type { Judge } from './judge';

export interface RunEnded {
	readonly how: 'success' | 'error' | 'canceled' | 'timed_out';
	/** The run of a node that stopped it, where it is known. */
	readonly failed: { readonly node: string; readonly run: number } | null;
}

export interface ClaimEnd extends ResponseOutcome {
	/** No node that acts had begun for it. */
	readonly nothingActed: boolean;
}

/**
 * How a run ended, from what a finish handler can see. At a cancel n8n calls the handlers before it has set an error,
 * so the cancel signal is asked first.
 */
export function howRunEnded(seen: {
	readonly cancelSignalled: boolean;
	readonly error?: { readonly name?: unknown } | null;
}): RunEnded['how'] {
	if (seen.cancelSignalled) return 'canceled';
	if (seen.error === undefined || seen.error === null) return 'success';
	const name = String(seen.error.name ?? '');
	if (name.includes('Timeout')) return 'timed_out';
	return name.includes('Cancelled') ? 'canceled' : 'error';
}

/**
 * @param claim its number in the trace; undefined where the run data do not hold it
 * @param awaitsCommit the run's success alone does not count
 */
export function claimEndOf(
	judge: Judge,
	claim: number | undefined,
	{ how, failed }: RunEnded,
	awaitsCommit: boolean,
): ClaimEnd {
	if (claim === undefined) return acted(unknown('ended, and its data do not hold this request'));
	const words = wordsFor(how, failed?.node);
	if (!judge.hasActed(claim)) return nothingActed(judge, claim, how, awaitsCommit, words);
	switch (how) {
		case 'canceled':
		case 'timed_out':
			return acted(unknown(`${words} while a node may have been in flight`));
		case 'error':
			return acted(stoppedByError(judge, claim, failed, awaitsCommit, words));
		default:
			return acted(spoken('succeeded', joined(judge, claim, awaitsCommit)));
	}
}

function nothingActed(
	judge: Judge,
	claim: number,
	how: RunEnded['how'],
	awaitsCommit: boolean,
	words: string,
): ClaimEnd {
	const before = released(`${words}, before anything had acted`);
	if (how === 'error') return notActed(before);
	if (how !== 'success') return notActed({ ...before, retryAfterMs: 0 });
	const stops = judge.tallyOf(claim);
	const stopped = stops.total > 0 ? stops.joined() : judge.unansweredFor(claim);
	if (stopped !== undefined) return notActed({ retryAfterMs: 0, ...spoken('succeeded', stopped) });
	if (judge.elsewhere.leadsToAct(claim)) {
		// Such as a Merge that waits for another input.
		return notActed({
			...released('succeeded, and what was to act had not begun'),
			retryAfterMs: 0,
		});
	}
	if (!awaitsCommit) return notActed({ outcome: 'completed', reason: 'succeeded' });
	const unreached = released('succeeded without reaching a Commit, and nothing had acted');
	return notActed({ ...unreached, retryAfterMs: 0 });
}

function stoppedByError(
	judge: Judge,
	claim: number,
	failed: RunEnded['failed'],
	awaitsCommit: boolean,
	words: string,
): ResponseOutcome {
	if (failed === null) return unknown('stopped by an error of which no node is known');
	const own = judge
		.actsOf(claim)
		.filter(({ by }) => by.node === failed.node && by.run === failed.run);
	if (own.length > 1) return unknown(`${words}, which had several items of this key`);
	const outcome = joined(judge, claim, awaitsCommit);
	if (own.length === 0) {
		// What had acted has told all. Where the request itself was stopped a success is none: the workflow says so.
		const isRefusal = !judge.trace.map.kindOf(failed.node).acts && outcome.outcome !== 'completed';
		return isRefusal || !judge.mayHaveGot(claim, failed)
			? spoken(words, outcome)
			: unknown(`${words}, after or beside another node that acted`);
	}
	const own_ = `${failed.node}: `;
	return spoken(words, {
		...outcome,
		reason: outcome.reason.startsWith(own_) ? outcome.reason.slice(own_.length) : outcome.reason,
	});
}

function joined(judge: Judge, claim: number, awaitsCommit: boolean): ResponseOutcome {
	return withRest(judge, claim, awaitsCommit, judge.tallyOf(claim)).joined();
}

/** What of the claim had not begun counts as not done, where it was on its way to an end. */
export function withRest(judge: Judge, claim: number, awaitsCommit: boolean, tally: Tally): Tally {
	const { elsewhere } = judge;
	const isLeft = awaitsCommit ? elsewhere.leadsToCommit(claim) : elsewhere.leadsToAct(claim);
	return isLeft
		? tally.add({ outcome: 'released', reason: 'the rest of it had not begun' })
		: tally;
}

function wordsFor(how: RunEnded['how'], node: string | undefined): string {
	if (how === 'canceled') return 'canceled';
	if (how === 'timed_out') return 'timed out';
	return node === undefined ? 'stopped by an error' : `stopped at ${node}`;
}

const spoken = (words: string, outcome: ResponseOutcome): ResponseOutcome => ({
	...outcome,
	reason: `${words}: ${outcome.reason}`,
});

const acted = (outcome: ResponseOutcome): ClaimEnd => ({ ...outcome, nothingActed: false });

const notActed = (outcome: ResponseOutcome): ClaimEnd => ({ ...outcome, nothingActed: true });

const released = (reason: string): ResponseOutcome => ({ outcome: 'released', reason });

const unknown = (reason: string): ResponseOutcome => ({ outcome: 'unknown', reason });
