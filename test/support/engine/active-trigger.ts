import { TriggerContext } from 'n8n-core';
import type { INodeExecutionData, IRun, ITriggerResponse } from 'n8n-workflow';
import type { Engine } from './engine';
import type { RunResult } from './run-result';
import type { WorkflowJson } from './workflow';

/** A published workflow whose first node is a trigger: n8n's own trigger context, and an execution for whatever it emits. */
export class ActiveTrigger {
	/** Executions that ended, in this order. */
	readonly executions: RunResult[] = [];

	/** What was emitted, at once. */
	readonly emitted: INodeExecutionData[][] = [];

	/** Errors that n8n would keep as failed executions, or would deactivate the workflow for. */
	readonly failures: Error[] = [];

	/** Awaited before an execution is started: as a queue is. Where it never resolves, the process dies first. */
	beforeExecution: () => Promise<void> = async () => await Promise.resolve();

	private response: ITriggerResponse | undefined;

	private constructor(
		private readonly engine: Engine,
		private readonly json: WorkflowJson,
	) {}

	/** Activates the workflow. @throws what the trigger throws: n8n then does not publish it */
	static async activate(
		engine: Engine,
		json: WorkflowJson,
		prepare: (trigger: ActiveTrigger) => void = () => undefined,
	): Promise<ActiveTrigger> {
		const trigger = new ActiveTrigger(engine, json);
		prepare(trigger);
		await trigger.begin('trigger');
		return trigger;
	}

	/** "Execute workflow" in the editor: resolves with what the trigger shows. */
	static async executeOnce(engine: Engine, json: WorkflowJson): Promise<INodeExecutionData[]> {
		const trigger = new ActiveTrigger(engine, json);
		const context = await trigger.begin('manual');
		const shown = new Promise<INodeExecutionData[]>((resolve, reject) => {
			Object.assign(context, {
				emit: ([items = []]: INodeExecutionData[][]) => resolve(items),
				emitError: reject,
			});
		});
		await trigger.response?.manualTriggerFunction?.();
		return await shown.finally(async () => await trigger.close());
	}

	async close(): Promise<void> {
		await this.response?.closeFunction?.();
	}

	private async begin(mode: 'trigger' | 'manual'): Promise<TriggerContext> {
		const { workflow, additionalData } = this.engine.outsideOfRuns(this.json, mode);
		const node = workflow.getNode(this.json.nodes[0]?.name ?? '')!;
		const type = workflow.nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
		const context = new TriggerContext(
			workflow,
			node,
			additionalData,
			mode,
			mode === 'manual' ? 'manual' : 'activate',
			(data, _response, done) => {
				this.emitted.push(data[0] ?? []);
				void this.execute(data[0] ?? [], done);
			},
			(error) => this.failures.push(error),
			(error) => this.failures.push(error),
		);
		this.response = await type.trigger!.call(context);
		return context;
	}

	private async execute(
		triggerItems: INodeExecutionData[],
		done: { resolve(run: IRun): void } | undefined,
	): Promise<void> {
		await this.beforeExecution();
		const result = await this.engine.run(this.json, { mode: 'trigger', triggerItems });
		this.executions.push(result);
		done?.resolve(result.run);
	}
}
