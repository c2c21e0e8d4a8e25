import type { INodeExecutionData, ITaskData } from 'n8n-workflow';

import type { ResponseOutcome, ResponseRules } from '../../lib/results/response-outcome';
import { responseOutcome } from '../../lib/results/response-outcome';
import { joinOutcomes, Tally } from '../../lib/results/joined-outcome';
import type { NodeKind } from './node-kinds';
import type { Tag } from './tags';

/** One run of a node. */
export interface TaskRun {
	readonly node: string;
	readonly run: number;
	readonly kind: NodeKind;
	readonly task: ITaskData;
	/** Grows with each run that was traced. */
	readonly order: number;
	/** How many items it was given, over all inputs. */
	readonly itemsIn: number;
}

/** What one run of an acting node did, or may have done, for one item that it was given. */
export interface Act {
	readonly by: TaskRun;
	/** The item that it was given. */
	readonly input: { readonly input: number; readonly item: number };
	readonly tag: Tag;
	/** It can't be told for which of the items it acted. */
	readonly isDoubtful: boolean;
	/** All items that it was given are of the same claims. */
	readonly isAlone: boolean;
	/** The act that its item came from. */
	readonly before: Act | undefined;
	/** The items that it put out for this one. */
	readonly answers: Answer[];
	/** The same node acted once more for what came of this act. */
	again: Act | undefined;
}

export interface Answer {
	readonly output: number;
	readonly item: number;
}

/** How far back an item is followed through acts, to find that it was fed to the same node again. */
const LONGEST_WAY_BACK = 50;

/** The earlier act of the same node, for the same claims, that this item comes from: a retry loop. */
export function actToRepeat(node: string, tag: Tag, before: Act | undefined): Act | undefined {
	let act = before;
	for (let steps = 0; act !== undefined && steps < LONGEST_WAY_BACK; steps++) {
		if (act.by.node === node && act.tag === tag) return act;
		act = act.before;
	}
	return undefined;
}

/** Adds what a chain of repeated acts says: a refusal that was tried again counts by its last try. */
export function addActs(tally: Tally, acts: readonly Act[], rules: ResponseRules): void {
	for (const act of acts) {
		const outcome = actOutcome(act, rules);
		if (act.again === undefined) {
			tally.add(outcome);
			continue;
		}
		const last = actOutcome(lastTry(act), rules).outcome;
		const isSettledByLast =
			outcome.outcome === 'released' || outcome.outcome === 'failed' || last === 'completed';
		if (!isSettledByLast) tally.add(outcome);
	}
}

/** What the acts on the way of an item say: undefined where links show none. */
export function outcomeOnWay(
	last: Act | undefined,
	rules: ResponseRules,
): ResponseOutcome | undefined {
	const way: Act[] = [];
	for (let act = last; act !== undefined && way.length < LONGEST_WAY_BACK; act = act.before) {
		way.push(act);
	}
	if (way.length === 0) return undefined;
	const tally = new Tally();
	addActs(tally, way, rules);
	return tally.joined();
}

function lastTry(act: Act): Act {
	let last = act;
	while (last.again !== undefined) last = last.again;
	return last;
}

/** What is known of one act: its error, else its items, else that there are none. */
export function actOutcome(act: Act, rules: ResponseRules): ResponseOutcome {
	const { by, isDoubtful } = act;
	const at = (outcome: ResponseOutcome): ResponseOutcome => ({
		...outcome,
		reason: `${by.node}: ${outcome.reason}`,
	});
	if (isDoubtful) return at(unknown('links do not tell for which items it acted'));
	if (by.task.error !== undefined) return at(outcomeOfError(act, by.task.error, rules));
	if (act.answers.length > 0) return at(outcomeOfItems(by, act.answers, rules));
	return at(outcomeOfNoItems(act, rules));
}

function outcomeOfError(act: Act, error: unknown, rules: ResponseRules): ResponseOutcome {
	const { by, input } = act;
	const named: unknown = (error as { context?: { itemIndex?: unknown } }).context?.itemIndex;
	const isItsOwn =
		by.itemsIn === 1 || (typeof named === 'number' && input.input === 0 && named === input.item);
	const seen = responseOutcome(
		{ json: undefined, itemError: error, fromErrorOutput: true },
		rulesAt(by.kind, rules),
	);
	if (!isItsOwn) {
		return typeof named === 'number'
			? unknown(`an error that names another item: ${seen.reason}`)
			: unknown(`an error that may be about another item: ${seen.reason}`);
	}
	return trusted(by.kind, seen);
}

/**
 * Whether a run went well for all that it was given. Where links are lost, that is all that can be known of an item whose claim is named
 * by whoever built the workflow.
 */
export function wentWell({ by }: Act, rules: ResponseRules): boolean {
	if (by.task.error !== undefined) return false;
	const answers = allOf(by);
	return answers.length > 0 && outcomeOfItems(by, answers, rules).outcome === 'completed';
}

const allOf = ({ task }: TaskRun): Answer[] =>
	(task.data?.main ?? []).flatMap((items, output) =>
		(items ?? []).map((_, item) => ({ output, item })),
	);

