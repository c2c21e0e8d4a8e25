import { runScope, runsWithoutFinishHook } from './host';
import type { RunScope } from './host';
import { WorkflowExecute } from 'n8n-core';
import { Workflow } from 'n8n-workflow';
import type {
	IDataObject,
	IExecuteWorkflowInfo,
	INodeExecutionData,
	INodeType,
	IRun,
	IVersionedNodeType,
	IWorkflowExecuteAdditionalData,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { additionalDataOf, NodeTypes, RunHooks } from './additional-data';
import type { Credentials, FinishHandlers } from './additional-data';
import { beginFromTrigger, beginManually, throughDatabase, useNodesOf } from './begin';
import type { Begin, CommonRunOptions, RunOptions } from './begin';
import { RunResult } from './run-result';
import type { WorkflowJson } from './workflow';

/** What an engine knows before it runs anything. */
export interface EngineOptions {
	/** Node types by full name, e.g. `n8n-nodes-idempotency.idempotencyGuard`. */
	nodes: Record<string, INodeType | IVersionedNodeType>;
	credentials?: Credentials;
	/** Two engines with the same id are clones of one n8n. Default `instance-1`. */
	instanceId?: string;
	/** Workflows that `executeWorkflow` finds by their id. */
	subWorkflows?: WorkflowJson[];
	/** The first execution id; later ones follow. Default 1. */
	firstExecutionId?: number;
}

/** A request and its response, as Express has them. */
export interface DoorExchange {
	readonly request: unknown;
	readonly response: unknown;
}

interface Execution extends CommonRunOptions {
	mode: WorkflowExecuteMode;
	retryOf?: string;
}

/** n8n's engine, in this process, with the given nodes. */
export class Engine {
	private nextExecutionId: number;

	private readonly nodeTypes: NodeTypes;

	private readonly staticData = new Map<string, IDataObject>();

	/** Every execution that ended, sub-workflows included, by its id. */
	readonly executions = new Map<string, RunResult>();

	constructor(private readonly options: EngineOptions) {
		this.nodeTypes = new NodeTypes(options.nodes);
		this.nextExecutionId = options.firstExecutionId ?? 1;
	}

	/** Runs a workflow from its trigger, or a part of it as the editor does (`mode: 'manual'`). */
	async run(json: WorkflowJson, options: RunOptions = {}): Promise<RunResult> {
		const { mode = 'webhook' } = options;
		const manual = mode === 'manual';
		if (!manual && (options.pinData ?? options.runData ?? options.destinationNode)) {
			throw new Error('Pinned data, old run data and a destination belong to manual runs');
		}
		return await this.execute(json, { ...options, mode }, (workflow, additionalData) =>
			manual
				? beginManually(workflow, additionalData, options)
				: beginFromTrigger(workflow, additionalData, mode, options),
		);
	}

	/**
	 * "Retry execution": goes on from the node that failed, under a new id; `json` is the workflow as it
	 * is saved now, where that differs ("retry with currently saved workflow").
	 */
	async retry(
		previous: RunResult,
		options: CommonRunOptions & { json?: WorkflowJson } = {},
	): Promise<RunResult> {
		if (previous.run.finished) throw new Error('The execution succeeded: it can not be retried');
		const data = throughDatabase(previous.run.data);
		const { lastNodeExecuted, runData } = data.resultData;
		if (lastNodeExecuted) {
			delete data.resultData.error;
			const tasks = runData[lastNodeExecuted];
			if (tasks?.at(-1)?.error !== undefined) tasks.pop();
		}
		const execution = { ...options, mode: 'retry' as const, retryOf: previous.executionId };
		return await this.execute(options.json ?? previous.workflow, execution, (workflow, server) => {
			if (options.json) useNodesOf(workflow, data);
			return new WorkflowExecute(server, 'retry', data).processRunExecutionData(workflow);
		});
	}

	/** Goes on with an execution that waits: same id and mode, as on any worker. */
	async resume(previous: RunResult, options: CommonRunOptions = {}): Promise<RunResult> {
		if (previous.status !== 'waiting') throw new Error('The execution does not wait');
		const { mode } = previous.run;
		const data = throughDatabase(previous.run.data);
		const { executionId } = previous;
		return await this.execute(
			previous.workflow,
			{ ...options, executionId, mode },
			(workflow, server) =>
				new WorkflowExecute(server, mode, data).processRunExecutionData(workflow),
		);
	}

	/** What n8n hands to a node that answers a request, before there is any execution. */
	atTheDoor(json: WorkflowJson, mode: WorkflowExecuteMode, http: DoorExchange) {
		const { workflow, additionalData } = this.outsideOfRuns(json, mode);
		return {
			workflow,
			additionalData: {
				...additionalData,
				httpRequest: http.request,
				httpResponse: http.response,
			} as IWorkflowExecuteAdditionalData,
		};
	}

	/** What a trigger has, before any execution. */
	outsideOfRuns(json: WorkflowJson, mode: WorkflowExecuteMode) {
		const additionalData = additionalDataOf({
			workflowId: json.id,
			credentials: this.options.credentials ?? {},
			runSubWorkflow: async (info, items) => await this.runSubWorkflow(info, items),
		});
		return { workflow: this.workflowOf(json, mode), additionalData };
	}

	private workflowOf(json: WorkflowJson, mode: WorkflowExecuteMode): Workflow {
		return new Workflow({
			...structuredClone(json),
			active: mode !== 'manual' && mode !== 'retry',
			nodeTypes: this.nodeTypes,
			staticData: structuredClone(this.staticData.get(json.id ?? '') ?? {}),
		});
	}

	private async execute(json: WorkflowJson, execution: Execution, begin: Begin) {
		const scope: RunScope = { instanceId: this.options.instanceId ?? 'instance-1', logs: [] };
		return await runScope.run(
			scope,
			async () => await this.executeIn(scope, json, execution, begin),
		);
	}

	private async executeIn(scope: RunScope, json: WorkflowJson, execution: Execution, begin: Begin) {
		const { mode, finishHandlers = 'run' } = execution;
		const executionId = execution.executionId ?? String(this.nextExecutionId++);
		const workflow = this.workflowOf(json, mode);
		const hooks = hooksOf(execution, executionId, json, finishHandlers);
		const additionalData = additionalDataOf({
			executionId,
			workflowId: json.id,
			credentials: this.options.credentials ?? {},
			hooks,
			runSubWorkflow: async (info, items) => await this.runSubWorkflow(info, items),
		});
		if (finishHandlers === 'missing') runsWithoutFinishHook.add(additionalData);

		const run = await cancellable(begin(workflow, additionalData), execution, additionalData);
		const finishes = await hooks.finished();
		if (mode !== 'manual') this.keepStaticData(workflow);
		const result = new RunResult(executionId, json, run, hooks.responses, finishes, scope.logs);
		this.executions.set(executionId, result);
		return result;
	}

	private keepStaticData(workflow: Workflow) {
		const { __dataChanged: changed, ...data } = workflow.staticData;
		if (changed === true) this.staticData.set(workflow.id, throughDatabase(data));
	}

	private async runSubWorkflow(info: IExecuteWorkflowInfo, items?: INodeExecutionData[]) {
		const json = info.code ?? this.options.subWorkflows?.find(({ id }) => id === info.id);
		if (json === undefined) throw new Error(`No sub-workflow "${info.id}" in the harness`);
		const result = await this.run(json as WorkflowJson, {
			mode: 'integrated',
			triggerItems: items,
		});
		if (result.error) throw Object.assign(new Error(result.error.message), result.error);
		const last = result.tasks(result.lastNode ?? '').at(-1);
		const { executionId, run } = result;
		return { executionId, data: last?.data?.main ?? [null], waitTill: run.waitTill };
	}
}

function hooksOf(
	{ mode, retryOf, onNode }: Execution,
	executionId: string,
	json: WorkflowJson,
	finishHandlers: FinishHandlers,
) {
	const now = new Date();
	const workflowData = {
		...json,
		id: json.id ?? '',
		active: true,
		isArchived: false,
		activeVersionId: null,
		createdAt: now,
		updatedAt: now,
	};
	const hooks = new RunHooks(mode, executionId, workflowData, finishHandlers, retryOf);
	if (onNode) {
		hooks.addHandler('nodeExecuteBefore', async (name) => await onNode('before', name));
		hooks.addHandler('nodeExecuteAfter', async (name) => await onNode('after', name));
	}
	return hooks;
}

async function cancellable(
	running: ReturnType<Begin>,
	{ signal, timeLimit }: Execution,
	additionalData: IWorkflowExecuteAdditionalData,
): Promise<IRun> {
	const cancel = () => running.cancel();
	let timer: NodeJS.Timeout | undefined;
	/** n8n looks at the time between two nodes; its timer, which cancels, comes once the node in flight lets it. */
	const passed = () => {
		additionalData.executionTimeoutTimestamp = Date.now();
		timer = setTimeout(cancel);
	};
	if (signal?.aborted) cancel();
	signal?.addEventListener('abort', cancel);
	timeLimit?.addEventListener('abort', passed);
	try {
		const run = await running;
		if (running.isCanceled) run.finished = false;
		return run;
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener('abort', cancel);
		timeLimit?.removeEventListener('abort', passed);
	}
}

/** An engine with the given nodes; each has execution ids and static data of its own. */
export const createEngine = (options: EngineOptions) => new Engine(options);
