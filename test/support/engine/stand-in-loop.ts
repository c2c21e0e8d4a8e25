import { deepCopy } from 'n8n-workflow';
import type {
	INode,
	INodeExecutionData,
	INodeType,
	IPairedItemData,
	ISourceData,
} from 'n8n-workflow';
import { parameter, standIn } from './stand-in';
import { node } from './workflow';
import type { NodeSettings } from './workflow';

/** Kept in the node's context between the rounds of one execution. */
interface LoopState {
	waiting?: INodeExecutionData[];
	done?: INodeExecutionData[];
	source?: ISourceData;
}

/** The link of an item with the node that it came from, though the loop runs on other input now. */
function linkFrom(item: INodeExecutionData, sourceOverwrite?: ISourceData): IPairedItemData[] {
	const links = [item.pairedItem ?? 0].flat();
	return links.map((link) => ({
		...(typeof link === 'number' ? { item: link } : link),
		sourceOverwrite,
	}));
}

/** Loop Over Items: output 0 is "done" (all items that came back), output 1 is "loop" (the next batch). */
export const loopType: INodeType = standIn('splitInBatches', {
	outputs: ['main', 'main'],
	properties: [parameter('batchSize', 1)],
	async execute() {
		const state = this.getContext('node') as LoopState;
		const batchSize = this.getNodeParameter('batchSize', 0) as number;
		const source = deepCopy(this.getInputSourceData());
		const items = this.getInputData();
		if (state.waiting === undefined) {
			Object.assign(state, { source, waiting: items.slice(batchSize), done: [] });
			return [[], items.slice(0, batchSize)];
		}
		const done = [
			...(state.done ?? []),
			...items.map((item, index) => ({
				...item,
				pairedItem: { item: index, sourceOverwrite: source },
			})),
		];
		const batch = state.waiting.slice(0, batchSize).map((item) => {
			const [first, ...more] = linkFrom(item, state.source);
			return {
				...item,
				pairedItem: first && more.length === 0 ? first : linkFrom(item, state.source),
			};
		});
		Object.assign(state, { done, waiting: state.waiting.slice(batchSize) });
		return batch.length === 0 ? [done, []] : [[], batch];
	},
});

/** Loop Over Items; connect output 1 to the body and the body's end back to the loop. */
export const loop = (name: string, batchSize = 1, settings: NodeSettings = {}): INode =>
	node(name, 'n8n-nodes-base.splitInBatches', { batchSize }, settings);
