import type {
	ExecutionError,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	IRun,
	IRunData,
	ISourceData,
	NodeConnectionType,
} from 'n8n-workflow';

/**
 * What our nodes read of n8n's engine beyond its published interface. n8n-core's contexts have it as plain properties. Every read is
 * defensive: with another version of n8n we may know less, but never fail.
 */
interface EngineInternals {
	/** Of which `getNode` gives a copy. */
	readonly node?: INode;
	readonly runIndex?: number;
	/** The items that expressions see. */
	connectionInputData?: readonly INodeExecutionData[];
	readonly additionalData?: { readonly hooks?: EngineHooks };
	readonly runExecutionData?: {
		readonly waitTill?: Date;
		readonly resultData?: {
			readonly runData?: IRunData;
			readonly error?: ExecutionError;
			readonly lastNodeExecuted?: string;
		};
		readonly executionData?: {
			readonly contextData?: Readonly<Record<string, unknown>>;
			readonly nodeExecutionStack?: readonly StackEntry[];
			readonly waitingExecutionSource?: Readonly<
				Record<string, Readonly<Record<number, Sources>>>
			> | null;
		};
	};
	readonly workflow?: {
		readonly nodes?: Readonly<Record<string, INode>>;
		readonly connectionsBySourceNode?: Connections;
	};
}

interface EngineHooks {
	readonly addHandler?: (
		name: 'nodeExecuteAfter' | 'workflowExecuteAfter',
		handler: (run: IRun) => Promise<void>,
	) => void;
}

type Connections = Readonly<
	Record<
		string,
		Partial<
			Record<NodeConnectionType, ReadonlyArray<ReadonlyArray<{ readonly node: string }> | null>>
		>
	>
>;

interface Sources {
	readonly main?: ReadonlyArray<ISourceData | null>;
}

interface StackEntry {
	readonly node?: { readonly name?: string };
	readonly source?: Sources | null;
	readonly metadata?: { readonly nodeWasResumed?: boolean };
}

const internalsOf = (context: IExecuteFunctions) => context as unknown as EngineInternals;

/** Lets expressions of this run of the node see other items than its input: the events that one of them holds. */
export function showToExpressions(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): void {
	internalsOf(context).connectionInputData = items;
}

/** An object that lives as long as this execution does in this process; null where this n8n does not show it. */
export function executionOf(context: IExecuteFunctions): object | null {
	return internalsOf(context).runExecutionData ?? null;
}

/** What each node of this execution put out so far; null where this n8n does not show it. */
export function runDataOf(context: IExecuteFunctions): IRunData | null {
	return internalsOf(context).runExecutionData?.resultData?.runData ?? null;
}

/** The context's own node, to read: n8n's `getNode` copies it with all its parameters for each who asks. */
export function ownNodeOf(context: Pick<IExecuteFunctions, 'getNode'>): Readonly<INode> {
	return (context as unknown as EngineInternals).node ?? context.getNode();
}

/** A node of this workflow by name, with its settings; null where this n8n does not show it. */
export function nodeOf(context: IExecuteFunctions, name: string): INode | null {
	return internalsOf(context).workflow?.nodes?.[name] ?? null;
}

/** Whether anything is connected to a main output of this node; null where this n8n does not show it. */
export function isOutputConnected(context: IExecuteFunctions, output: number): boolean | null {
	const connections = internalsOf(context).workflow?.connectionsBySourceNode;
	if (connections === undefined) return null;
	return (connections[context.getNode().name]?.main?.[output]?.length ?? 0) > 0;
}

/**
 * Switches off "Always Output Data", which would put an empty item on an empty first output: a request that nobody checked. The
 * engine's own copy of the node is the only place where this can be done.
 */
export function refuseInventedItems(context: IExecuteFunctions): void {
	context.getExecuteData().node.alwaysOutputData = false;
}

/** Item `index` of an output, as the engine recorded it. */
export function outputItem(
	runData: IRunData,
	node: string,
	run: number,
	output: number,
	index: number,
): INodeExecutionData | null {
	return runData[node]?.[run]?.data?.main?.[output]?.[index] ?? null;
}

/** How often this node ran before in this execution: a loop runs it again. */
export function runIndexOf(context: IExecuteFunctions): number {
	return internalsOf(context).runIndex ?? context.getWorkflowDataProxy(0).$runIndex;
}

/** Whether this node's input came from the error output of the node before it. n8n puts that output last. */
export function comesFromErrorOutput(context: IExecuteFunctions): boolean {
	const source = context.getExecuteData().source?.main?.[0];
	if (!source || nodeOf(context, source.previousNode)?.onError !== 'continueErrorOutput') {
		return false;
	}
	const task = runDataOf(context)?.[source.previousNode]?.[source.previousNodeRun ?? 0];
	const output = source.previousNodeOutput ?? 0;
	return output > 0 && output === (task?.data?.main?.length ?? 0) - 1;
}

/** Whether the engine tells nodes when their execution ends. It may offer the call without any hooks behind it. */
export function canHearExecutionEnd(context: IExecuteFunctions): boolean {
	return (
		typeof context.onExecutionFinish === 'function' &&
		Boolean(internalsOf(context).additionalData?.hooks)
	);
}

