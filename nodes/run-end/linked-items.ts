import type { INodeExecutionData } from 'n8n-workflow';

import { holds } from './elsewhere';
import type { Judge } from './judge';
import type { TracedTask } from './traced';
import type { Tag } from './tags';

/** The items that are a claim's result; null where an item is also another's, so that nothing may be kept. */
export type LinkedItems = readonly INodeExecutionData[] | null;

/** Finds what a run leaves as the result of a claim: items that are linked to it, and to nobody who may not see them. */
export class ResultFinder {
	private readonly tenants = new Map<Tag, ReadonlySet<string>>();

	private readonly indexed = new Set<TracedTask>();

	private readonly byTag = new Map<Tag, Map<string, INodeExecutionData[]>>();

	constructor(
		private readonly judge: Judge,
		private readonly tenantOf: (claim: number) => string,
	) {}

	/** What left the last node that acted for the claim; where none did, what the last node had. */
	resultOf(claim: number): LinkedItems {
		const acts = this.judge.actsOf(claim);
		if (acts.length === 0) return this.lastSeen(claim);
		const last = acts.reduce((a, b) => (b.by.order > a.by.order ? b : a));
		const items: INodeExecutionData[] = [];
		for (const { by, answers, again, tag } of acts) {
			if (by.node !== last.by.node || again !== undefined) continue;
			for (const { output, item } of answers) {
				const data = by.task.data?.main?.[output]?.[item];
				const own = this.judge.trace.outputAt({
					previousNode: by.node,
					previousNodeRun: by.run,
					previousNodeOutput: output,
				})?.tags[item];
				if (!this.maySee(own ?? tag, claim)) return null;
				if (data !== undefined) items.push(data);
			}
		}
		return items;
	}

	/** Whether an item may be kept for the claim: it is linked to it, and all others that it is linked to are of the same tenant. */
	maySee(tag: Tag, claim: number): boolean {
		const { yes, past, mixed } = tag;
		if (!holds(yes, claim) && !holds(past, claim)) return false;
		const tenant = this.tenantOf(claim);
		return !(tenant !== '' && mixed) && this.tenantsOf(tag).isOne(tenant);
	}

	/** Whether an item may be kept where whoever built the workflow says that it is the claim's: it holds nothing of another tenant. */
	mayAssert(tag: Tag, claim: number): boolean {
		return this.tenantsOf(tag).isOne(this.tenantOf(claim));
	}

	private tenantsOf(tag: Tag): { isOne(tenant: string): boolean } {
		let tenants = this.tenants.get(tag);
		if (tenants === undefined) {
			const { yes, maybe, past } = tag;
			tenants = new Set([...yes, ...maybe, ...past].map((claim) => this.tenantOf(claim)));
			this.tenants.set(tag, tenants);
		}
		const all = tenants;
		return { isOne: (tenant) => all.size === 0 || (all.size === 1 && all.has(tenant)) };
	}

	private lastSeen(claim: number): LinkedItems {
		let last: TracedTask | undefined;
		for (const tag of this.judge.trace.seen.tagsOf(claim)) {
			for (const task of this.judge.trace.seen.of(tag)) {
				if (last === undefined || task.order > last.order) last = task;
			}
		}
		if (last === undefined) return null;
		const items: INodeExecutionData[] = [];
		for (const tag of this.judge.trace.seen.tagsOf(claim)) {
			const own = this.itemsOf(last, tag);
			if (own.length > 0 && !this.maySee(tag, claim)) return null;
			items.push(...own);
		}
		return items;
	}

	/** The items of a tag in what a node put out: each node's output is looked through once. */
	private itemsOf(task: TracedTask, tag: Tag): readonly INodeExecutionData[] {
		const id = `${task.run}:${task.node}`;
		const known = this.byTag.get(tag)?.get(id);
		if (known !== undefined) return known;
		if (!this.indexed.has(task)) this.index(task, id);
		return this.byTag.get(tag)?.get(id) ?? [];
	}

	private index(task: TracedTask, id: string): void {
		this.indexed.add(task);
		for (const [output, traced] of task.outputs.entries()) {
			for (const [item, tag] of (traced?.tags ?? []).entries()) {
				const data = task.task.data?.main?.[output]?.[item];
				if (data === undefined) continue;
				const tasks = this.byTag.get(tag) ?? new Map<string, INodeExecutionData[]>();
				this.byTag.set(tag, tasks);
				const items = tasks.get(id);
				if (items === undefined) tasks.set(id, [data]);
				else items.push(data);
			}
		}
	}
}
