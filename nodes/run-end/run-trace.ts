import type { INodeExecutionData, ISourceData, ITaskData } from 'n8n-workflow';

import { Turns } from '../../lib/guard/turns';
import type { Emission, RunView } from '../shared/engine';
import type { Act, TaskRun } from './acts';
import { actsOfTask } from './acts-of-task';
import { claimedItems, isCommitted } from './claimed-items';
import type { Origin } from './links';
import { linksOf } from './links';
import { Stops } from './stops';
import type { Tag } from './tags';
import { ByClaim, hasClaims, NO_CLAIM, Tags } from './tags';
import { isOfModel, isOver } from './task-data';
import type { TracedOutput, TracedTask } from './traced';
import { WorkflowMap } from './workflow-map';

/** Items of a claim that a Commit was given in an earlier run. */
export interface Part {
	readonly commit: string;
	readonly item: INodeExecutionData;
	readonly tag: Tag;
	/** The act that it came from last. */
	readonly act: Act | undefined;
}

/** A node that was handed items and has not run, as far as is known. */
export interface UntracedEmission extends Emission {
	readonly output: TracedOutput;
}

interface FreshTask {
	readonly node: string;
	readonly run: number;
	readonly task: ITaskData;
}

/**
 * Whose the items of a run are, from one walk over its data for all claims: linear in items, and able to go on where it ended when the
 * run has gone on. Claims are numbered in the order in which they were found.
 */
export class RunTrace {
	readonly tags = new Tags();

	readonly map: WorkflowMap;

	readonly acts = new ByClaim<Act>(({ yes, maybe }) => [yes, maybe]);

	readonly parts = new ByClaim<Part>(({ past }) => [past]);

	readonly stops: Stops;

	/** The runs of nodes that put out items of claims. */
	readonly seen = new ByClaim<TracedTask>(({ yes }) => [yes]);

	private readonly claims = new Map<string, number>();

	private readonly guards: string[] = [];

	private readonly tokens: string[] = [];

	private readonly traced = new Map<string, TracedTask[]>();

	private readonly untraced = new Map<string, UntracedEmission>();

	private readonly received = new Set<string>();

	private order = 0;

	constructor(private readonly view: RunView) {
		this.map = new WorkflowMap(view);
		this.stops = new Stops(this.tags, this.map);
	}

	/** The claim with this token, by its number. */
	claimOf(token: string): number | undefined {
		return this.claims.get(token);
	}

	tokenOf(claim: number): string {
		return this.tokens[claim] ?? '';
	}

	guardOf(claim: number): string {
		return this.guards[claim] ?? '';
	}

	outputAt({ previousNode, previousNodeRun = 0, previousNodeOutput = 0 }: ISourceData) {
		return this.traced.get(previousNode)?.[previousNodeRun]?.outputs[previousNodeOutput];
	}

	/** Whether a run of a node is in the trace, with claims or without. */
	knows({ previousNode, previousNodeRun = 0 }: ISourceData): boolean {
		return this.traced.get(previousNode)?.[previousNodeRun] !== undefined;
	}

	/** Who was handed items of claims and left no trace yet; most of them wait for their turn. */
	untracedEmissions(): IterableIterator<UntracedEmission> {
		return this.untraced.values();
	}

	/** Whether what was traced is still what the run data hold. */
	isValid(): boolean {
		for (const [node, tasks] of this.traced) {
			const last = tasks.at(-1);
			if (last !== undefined && this.view.runData[node]?.[tasks.length - 1] !== last.task)
				return false;
		}
		return true;
	}

	/** Walks over what is new in the run data. */
	async extend(turns = new Turns()): Promise<void> {
		const fresh = new Map<string, FreshTask>();
		for (const [node, tasks] of Object.entries(this.view.runData)) {
			const known = this.traced.get(node)?.length ?? 0;
			for (let run = known; run < tasks.length; run++) {
				const task = tasks[run];
				if (task === undefined || !isOver(task)) break;
				fresh.set(idOf(node, run), { node, run, task });
			}
		}
		const inOrder = [...fresh.values()].sort(
			(a, b) => a.task.executionIndex - b.task.executionIndex,
		);
		for (const each of inOrder) await this.traceWithSources(each, fresh, turns);
	}

	/** What it was made of goes first, in whatever order the tasks are numbered: parts of a run may be of an earlier one. */
	private async traceWithSources(
		start: FreshTask,
		fresh: Map<string, FreshTask>,
		turns: Turns,
	): Promise<void> {
		const stack = [start];
		for (let each = stack.at(-1); each !== undefined; each = stack.at(-1)) {
			const id = idOf(each.node, each.run);
			if (!fresh.delete(id)) {
				stack.pop();
				if (!this.isTraced(each)) await this.trace(each, turns);
				continue;
			}
			const needed = [...each.task.source.map((source) => source && sourceId(source))];
			if (each.run > 0) needed.push(idOf(each.node, each.run - 1));
			for (const need of needed) {
				const before = need === null ? undefined : fresh.get(need);
				if (before !== undefined) stack.push(before);
			}
		}
	}

	private isTraced({ node, run }: FreshTask): boolean {
		return this.traced.get(node)?.[run] !== undefined;
	}

