import type {
	ExecutionError,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	IRunData,
	NodeConnectionType,
} from 'n8n-workflow';

/**
 * What our nodes read of n8n's engine beyond its published interface. n8n-core's contexts have it as plain properties. Every read is
 * defensive: with another version of n8n we may know less, but never fail.
 */
interface EngineInternals {
	readonly runIndex?: number;
	readonly additionalData?: { readonly hooks?: unknown };
	readonly runExecutionData?: {
		readonly waitTill?: Date;
		readonly resultData?: { readonly runData?: IRunData; readonly error?: ExecutionError };
		readonly executionData?: {
			readonly nodeExecutionStack?: ReadonlyArray<{ readonly node?: { readonly name?: string } }>;
			readonly waitingExecution?: Readonly<Record<string, unknown>>;
		};
	};
	readonly workflow?: {
		readonly nodes?: Readonly<Record<string, INode>>;
		readonly connectionsBySourceNode?: Readonly<
			Record<
				string,
				Partial<
					Record<NodeConnectionType, ReadonlyArray<ReadonlyArray<{ readonly node: string }> | null>>
				>
			>
		>;
	};
}

const internalsOf = (context: IExecuteFunctions) => context as unknown as EngineInternals;

/** An object that lives as long as this execution does in this process; null where this n8n does not show it. */
export function executionOf(context: IExecuteFunctions): object | null {
	return internalsOf(context).runExecutionData ?? null;
}

/** What each node of this execution put out so far; null where this n8n does not show it. */
export function runDataOf(context: IExecuteFunctions): IRunData | null {
	return internalsOf(context).runExecutionData?.resultData?.runData ?? null;
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

/** Nodes that have items and wait for their turn. */
export function pendingNodes(context: IExecuteFunctions): ReadonlySet<string> {
	const data = internalsOf(context).runExecutionData?.executionData;
	const stacked = (data?.nodeExecutionStack ?? []).flatMap(({ node }) => node?.name ?? []);
	return new Set([...stacked, ...Object.keys(data?.waitingExecution ?? {})]);
}

/** The nodes that a main output leads to. */
export function targetsOf(context: IExecuteFunctions, node: string, output: number): string[] {
	const connections = internalsOf(context).workflow?.connectionsBySourceNode;
	return (connections?.[node]?.main?.[output] ?? []).map((connection) => connection.node);
}
