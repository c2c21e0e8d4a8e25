import { WorkflowExecute } from 'n8n-core';
import { parse, stringify } from 'flatted';
import { createRunExecutionData } from 'n8n-workflow';
import type {
	INode,
	INodeExecutionData,
	IPinData,
	IRunData,
	IRunExecutionData,
	IWorkflowExecuteAdditionalData,
	Workflow,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import type { FinishHandlers } from './additional-data';

/** What every kind of run takes. */
export interface CommonRunOptions {
	/** Default: the next number. */
	executionId?: string;
	/** Cancels the execution, as a user's Stop does. */
	signal?: AbortSignal;
	/**
	 * The workflow's own time limit, which passes when this is aborted: a node in flight is cancelled, and between two nodes the engine
	 * stops with an error. Not so many milliseconds: how far a run has come by then would be the machine's business.
	 */
	timeLimit?: AbortSignal;
	finishHandlers?: FinishHandlers;
	/** Called when a node starts (again) or ends; awaited by the engine. */
	onNode?: (event: 'before' | 'after', node: string) => void | Promise<void>;
}

export interface RunOptions extends CommonRunOptions {
	/** Default `webhook`. */
	mode?: WorkflowExecuteMode;
	/** What the first node emits. Default: one empty item. */
	triggerItems?: INodeExecutionData[];
	/** Default: the first node of the workflow. */
	startNode?: string;
	/** Manual runs: run to this node and no further. */
	destinationNode?: string;
	/** Manual runs: an earlier run's data; only what is missing before the destination is run. */
	runData?: IRunData;
	/** With `runData`: nodes that were edited since, which must run again. */
	dirtyNodes?: string[];
	/** Manual runs: output by node name that replaces running the node. */
	pinData?: IPinData;
}

/** Starts the engine on a workflow. */
export type Begin = (
	workflow: Workflow,
	additionalData: IWorkflowExecuteAdditionalData,
) => ReturnType<WorkflowExecute['processRunExecutionData']>;

/** Through n8n's own format for stored executions: live objects (errors, sockets) become plain. */
export const throughDatabase = <T>(value: T): T => parse(stringify(value)) as T;

const namedNode = (workflow: Workflow, name: string): INode => {
	const found = workflow.getNode(name);
	if (found === null) throw new Error(`No node named "${name}"`);
	return found;
};

/** As n8n runs a workflow that a trigger or webhook started. */
export function beginFromTrigger(
	workflow: Workflow,
	additionalData: IWorkflowExecuteAdditionalData,
	mode: WorkflowExecuteMode,
	{ startNode, triggerItems = [{ json: {} }] }: RunOptions,
) {
	const node = startNodeOf(workflow, startNode);
	const data = createRunExecutionData({
		executionData: {
			nodeExecutionStack: [{ node, data: { main: [structuredClone(triggerItems)] }, source: null }],
		},
	});
	return new WorkflowExecute(additionalData, mode, data).processRunExecutionData(workflow);
}

/** As the editor runs a workflow, or a part of it. */
export function beginManually(
	workflow: Workflow,
	additionalData: IWorkflowExecuteAdditionalData,
	options: RunOptions,
) {
	const engine = new WorkflowExecute(additionalData, 'manual');
	const { pinData, runData, dirtyNodes, triggerItems } = options;
	const destinationNode =
		options.destinationNode === undefined
			? undefined
			: { nodeName: options.destinationNode, mode: 'inclusive' as const };
	if (runData) {
		if (!destinationNode) throw new Error('A partial run needs a destination');
		const old = throughDatabase(runData);
		return engine.runPartialWorkflow2(workflow, old, pinData, dirtyNodes, destinationNode);
	}
	const startNode = startNodeOf(workflow, options.startNode);
	const data = triggerItems && {
		startTime: Date.now(),
		executionTime: 0,
		executionIndex: 0,
		source: [],
		data: { main: [structuredClone(triggerItems)] },
	};
	return engine.run({
		workflow,
		startNode,
		destinationNode,
		pinData,
		triggerToStartFrom: { name: startNode.name, data },
	});
}

function startNodeOf(workflow: Workflow, name: string | undefined): INode {
	const [first] = Object.keys(workflow.nodes);
	return namedNode(workflow, name ?? first ?? '');
}

/** The waiting entries of a stored execution name nodes of the old workflow: take the new ones. */
export function useNodesOf(workflow: Workflow, data: IRunExecutionData) {
	for (const entry of data.executionData?.nodeExecutionStack ?? []) {
		entry.node = namedNode(workflow, entry.node.name);
	}
}
