import type {
	IExecuteFunctions,
	INodeExecutionData,
	IPairedItemData,
	IRunData,
	ISourceData,
} from 'n8n-workflow';

import { looksLikeToken } from '../../lib/keys/claim-token';
import { outputItem, runDataOf } from '../shared/engine';
import type { GuardBefore } from '../shared/node-types';
import { guardsBefore } from '../shared/node-types';

/** What the item links of one item lead to. */
export interface LinkedClaims {
	/** Tokens of the claims that the item stands for: of the nearest Guard on each path. */
	readonly tokens: readonly string[];
	/** A Guard's output was reached, with a claim or without one (a duplicate, unprotected, skipped). */
	readonly reachedGuard: boolean;
}

/** An item on a node's output. */
interface Position {
	readonly node: string;
	readonly run: number;
	readonly output: number;
	readonly item: number;
}

interface Found {
	readonly guard: string;
	/** Null: the Guard let the item through without a claim. */
	readonly token: string | null;
}

/**
 * Follows the item links of Commit's input back to the Guards. One item may stand for several claims (an Aggregate), so all links
 * are followed; a path ends at the first Guard, and a Guard that lies before another one found is left to its own Commit.
 */
export function linkedClaimsOf(context: IExecuteFunctions, itemCount: number): LinkedClaims[] {
	const runData = runDataOf(context);
	const source = context.getExecuteData().source?.main?.[0] ?? null;
	if (runData === null || source === null) {
		return Array.from({ length: itemCount }, () => ({ tokens: [], reachedGuard: false }));
	}
	const links = new ItemLinks(runData, guardsBefore(context));
	const outerGuardsOf = outerGuardsIn(context);
	return Array.from({ length: itemCount }, (_, item) => {
		const found = links.claimsBehind(positionOf(source, item));
		const guards = [...new Set(found.map(({ guard }) => guard))];
		const nearest = guards.filter(
			(guard) => !guards.some((other) => outerGuardsOf(other).has(guard)),
		);
		const tokens = found.flatMap(({ guard, token }) =>
			token !== null && nearest.includes(guard) ? [token] : [],
		);
		return { tokens, reachedGuard: found.length > 0 };
	});
}

/** Nodes before a Guard that are not behind it as well, as they are in a loop. */
function outerGuardsIn(context: IExecuteFunctions): (guard: string) => ReadonlySet<string> {
	const known = new Map<string, ReadonlySet<string>>();
	return (guard) => {
		let outer = known.get(guard);
		if (outer === undefined) {
			const behind = new Set(context.getChildNodes(guard).map((node) => node.name));
			const before = context.getParentNodes(guard).map((node) => node.name);
			outer = new Set(before.filter((name) => name !== guard && !behind.has(name)));
			known.set(guard, outer);
		}
		return outer;
	};
}

/** What lies behind each position, looked up once: many items may come from the same one. */
class ItemLinks {
	private readonly known = new Map<string, readonly Found[]>();

	private readonly tokenFields: ReadonlyMap<string, string>;

	constructor(
		private readonly runData: IRunData,
		guards: readonly GuardBefore[],
	) {
		this.tokenFields = new Map(guards.map(({ name, outputField }) => [name, outputField]));
	}

	/** Depth first without recursion: workflows may be long, and loops longer. */
	claimsBehind(start: Position): readonly Found[] {
		const expanded = new Map<string, readonly Position[]>();
		const stack = [start];
		for (let position = stack.at(-1); position !== undefined; position = stack.at(-1)) {
			const id = idOf(position);
			const origins = expanded.get(id);
			if (this.known.has(id)) {
				stack.pop();
			} else if (origins === undefined) {
				const next = this.originsOf(position, id);
				expanded.set(id, next);
				stack.push(...next.filter((origin) => !expanded.has(idOf(origin))));
			} else {
				this.known.set(id, union(origins.map((origin) => this.known.get(idOf(origin)) ?? [])));
				stack.pop();
			}
		}
		return this.known.get(idOf(start)) ?? [];
	}

	/** The output items that an item was made of: none where a path ends, with what was found there. */
	private originsOf(position: Position, id: string): readonly Position[] {
		const { node, run, output, item } = position;
		const data = outputItem(this.runData, node, run, output, item);
		const tokenField = this.tokenFields.get(node);
		if (data === null) {
			this.known.set(id, []);
			return [];
		}
		if (tokenField !== undefined) {
			const token = output === 0 ? tokenIn(data, tokenField) : null;
			this.known.set(id, [{ guard: node, token }]);
			return [];
		}
		const sources = this.runData[node]?.[run]?.source ?? [];
		return pairsOf(data.pairedItem).flatMap((pair) => {
			const source = pair.sourceOverwrite ?? sources[pair.input ?? 0];
			return source ? [positionOf(source, pair.item)] : [];
		});
	}
}

function union(lists: ReadonlyArray<readonly Found[]>): readonly Found[] {
	if (lists.length === 1) return lists[0] ?? [];
	const all = new Map<string, Found>();
	for (const found of lists.flat()) all.set(`${found.token}:${found.guard}`, found);
	return [...all.values()];
}

function idOf({ node, run, output, item }: Position): string {
	return `${run}:${output}:${item}:${node}`;
}

function positionOf(source: ISourceData, item: number): Position {
	return {
		node: source.previousNode,
		run: source.previousNodeRun ?? 0,
		output: source.previousNodeOutput ?? 0,
		item,
	};
}

function pairsOf(paired: INodeExecutionData['pairedItem']): IPairedItemData[] {
	if (paired === undefined) return [];
	if (typeof paired === 'number') return [{ item: paired }];
	return Array.isArray(paired) ? paired : [paired];
}

function tokenIn({ json }: INodeExecutionData, field: string): string | null {
	const details = json[field];
	const token =
		typeof details === 'object' && details !== null && 'token' in details ? details.token : null;
	return looksLikeToken(token) ? token : null;
}
