import type {
	ExecutionError,
	IDataObject,
	IExecuteResponsePromiseData,
	INodeExecutionData,
	IRun,
	IRunData,
	ITaskData,
	NodeExecutionHint,
} from 'n8n-workflow';
import type { LogEntry } from './host';
import type { WorkflowJson } from './workflow';

/** An ended (or waiting) execution. Outputs and runs are counted from 0. */
export class RunResult {
	constructor(
		readonly executionId: string,
		readonly workflow: WorkflowJson,
		/** As n8n hands it to its own hooks. */
		readonly run: IRun,
		/** What nodes answered by `sendResponse`. */
		readonly responses: IExecuteResponsePromiseData[],
		/** How often the finish handlers were called, whether there were any or none. */
		readonly finishes: number,
		readonly logs: LogEntry[],
	) {}

	get status(): IRun['status'] {
		return this.run.status;
	}

	get error(): ExecutionError | undefined {
		return this.run.data.resultData.error;
	}

	get runData(): IRunData {
		return this.run.data.resultData.runData;
	}

	get lastNode(): string | undefined {
		return this.run.data.resultData.lastNodeExecuted;
	}

	/** The runs of a node that left data: none where n8n skipped it or it returned nothing. */
	tasks(node: string): ITaskData[] {
		return this.runData[node] ?? [];
	}

	/** Items of one output: of all runs of the node (loops, several inputs), or of one. */
	items(node: string, output = 0, run?: number): INodeExecutionData[] {
		return this.tasks(node)
			.filter((_, index) => run === undefined || index === run)
			.flatMap((task) => task.data?.main?.[output] ?? []);
	}

	/** The `json` of {@link items}. */
	json(node: string, output = 0, run?: number): IDataObject[] {
		return this.items(node, output, run).map(({ json }) => json);
	}

	/** How many items each output of the node gave, over all its runs. */
	counts(node: string): number[] {
		const outputs = Math.max(0, ...this.tasks(node).map((task) => task.data?.main?.length ?? 0));
		return Array.from({ length: outputs }, (_, output) => this.items(node, output).length);
	}

	/** What the node said by `addExecutionHints`. */
	hints(node: string): NodeExecutionHint[] {
		return this.tasks(node).flatMap((task) => task.hints ?? []);
	}
}
