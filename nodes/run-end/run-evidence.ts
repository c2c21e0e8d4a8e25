/**
 * What an ended run tells about a claim that no Commit settled: the "Abandoned" table of docs/guarantees.md. The final
 * error of a run is evidence only where it can be about this claim and no other; what is doubtful is unknown.
 */
import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../lib/results/response-outcome';
import type {
	ResponseEvidence,
	ResponseOutcome,
	ResponseRules,
} from '../../lib/results/response-outcome';

/** One run of one node. n8n's run data holds several where a node runs in a loop or on several branches. */
export interface NodeRun {
	readonly node: string;
	/** e.g. `n8n-nodes-base.httpRequest`. */
	readonly type: string;
	/**
	 * n8n's execution status of the task. `unseen`: the node was handed items, is neither in the run data nor
	 * waiting in the execution stack, so it may have run (n8n keeps no entry of a node that returned null, nor of one
	 * in flight at a cancel).
	 */
	readonly status: 'success' | 'error' | 'canceled' | 'crashed' | 'running' | 'waiting' | 'unseen';
	/** Items of this claim that it was given; null where item links don't tell. */
	readonly itemsIn: number | null;
	/** Items over all its outputs, error output included, whosever they are. */
	readonly itemsOut: number;
	/** False only where it is certain that no item of this claim came here. */
	readonly onThisPath: boolean;
	/** A Commit that would settle this claim lies behind it. */
	readonly leadsToCommit: boolean;
	readonly retryOnFail: boolean;
	/** It acts for the first item only, whatever it is given. */
	readonly executeOnce: boolean;
	/** A node of this package. */
	readonly ours: boolean;
}

export interface RunError {
	/** The run that failed, as index into `startedAfterGuard`; null where it isn't among them. */
	readonly failedRun: number | null;
	/** Whose item the error names (`context.itemIndex`, followed back by item links). */
	readonly names: 'this claim' | 'another' | 'none';
	/** The error as n8n keeps it in `resultData.error`. */
	readonly error: unknown;
}

export interface RunEvidence {
	/** See `howRunEnded`. `crashed` and `unknown`: there is nothing to look at. */
	readonly ended: 'success' | 'error' | 'canceled' | 'timed_out' | 'crashed' | 'unknown';
	/** Claims that this run of the Guard granted. */
	readonly claimsGranted: number;
	/** In the order of n8n's `executionIndex`. Empty says that nothing was seen, not that nothing ran. */
	readonly startedAfterGuard: readonly NodeRun[];
	readonly error?: RunError;
}

export interface AbandonedOutcome {
	readonly to: 'completed' | 'failed' | 'released' | 'unknown';
	/** In words that a later caller may read, e.g. "stopped at HTTP Request: HTTP 429 Too Many Requests". */
	readonly reason: string;
	readonly statusCode?: number;
	/** With `released`: what the answer asked for. Absent: the store's backoff grows. */
	readonly retryAfterMs?: number;
	/** With `completed`: the run produced no items. */
	readonly result?: readonly [];
}

/**
 * n8n's own nodes that touch nothing outside the run, so that running them again is harmless whatever they did.
 * Not here: Code, AI Transform and the Function nodes (they run anything), Remove Duplicates (it may remember items
 * across executions), Wait and Respond to Webhook (callers see them), Execute Workflow, and whatever reads or writes
 * over the network or on disk.
 */
export const NODES_WITHOUT_EFFECTS: ReadonlySet<string> = new Set(
	[
		'aggregate',
		'compareDatasets',
		'compression',
		'convertToFile',
		'crypto',
		'dateTime',
		'extractFromFile',
		'filter',
		'html',
		'if',
		'itemLists',
		'jwt',
		'limit',
		'markdown',
		'merge',
		'moveBinaryData',
		'noOp',
		'renameKeys',
		'set',
		'sort',
		'splitInBatches',
		'splitOut',
		'stopAndError',
		'summarize',
		'switch',
		'xml',
	].map((name) => `n8n-nodes-base.${name}`),
);

/**
 * How a run ended, from what a finish handler can see. At a cancel n8n calls the handlers before it has set an error,
 * so the cancel signal is asked first.
 */