function outcomeOfItems(
	by: TaskRun,
	answers: readonly Answer[],
	rules: ResponseRules,
): ResponseOutcome {
	return joinOutcomes(
		answers.map(({ output, item }) => {
			const data = by.task.data?.main?.[output]?.[item];
			return trusted(by.kind, itemOutcome(by, data, output, rules));
		}),
	);
}

function itemOutcome(
	{ kind, task }: TaskRun,
	item: INodeExecutionData | undefined,
	output: number,
	rules: ResponseRules,
): ResponseOutcome {
	if (holdsRefusal(item)) return unknown('a Guard refused it');
	const outputs = task.data?.main?.length ?? 0;
	const fromErrorOutput = kind.hasErrorOutput && output > 0 && output === outputs - 1;
	const seen = responseOutcome(
		{ json: item?.json, itemError: item?.error, fromErrorOutput },
		rulesAt(kind, rules),
	);
	const doubted = (reason: string): ResponseOutcome => ({
		outcome: rules.unknownResponses === 'release' ? 'released' : 'unknown',
		reason,
	});
	if (seen.outcome === 'completed' && kind.showsSuccess?.(item?.json ?? {}) === false) {
		return doubted('its answer does not show that it went well');
	}
	if (!isRefusal(seen) || fromErrorOutput || isOfNode(kind, item)) return seen;
	return doubted(`${seen.reason}, as the body of an answer says that went well`);
}

/** Whether the node itself says how the call ended. The body of an answer may say anything, also what a sender wrote into the request. */
function isOfNode(kind: NodeKind, item: INodeExecutionData | undefined): boolean {
	if (item?.error !== undefined) return true;
	const { json = {} } = item ?? {};
	if (!('error' in json)) return kind.givesStatus;
	return kind.givesErrors && Object.keys(json).every((key) => PARTS_OF_ERRORS.has(key));
}

/** Of an item that n8n's nodes make of an error. */
const PARTS_OF_ERRORS = new Set(['error', 'message', 'details']);

/** An answer from another workflow, below or behind an address, where a Guard sent the request to Conflict. */
function holdsRefusal(item: INodeExecutionData | undefined): boolean {
	return Object.values(item?.json ?? {}).some(
		(value) =>
			typeof value === 'object' &&
			value !== null &&
			'outcome' in value &&
			value.outcome === 'conflict' &&
			'reason' in value &&
			'statusCode' in value,
	);
}

/** No item is linked to what it was given. Where that is of one request, all that it put out is of that request. */
function outcomeOfNoItems({ by, isAlone }: Act, rules: ResponseRules): ResponseOutcome {
	const { kind } = by;
	if (kind.executesOnce && by.itemsIn > 1) return unknown('it acts for the first item only');
	if (kind.statusHidden || kind.showsSuccess)
		return unknown('no items, and the status of the answer is hidden');
	const told = toldToCaller(by);
	if (told !== undefined) return outcomeOfCall(told, rules);
	const all = allOf(by);
	if (isAlone && all.length > 0 && !kind.answersEachItem) return outcomeOfItems(by, all, rules);
	if (isAlone || kind.answersEachItem) return { outcome: 'completed', reason: 'returned no items' };
	return unknown('no item of it says how this one ended');
}

/** What a node put out for the one that called it, as the tools and the model of an agent are called; undefined for any other. */
function toldToCaller({ task: { data } }: TaskRun): INodeExecutionData[] | undefined {
	if (data === undefined || 'main' in data) return undefined;
	return Object.values(data).flatMap((outputs) => (outputs ?? []).flatMap((items) => items ?? []));
}

/** The caller says how it ended for each item; but what it makes of an error may be words. */
function outcomeOfCall(told: readonly INodeExecutionData[], rules: ResponseRules): ResponseOutcome {
	const seen = told.map(({ json, error }) =>
		responseOutcome({ json, itemError: error, fromErrorOutput: false }, rules),
	);
	const wrong = seen.find(({ outcome }) => outcome !== 'completed');
	if (wrong !== undefined) return unknown(`${wrong.reason}, as its caller was told`);
	return { outcome: 'completed', reason: 'answered its caller' };
}

/** A refusal by a node that may make several calls is about one of them. */
function trusted(kind: NodeKind, seen: ResponseOutcome): ResponseOutcome {
	return isRefusal(seen) && !kind.speaksForItem
		? {
				...unknown(`${seen.reason} (it may have made other calls)`),
				statusCode: seen.statusCode ?? 0,
			}
		: seen;
}

const isRefusal = ({ outcome }: ResponseOutcome): boolean =>
	outcome === 'failed' || outcome === 'released';

function rulesAt({ statusHidden, ownUrl, retriesOnFail }: NodeKind, rules: ResponseRules) {
	return {
		...rules,
		statusHidden,
		lastTryOnly: retriesOnFail || rules.lastTryOnly === true,
		...(ownUrl === undefined ? {} : { ownUrl }),
	};
}

const unknown = (reason: string): ResponseOutcome => ({ outcome: 'unknown', reason });
