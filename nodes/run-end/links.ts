import type { INodeExecutionData, IPairedItemData, ISourceData } from 'n8n-workflow';

import type { Act, TaskRun } from './acts';
import type { Tag, Tags } from './tags';
import { NO_CLAIM } from './tags';
import type { TracedOutput } from './traced';

export interface Given {
	readonly by: TaskRun;
	readonly inputs: ReadonlyArray<TracedOutput | undefined>;
	/** What the node did for each item that it was given, by input and item; undefined where it does not act. */
	readonly acts: ReadonlyMap<string, Act> | undefined;
	/** Whose an item is of which nothing more is known. */
	readonly doubt: Tag;
	/** The links of what it put out say nothing. */
	readonly linksLost: boolean;
	readonly outputAt: (source: ISourceData) => TracedOutput | undefined;
	/** Whether a source is in the run data at all. */
	readonly isKnown: (source: ISourceData) => boolean;
}

/** What an item comes from. */
export interface Origin {
	readonly tag: Tag;
	readonly act: Act | undefined;
}

/** Follows the links of a node's output items to the items that it was given. */
export function linksOf(tags: Tags, given: Given) {
	const { by, inputs, acts, doubt } = given;
	const unlinked: Origin = { tag: doubt, act: undefined };
	const isInvented = inventedLink(given);
	const unions = new Map<unknown, Origin>();

	return {
		/** Whose an output item is, and the act that it comes from. Notes it as an answer of that act. */
		of(data: INodeExecutionData, output: number, item: number): Origin {
			const { pairedItem } = data;
			if (pairedItem === undefined || given.linksLost || isInvented(pairedItem)) return unlinked;
			const pairs = pairsOf(pairedItem);
			if (acts !== undefined) {
				for (const pair of pairs) actAt(pair)?.answers.push({ output, item });
			}
			const [only] = pairs;
			if (only !== undefined && pairs.length === 1) return originAt(only);
			const known = unions.get(pairedItem);
			if (known !== undefined) return known;
			const origin = joined(pairs.map(originAt));
			unions.set(pairedItem, origin);
			return origin;
		},
	};

	function originAt(pair: IPairedItemData): Origin {
		const { item, input = 0, sourceOverwrite } = pair;
		if (sourceOverwrite !== undefined) {
			const output = given.outputAt(sourceOverwrite);
			if (output === undefined) return given.isKnown(sourceOverwrite) ? NOBODYS : unlinked;
			return originIn(output, item);
		}
		if (by.task.source[input] === undefined || by.task.source[input] === null) return unlinked;
		const origin = originIn(inputs[input], item);
		return acts === undefined ? origin : { tag: origin.tag, act: actAt(pair) };
	}

	function originIn(output: TracedOutput | undefined, item: number): Origin {
		if (output === undefined) return NOBODYS;
		const tag = output.tags[item];
		return tag === undefined ? unlinked : { tag, act: output.acts[item] };
	}

	function actAt({ item, input = 0, sourceOverwrite }: IPairedItemData): Act | undefined {
		return sourceOverwrite === undefined ? acts?.get(`${input}:${item}`) : undefined;
	}

	function joined(origins: readonly Origin[]): Origin {
		const [first] = origins;
		return {
			tag: tags.union(origins.map(({ tag }) => tag)),
			act: origins.every(({ act }) => act === first?.act) ? first?.act : undefined,
		};
	}
}

const NOBODYS: Origin = { tag: NO_CLAIM, act: undefined };

/**
 * n8n links one unlinked item that a node made of several to the first of them, as if it were made of that alone. Nodes that are known
 * to link what they put out are believed.
 */
function inventedLink({ by }: Given): (pairedItem: INodeExecutionData['pairedItem']) => boolean {
	const outputs = by.task.data?.main ?? [];
	const mayInvent =
		!by.kind.linksItems &&
		by.task.error === undefined &&
		by.task.source.length === 1 &&
		by.itemsIn > 1 &&
		outputs.length === 1 &&
		outputs[0]?.length === 1;
	return (pairedItem) => {
		if (!mayInvent) return false;
		const pairs = pairsOf(pairedItem);
		return pairs.length === 1 && pairs[0]?.item === 0 && pairs[0].sourceOverwrite === undefined;
	};
}

function pairsOf(paired: INodeExecutionData['pairedItem']): IPairedItemData[] {
	if (paired === undefined) return [];
	if (typeof paired === 'number') return [{ item: paired }];
	if (!Array.isArray(paired)) return [paired];
	return (paired as Array<IPairedItemData | number>).map((pair) =>
		typeof pair === 'number' ? { item: pair } : pair,
	);
}
