import type { Account } from '../../../scripts/lib/n8n';
import { N8nSession } from '../../../scripts/lib/n8n-session';
import type { WorkflowJson } from '../../support/engine/workflow';
import { IS_OLDER } from './set-up';

export interface Execution {
	readonly id: string;
	/** E.g. success, error, canceled, waiting, running, crashed. */
	readonly status: string;
	readonly mode: string;
	readonly retryOf?: string | null;
}

export interface Credential {
	readonly id: string;
	readonly name: string;
}

/** What n8n's editor asks of its server, as the owner. */
export class Api {
	private constructor(private readonly session: N8nSession) {}

	static async signIn(url: string, account: Account): Promise<Api> {
		return new Api(await N8nSession.signIn(url, account));
	}

	/** The `data` of the answer. @throws with n8n's words where it refuses. */
	async call<T>(method: string, path: string, body?: unknown): Promise<T> {
		return await this.session.call(method, path, body);
	}

	/** Saves a workflow, not yet published. n8n gives the id. */
	async saveWorkflow({ name, nodes, connections, settings, pinData }: WorkflowJson) {
		return await this.call<{ id: string; versionId: string }>('POST', '/rest/workflows', {
			name,
			nodes,
			connections,
			settings,
			active: false,
			...(pinData === undefined ? {} : { pinData }),
		});
	}

	/** What "Execute workflow" in the editor does, from a trigger whose data is pinned or that needs none. @returns the execution's id */
	async executeByHand(workflowId: string, trigger: string): Promise<string> {
		const { executionId } = await this.call<{ executionId: string }>(
			'POST',
			`/rest/workflows/${workflowId}/run`,
			{ triggerToStartFrom: { name: trigger } },
		);
		return executionId;
	}

	/** @returns its id */
	async publish(workflow: WorkflowJson): Promise<string> {
		const { id, versionId } = await this.saveWorkflow(workflow);
		if (IS_OLDER) await this.call('PATCH', `/rest/workflows/${id}`, { active: true, versionId });
		else await this.call('POST', `/rest/workflows/${id}/activate`, { versionId });
		return id;
	}

	/** The latest first. One that ends while n8n lists them stands in its list twice: as running, and as ended. */
	async executions(workflowId: string): Promise<Execution[]> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const { results } = await this.call<{ results: Execution[] }>(
			'GET',
			`/rest/executions?filter=${filter}&limit=100`,
		);
		return [...new Map(results.map((execution) => [execution.id, execution])).values()];
	}

	/** With all its data, as n8n keeps it: text of JSON in which nothing is told twice (flatted). */
	async execution(id: string): Promise<Execution & { readonly data: string }> {
		return await this.call('GET', `/rest/executions/${id}`);
	}

	/** Starts a stopped execution again from the node that failed, and waits for its end. @returns how it ended */
	async retry(executionId: string): Promise<{ status: string }> {
		return await this.call('POST', `/rest/executions/${executionId}/retry`, {
			loadWorkflow: false,
		});
	}

	async stop(executionId: string): Promise<void> {
		await this.call('POST', `/rest/executions/${executionId}/stop`, {});
	}

	async saveCredential(name: string, type: string, data: object): Promise<Credential> {
		return await this.call('POST', '/rest/credentials', { name, type, data });
	}

	/** What the button "Test" of a credential shows. */
	async testCredential(id: string, name: string, type: string, data: object) {
		return await this.call<{ status: 'OK' | 'Error'; message: string }>(
			'POST',
			'/rest/credentials/test',
			{ credentials: { id, name, type, data } },
		);
	}
}