	private async trace({ node, run, task }: FreshTask, turns: Turns): Promise<void> {
		for (const source of task.source) {
			if (source === null) continue;
			const id = emissionId({ target: node, source });
			this.received.add(id);
			this.untraced.delete(id);
		}
		const kind = this.map.kindOf(node);
		const inputs = task.source.map((source) =>
			source === null ? undefined : this.outputAt(source),
		);
		const lengths = task.source.map((source) => (source === null ? 0 : this.itemCountOf(source)));
		const by: TaskRun = {
			node,
			run,
			kind,
			task,
			order: this.order++,
			itemsIn: lengths.reduce((sum, length) => sum + length, 0),
		};
		const outputs = await this.outputsOf(by, inputs, lengths, turns);
		const traced: TracedTask = { ...by, outputs };
		const tasks = this.traced.get(node);
		if (tasks === undefined) this.traced.set(node, [traced]);
		else tasks.push(traced);
		this.noteOutputs(traced);
	}

	private itemCountOf({ previousNode, previousNodeRun = 0, previousNodeOutput = 0 }: ISourceData) {
		const data = this.view.runData[previousNode]?.[previousNodeRun]?.data?.main;
		return data?.[previousNodeOutput]?.length ?? 0;
	}

	private async outputsOf(
		by: TaskRun,
		inputs: ReadonlyArray<TracedOutput | undefined>,
		lengths: readonly number[],
		turns: Turns,
	): Promise<Array<TracedOutput | undefined>> {
		const { node, task, kind } = by;
		const grants = claimedItems(this.view, this.map, node, task);
		const came = this.tags.union(
			new Set(inputs.map((input, i) => (lengths[i] === 0 ? NO_CLAIM : (input?.all ?? NO_CLAIM)))),
		);
		if (came === NO_CLAIM && grants === null) return [];

		const isUniform = inputs.every((input, i) => lengths[i] === 0 || isAll(input, came));
		const isCut = kind.executesOnce && lengths.some((length) => length > 1);
		const doubt = isUniform ? came : this.tags.doubtful(came);
		const acts =
			kind.acts && !isOfModel(task)
				? actsOfTask(this.acts, { by, inputs, lengths, doubt, isUniform, isCut })
				: undefined;
		const links = linksOf(this.tags, {
			by,
			inputs,
			acts,
			doubt,
			linksLost: (isCut || kind.guessesLinks) && !isUniform,
			outputAt: (source) => this.outputAt(source),
			isKnown: (source) => this.itemCountOf(source) > 0,
		});

		const outputs: Array<TracedOutput | undefined> = [];
		for (const [output, items] of (task.data?.main ?? []).entries()) {
			const tags: Tag[] = [];
			const from: Array<Act | undefined> = [];
			for (const [item, data] of (items ?? []).entries()) {
				if (turns.isOver()) await turns.next();
				const origin = links.of(data, output, item);
				const granted = grants?.(data, output, item) ?? null;
				tags.push(this.afterNode(node, origin, data, output, granted));
				from.push(this.stops.wayOf(origin, by, grants !== null, data, output));
			}
			const all = this.tags.union(tags);
			outputs.push(all === NO_CLAIM ? undefined : { tags, acts: from, all });
		}
		return outputs;
	}

	/** What the node itself does to whose an item is: a Guard grants a claim, a Commit takes it. */
	private afterNode(
		node: string,
		{ tag, act }: Origin,
		item: INodeExecutionData,
		output: number,
		granted: { token: string | null } | null,
	): Tag {
		if (granted !== null) {
			if (granted.token === null) return this.tags.of({ ...tag, mixed: true });
			return this.tags.of({ ...tag, yes: [...tag.yes, this.claimNumber(granted.token, node)] });
		}
		if (!this.map.takesClaims(node) || tag.yes.length === 0) return tag;
		if (!isCommitted(item, output)) return tag;
		const taken = this.map.nearest(tag.yes, (claim) => this.guardOf(claim));
		const past = this.tags.of({ ...NO_CLAIM, past: taken });
		this.parts.add(past, { commit: node, item, tag, act });
		const left = new Set(taken);
		return this.tags.of({
			...tag,
			yes: tag.yes.filter((claim) => !left.has(claim)),
			past: [...tag.past, ...taken],
		});
	}

	private claimNumber(token: string, guard: string): number {
		const known = this.claims.get(token);
		if (known !== undefined) return known;
		this.claims.set(token, this.guards.length);
		this.tokens.push(token);
		return this.guards.push(guard) - 1;
	}

	private noteOutputs(traced: TracedTask): void {
		const { node, run, outputs } = traced;
		const noted = new Set<Tag>();
		for (const [previousNodeOutput, output] of outputs.entries()) {
			if (output === undefined) continue;
			for (const tag of output.tags) {
				if (tag.yes.length > 0 && !noted.has(tag)) this.seen.add(tag, traced);
				noted.add(tag);
			}
			if (!hasClaims(output.all)) continue;
			const source = { previousNode: node, previousNodeRun: run, previousNodeOutput };
			for (const target of this.view.targetsOf(node, previousNodeOutput)) {
				const id = emissionId({ target, source });
				if (!this.received.has(id)) this.untraced.set(id, { target, source, output });
			}
		}
	}
}

function isAll(output: TracedOutput | undefined, tag: Tag): boolean {
	return output !== undefined && output.all === tag && output.tags.every((each) => each === tag);
}

const idOf = (node: string, run: number): string => `${run}:${node}`;

const sourceId = ({ previousNode, previousNodeRun = 0 }: ISourceData): string =>
	idOf(previousNode, previousNodeRun);

export function emissionId({ target, source }: Emission): string {
	const { previousNode, previousNodeRun = 0, previousNodeOutput = 0 } = source;
	return JSON.stringify([target, previousNode, previousNodeRun, previousNodeOutput]);
}
