import type { INodeExecutionData, IPairedItemData, ISourceData } from 'n8n-workflow';

import type { RunView } from '../shared/engine';
import type { UntracedEmission, RunTrace } from './run-trace';
import { emissionId } from './run-trace';
import type { Tag } from './tags';

/** Whether a claim is among an item's: surely or maybe. */
export function isOf({ yes, maybe }: Tag, claim: number): boolean {
	return holds(yes, claim) || holds(maybe, claim);
}

/** By halves: one item may stand for thousands of claims. */
export function holds(claims: readonly number[], claim: number): boolean {
	let low = 0;
	let high = claims.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		const found = claims[middle] ?? Infinity;
		if (found === claim) return true;
		if (found < claim) low = middle + 1;
		else high = middle;
	}
	return false;
}

/** Items that a loop keeps for its next runs, and where they will go. */
interface HeldBack {
	readonly targets: readonly string[];
	has(claim: number): boolean;
}

/** Where items of claims are that no node has been given yet, at this moment. */
export class Elsewhere {
	private readonly waiting: UntracedEmission[] = [];

	/** Handed over, and neither waiting nor in the run data: the node may have run, or be running. */
	private readonly unseen: UntracedEmission[] = [];

	private readonly held: readonly HeldBack[];

	constructor(
		private readonly trace: RunTrace,
		view: RunView,
	) {
		const pending = new Map(view.pending().map((each) => [emissionId(each), each] as const));
		for (const emission of trace.untracedEmissions()) {
			const known = pending.get(emissionId(emission));
			if (known !== undefined) this.waiting.push(emission);
			if (known === undefined || known.hasBegun) this.unseen.push(emission);
		}
		this.held = trace.map.loops().flatMap((loop) => heldBackBy(loop, view, trace));
	}

	/** Whether an item of the claim is still to come to a Commit. */
	leadsToCommit(claim: number): boolean {
		const { map } = this.trace;
		return this.some(claim, (node) => map.leadsToCommit(node));
	}

	/** Whether an item of the claim is still to come to a node that acts. */
	leadsToAct(claim: number): boolean {
		const { map } = this.trace;
		return this.some(claim, (node) => map.leadsToAct(node));
	}

	/** Acting nodes that may have run for the claim, and left no trace. */
	mayHaveRun(claim: number): string[] {
		return this.unseen.flatMap(({ target, output }) =>
			isOf(output.all, claim) && this.trace.map.kindOf(target).acts ? [target] : [],
		);
	}

	private some(claim: number, leads: (node: string) => boolean): boolean {
		return (
			this.waiting.some(({ target, output }) => isOf(output.all, claim) && leads(target)) ||
			this.held.some((held) => held.targets.some(leads) && held.has(claim))
		);
	}
}

/** What "Loop Over Items" keeps: the items to come, and those that it will give out when it is done. */
function heldBackBy(loop: string, view: RunView, trace: RunTrace): HeldBack[] {
	const kept = view.contextOf(loop);
	if (kept === undefined || kept.done === true) return [];
	const isLatest = (view.nodes[loop]?.typeVersion ?? 3) >= 3;
	const source = (kept.sourceData ?? null) as ISourceData | null;
	const heldBack = (items: unknown, output: number): HeldBack[] => {
		if (!Array.isArray(items) || items.length === 0) return [];
		return [
			{
				targets: trace.map.targetsOf(loop, output),
				has: (claim) => {
					const known = positionsIn(items as INodeExecutionData[], source, trace);
					return (known.last.get(claim) ?? -1) >= known.length - items.length;
				},
			},
		];
	};
	return [
		...heldBack(kept.items, isLatest ? 1 : 0),
		...heldBack(kept.processedItems, isLatest ? 0 : 1),
	];
}

/** The last place of each claim in a list of which a loop takes from the front. */
interface Positions {
	/** Of the list when it was first seen. */
	readonly length: number;
	readonly last: ReadonlyMap<number, number>;
}

const positions = new WeakMap<object, Positions>();

function positionsIn(
	items: readonly INodeExecutionData[],
	source: ISourceData | null,
	trace: RunTrace,
): Positions {
	let known = positions.get(items);
	if (known === undefined || known.length < items.length) {
		const last = new Map<number, number>();
		for (const [position, item] of items.entries()) {
			for (const claims of claimsBehind(item, source, trace)) {
				for (const claim of claims) last.set(claim, position);
			}
		}
		known = { length: items.length, last };
		positions.set(items, known);
	}
	return known;
}

function claimsBehind(
	{ pairedItem }: INodeExecutionData,
	source: ISourceData | null,
	trace: RunTrace,
): ReadonlyArray<readonly number[]> {
	const pairs = [pairedItem ?? { item: -1 }].flat() as Array<IPairedItemData | number>;
	return pairs.flatMap((pair) => {
		const { item, sourceOverwrite = source } = typeof pair === 'number' ? { item: pair } : pair;
		const output = sourceOverwrite === null ? undefined : trace.outputAt(sourceOverwrite);
		if (output === undefined) return [];
		const { yes, maybe } = output.tags[item] ?? output.all;
		return [yes, maybe];
	});
}