export function howRunEnded(seen: {
	readonly cancelSignalled: boolean;
	readonly error?: { readonly name?: unknown } | null;
}): 'success' | 'error' | 'canceled' | 'timed_out' {
	if (seen.cancelSignalled) return 'canceled';
	if (seen.error === undefined || seen.error === null) return 'success';
	const name = String(seen.error.name ?? '');
	if (name.includes('Timeout')) return 'timed_out';
	return name.includes('Cancelled') ? 'canceled' : 'error';
}

/** What becomes of a claim whose run ended without Commit. */
export function abandonedOutcome(
	evidence: RunEvidence,
	rules: ResponseRules = DEFAULT_RESPONSE_RULES,
): AbandonedOutcome {
	switch (evidence.ended) {
		case 'error':
			return stoppedByError(evidence, rules);
		case 'success':
			return endedWithoutItems(evidence);
		case 'canceled':
			return unknown('canceled while a node may have been in flight');
		case 'timed_out':
			return unknown('timed out while a node may have been in flight');
		case 'crashed':
			return unknown('crashed');
		default:
			return unknown('ended in a way nobody saw');
	}
}

function stoppedByError(evidence: RunEvidence, rules: ResponseRules): AbandonedOutcome {
	const runs = evidence.startedAfterGuard;
	const { error } = evidence;
	const failed = error?.failedRun == null ? undefined : runs[error.failedRun];
	if (error === undefined || failed === undefined) {
		return unknown('stopped by an error of which no node behind the Guard is known');
	}
	const at = `stopped at ${failed.node}`;
	if (failed.status !== 'error') return unknown(`${at}, whose own record says otherwise`);
	const acting = runs.filter(mayHaveActed);
	if (acting.length === 0) return { to: 'released', reason: `${at}, before anything had acted` };

	const doubt = whyNotAboutThisClaim(evidence, error, failed, acting);
	if (doubt !== undefined) return unknown(`${at}, ${doubt}`);
	const seen = responseOutcome(evidenceOf(error), rules);
	if (seen.outcome === 'completed') {
		return { ...reported(seen, at), to: 'unknown' };
	}
	return { ...reported(seen, at), to: seen.outcome };
}

/** Why the final error can't be taken for this claim's; undefined where it can. */
function whyNotAboutThisClaim(
	evidence: RunEvidence,
	error: RunError,
	failed: NodeRun,
	acting: readonly NodeRun[],
): string | undefined {
	if (!failed.onThisPath) return 'which was not working for this key';
	if (failed.ours) return 'a node of the idempotency package';
	if (!mayHaveActed(failed)) return 'after another node had acted';
	if (acting.some((run) => run !== failed && run.onThisPath))
		return 'beside another node that acted';
	if (failed.retryOnFail) return 'of whose tries only the last is seen';
	if (error.names === 'another') return 'with an error that names another item';
	if (error.names === 'none' && evidence.claimsGranted !== 1) return 'in a batch of several keys';
	// One claim may have become several items, of which others may have succeeded.
	if (failed.itemsIn !== 1) return 'which had several items of this key';
	return undefined;
}

function endedWithoutItems(evidence: RunEvidence): AbandonedOutcome {
	const onPath = evidence.startedAfterGuard.filter((run) => run.onThisPath);
	const end = onPath.find((run) => run.itemsOut === 0 && run.leadsToCommit);
	if (end === undefined) return unknown('succeeded without reaching a Commit');
	if (onPath.some((run) => run.status !== 'success')) {
		return unknown('succeeded without reaching a Commit, past a node that failed');
	}
	if (evidence.claimsGranted !== 1 && onPath.some((run) => run.executeOnce)) {
		return unknown(
			'succeeded without reaching a Commit, past a node that acts for the first item only',
		);
	}
	return { to: 'completed', reason: `succeeded; ${end.node} returned no items`, result: [] };
}

const mayHaveActed = (run: NodeRun): boolean => !NODES_WITHOUT_EFFECTS.has(run.type);

const unknown = (reason: string): AbandonedOutcome => ({ to: 'unknown', reason });

const evidenceOf = ({ error }: RunError): ResponseEvidence => ({
	json: undefined,
	itemError: error,
	fromErrorOutput: true,
});

function reported(seen: ResponseOutcome, at: string): Omit<AbandonedOutcome, 'to'> {
	const { statusCode, retryAfterMs } = seen;
	return {
		reason: `${at}: ${seen.reason}`,
		...(statusCode !== undefined && { statusCode }),
		...(retryAfterMs !== undefined && { retryAfterMs }),
	};
}