/** Whether the execution was put to wait. It goes on later, maybe in another process, and nobody tells us when it ends. */
export function isPutToWait(context: IExecuteFunctions): boolean {
	return internalsOf(context).runExecutionData?.waitTill !== undefined;
}

/** The error that stopped the execution. */
export function runErrorOf(context: IExecuteFunctions): ExecutionError | undefined {
	return internalsOf(context).runExecutionData?.resultData?.error;
}

/** The run of a node that stopped the execution; null where none did, or it is not known. */
export function failedRunOf(context: IExecuteFunctions): { node: string; run: number } | null {
	const error = runErrorOf(context);
	const result = internalsOf(context).runExecutionData?.resultData;
	if (error === undefined) return null;
	const node = ('node' in error ? error.node?.name : undefined) ?? result?.lastNodeExecuted;
	const run = (result?.runData?.[node ?? ''] ?? []).findLastIndex(
		(task) => task.error !== undefined,
	);
	return node === undefined || run === -1 ? null : { node, run };
}

/**
 * Calls `listener` whenever a node of this execution has ended. The engine waits for it before it goes on, or to sleep. Not called where
 * this n8n has no such hook.
 */
export function onNodeEnd(context: IExecuteFunctions, listener: () => Promise<void>): void {
	internalsOf(context).additionalData?.hooks?.addHandler?.('nodeExecuteAfter', listener);
}

/** How a run ended, and what its last node put out on the first output that has anything. */
export interface RunEnd {
	readonly how: 'succeeded' | 'failed' | 'asleep';
	readonly items: readonly INodeExecutionData[];
}

/**
 * Calls `listener` once this execution has ended or was put to sleep, in this process, before anybody who waits for it is told. What it
 * throws goes to the log. Not called where this n8n has no such hook.
 */
export function onRunEnd(
	context: IExecuteFunctions,
	listener: (end: RunEnd) => Promise<void>,
): void {
	internalsOf(context).additionalData?.hooks?.addHandler?.('workflowExecuteAfter', async (run) => {
		try {
			await listener(runEndOf(run));
		} catch (error) {
			context.logger.error(`What "${context.getNode().name}" does at the end of a run failed`, {
				error,
			});
		}
	});
}

function runEndOf({ status, waitTill, data }: IRun): RunEnd {
	const { error, lastNodeExecuted, runData } = data.resultData;
	const task = runData[lastNodeExecuted ?? '']?.at(-1);
	const items = task?.data?.main?.find((output) => output !== null && output.length > 0) ?? [];
	if (status === 'waiting' || waitTill) return { how: 'asleep', items };
	const isFailed = error !== undefined || task?.error !== undefined;
	return { how: isFailed ? 'failed' : 'succeeded', items };
}

/** An output of a node that somebody was given, or waits to be given. */
export interface Emission {
	readonly target: string;
	readonly source: ISourceData;
	/** It waits for nodes that it has called: an agent for its tools. */
	readonly hasBegun?: boolean;
}

/** What of an execution its outcome is read from, as far as this n8n shows it. Parts of it grow while the execution lives. */
export interface RunView {
	readonly runData: IRunData;
	readonly nodes: Readonly<Record<string, INode>>;
	/** The nodes that a main output leads to. */
	targetsOf(node: string, output: number): string[];
	/** The nodes that any main output leads to. */
	allTargetsOf(node: string): string[];
	/** What nodes will be given when it is their turn. */
	pending(): Emission[];
	/** What a node keeps for its next run. */
	contextOf(node: string): Readonly<Record<string, unknown>> | undefined;
}

/** Null where this n8n does not show it. */
export function runViewOf(context: IExecuteFunctions): RunView | null {
	const { runExecutionData, workflow } = internalsOf(context);
	const runData = runExecutionData?.resultData?.runData;
	if (runData === undefined) return null;
	const outputsOf = (node: string) => workflow?.connectionsBySourceNode?.[node]?.main ?? [];
	return {
		runData,
		nodes: workflow?.nodes ?? {},
		targetsOf: (node, output) => (outputsOf(node)[output] ?? []).map((target) => target.node),
		allTargetsOf: (node) =>
			outputsOf(node).flatMap((targets) => (targets ?? []).map((target) => target.node)),
		pending: () => pendingOf(runExecutionData?.executionData),
		contextOf: (node) =>
			runExecutionData?.executionData?.contextData?.[`node:${node}`] as
				| Record<string, unknown>
				| undefined,
	};
}

function pendingOf(
	data: NonNullable<EngineInternals['runExecutionData']>['executionData'],
): Emission[] {
	const stacked = (data?.nodeExecutionStack ?? []).map(
		({ node, source, metadata }) =>
			[node?.name ?? '', source, metadata?.nodeWasResumed === true] as const,
	);
	const waiting = Object.entries(data?.waitingExecutionSource ?? {}).flatMap(([name, runs]) =>
		Object.values(runs).map((source) => [name, source, false] as const),
	);
	return [...stacked, ...waiting].flatMap(([target, sources, hasBegun]) =>
		(sources?.main ?? []).flatMap((source) => (source ? [{ target, source, hasBegun }] : [])),
	);
}
