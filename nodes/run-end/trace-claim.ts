import type { INodeExecutionData, IRunData, ISourceData, ITaskData } from 'n8n-workflow';

/** Whether an item is of the claim: `maybe` where item links don't tell. */
type Membership = 'yes' | 'no' | 'maybe';

/** One run of a node, and what of the claim came into it. */
export interface TracedTask {
	readonly node: string;
	readonly run: number;
	readonly task: ITaskData;
	/** By input and item. */
	readonly inputs: ReadonlyArray<readonly Membership[]>;
}

/** The Guard's New item that holds the claim. */
export interface ClaimItem {
	readonly node: string;
	readonly run: number;
	readonly index: number;
}

/** Follows a claim's item forward by item links, through all that ran after the Guard, in the order in which it ran. */
export function traceClaim(runData: IRunData, start: ClaimItem): TracedTask[] {
	const guardTask = runData[start.node]?.[start.run];
	if (guardTask === undefined) return [];
	const outputs = new Map<string, readonly Membership[]>();
	for (const [output, items] of (guardTask.data?.main ?? []).entries()) {
		outputs.set(
			idOf(start.node, start.run, output),
			(items ?? []).map((_, index) => (output === 0 && index === start.index ? 'yes' : 'no')),
		);
	}
	return tasksAfter(runData, guardTask.executionIndex).map(({ node, run, task }) => {
		const inputs = task.source.map((source) => membershipsOf(source, outputs, runData));
		for (const [output, items] of (task.data?.main ?? []).entries()) {
			outputs.set(
				idOf(node, run, output),
				(items ?? []).map((item) => membershipOf(item, inputs)),
			);
		}
		return { node, run, task, inputs };
	});
}

function tasksAfter(runData: IRunData, executionIndex: number) {
	return Object.entries(runData)
		.flatMap(([node, tasks]) => tasks.map((task, run) => ({ node, run, task })))
		.filter(({ task }) => task.executionIndex > executionIndex)
		.sort((a, b) => a.task.executionIndex - b.task.executionIndex);
}

function membershipsOf(
	source: ISourceData | null,
	outputs: ReadonlyMap<string, readonly Membership[]>,
	runData: IRunData,
): readonly Membership[] {
	if (source === null) return [];
	const { previousNode, previousNodeRun = 0, previousNodeOutput = 0 } = source;
	const traced = outputs.get(idOf(previousNode, previousNodeRun, previousNodeOutput));
	if (traced !== undefined) return traced;
	const before = runData[previousNode]?.[previousNodeRun]?.data?.main?.[previousNodeOutput];
	return before ? before.map(() => 'no') : ['maybe'];
}

function membershipOf(
	item: INodeExecutionData,
	inputs: ReadonlyArray<readonly Membership[]>,
): Membership {
	const came = inputs.flat();
	if (came.every((each) => each === 'no')) return 'no';
	const { pairedItem } = item;
	if (pairedItem === undefined) return 'maybe';
	const pairs = (Array.isArray(pairedItem) ? pairedItem : [pairedItem]).map((pair) =>
		typeof pair === 'number' ? { item: pair } : pair,
	);
	const linked = pairs.map(({ item: index, input = 0, sourceOverwrite }) =>
		sourceOverwrite === undefined ? (inputs[input]?.[index] ?? 'maybe') : 'maybe',
	);
	if (linked.includes('yes')) return 'yes';
	return linked.length === 0 || linked.includes('maybe') ? 'maybe' : 'no';
}

function idOf(node: string, run: number, output: number): string {
	return `${run}:${output}:${node}`;
}
