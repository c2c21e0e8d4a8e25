import type { RunView } from '../shared/engine';
import { isNodeOfType } from '../shared/node-types';
import type { NodeKind } from './node-kinds';
import { kindOf } from './node-kinds';

/** The workflow behind a run: what its nodes are, and where they lead. Each question is answered once. */
export class WorkflowMap {
	private readonly kinds = new Map<string, NodeKind>();

	private readonly behind = new Map<string, ReadonlySet<string>>();

	private readonly missing = new Map<string, boolean>();

	private readonly outer = new Map<string, ReadonlySet<string>>();

	constructor(private readonly view: RunView) {}

	kindOf(node: string): NodeKind {
		let kind = this.kinds.get(node);
		if (kind === undefined) {
			kind = kindOf(node, this.view.nodes[node]);
			this.kinds.set(node, kind);
		}
		return kind;
	}

	/** An Idempotency Guard, or an Idempotent Webhook. */
	grantsClaims(node: string): boolean {
		const known = this.view.nodes[node];
		return (
			known !== undefined &&
			!known.disabled &&
			(isNodeOfType(known, 'idempotencyGuard') || isNodeOfType(known, 'idempotentWebhook'))
		);
	}

	/** An Idempotency Commit that ends claims. */
	takesClaims(node: string): boolean {
		const known = this.view.nodes[node];
		return (
			known !== undefined &&
			!known.disabled &&
			isNodeOfType(known, 'idempotencyCommit') &&
			known.parameters.operation !== 'renew'
		);
	}

	/** Whether what is handed to the node comes to a Commit, or is there. */
	leadsToCommit(node: string): boolean {
		return (
			this.takesClaims(node) || this.some(this.nodesBehind(node), (each) => this.takesClaims(each))
		);
	}

	/** Whether what is handed to the node may come to one that acts, or is there. */
	leadsToAct(node: string): boolean {
		return (
			this.kindOf(node).acts || this.some(this.nodesBehind(node), (each) => this.kindOf(each).acts)
		);
	}

	/**
	 * Whether an item that leaves by the last of the outputs misses an act to which another of them leads. What comes to the node once
	 * more is not followed.
	 */
	missesActs(node: string, last: number): boolean {
		const key = `${last}:${node}`;
		let misses = this.missing.get(key);
		if (misses === undefined) {
			const others = Array.from({ length: last }, (_, output) => this.actsBehind(node, output));
			const reached = this.actsBehind(node, last);
			misses = others.some((acts) => [...acts].some((act) => !reached.has(act)));
			this.missing.set(key, misses);
		}
		return misses;
	}

	targetsOf(node: string, output: number): string[] {
		return this.view.targetsOf(node, output);
	}

	loops(): string[] {
		return Object.values(this.view.nodes).flatMap(({ name, type }) =>
			type === 'n8n-nodes-base.splitInBatches' ? [name] : [],
		);
	}

	/** Of claims that an item stands for: those of the Guard that lies before no other of them. */
	nearest(claims: readonly number[], guardOf: (claim: number) => string): readonly number[] {
		if (claims.length <= 1) return claims;
		const guards = new Set(claims.map(guardOf));
		if (guards.size === 1) return claims;
		const outer = new Set([...guards].flatMap((guard) => [...this.outerGuardsOf(guard)]));
		return claims.filter((claim) => !outer.has(guardOf(claim)));
	}

	/** Nodes before a Guard that are not behind it as well, as they are in a loop. */
	private outerGuardsOf(guard: string): ReadonlySet<string> {
		let outer = this.outer.get(guard);
		if (outer === undefined) {
			const behind = this.nodesBehind(guard);
			outer = new Set(
				Object.keys(this.view.nodes).filter(
					(name) =>
						name !== guard &&
						this.grantsClaims(name) &&
						!behind.has(name) &&
						this.nodesBehind(name).has(guard),
				),
			);
			this.outer.set(guard, outer);
		}
		return outer;
	}

	/** All nodes that what leaves by an output may come to. */
	nodesBehindOutput(node: string, output: number): ReadonlySet<string> {
		const found = new Set<string>();
		for (const target of this.view.targetsOf(node, output)) {
			found.add(target);
			for (const each of this.nodesBehind(target)) found.add(each);
		}
		return found;
	}

	private actsBehind(node: string, output: number): ReadonlySet<string> {
		const found = new Set([node]);
		const stack = this.view.targetsOf(node, output);
		for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
			if (found.has(each)) continue;
			found.add(each);
			stack.push(...this.view.allTargetsOf(each));
		}
		return new Set([...found].filter((each) => this.kindOf(each).acts));
	}

	private some(nodes: Iterable<string>, is: (node: string) => boolean): boolean {
		for (const node of nodes) if (is(node)) return true;
		return false;
	}

	private nodesBehind(node: string): ReadonlySet<string> {
		const known = this.behind.get(node);
		if (known !== undefined) return known;
		const found = new Set<string>();
		const stack = [node];
		for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
			for (const target of this.view.allTargetsOf(each)) {
				if (!found.has(target)) {
					found.add(target);
					stack.push(target);
				}
			}
		}
		this.behind.set(node, found);
		return found;
	}
}
