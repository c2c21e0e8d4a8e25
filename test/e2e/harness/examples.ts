import type { INode, IWorkflowSettings } from 'n8n-workflow';

import { prepareExample, readExample } from '../../../scripts/lib/example';
import { waitForWebhook } from '../../../scripts/lib/n8n';
import { waitUntil } from '../../../scripts/lib/processes.mjs';
import type { WorkflowJson } from '../../support/engine/workflow';
import type { Credential } from './api';
import type { N8nHost } from './n8n-host';

/** What a user sets after the import of an example. */
export interface ExampleSettings {
	/** The address for each HTTP Request node, by its name. */
	readonly urls?: Record<string, string>;
	/** By the type that nodes name. */
	readonly credentials?: Record<string, Credential>;
	/** The id of the workflow that is the tool. */
	readonly tool?: string;
	/** For HTTP Request nodes whose timeout a test can't wait for. */
	readonly timeoutMs?: number;
	readonly maxIterations?: number;
	readonly name?: string;
	/** Anything else, node by node. */
	readonly change?: (node: INode) => void;
	readonly settings?: IWorkflowSettings;
}

/** Imports an example as a user would, and publishes it. @returns its id */
export async function publishExample(
	host: N8nHost,
	example: string,
	settings: ExampleSettings = {},
): Promise<string> {
	const { urls = {}, credentials = {}, tool, timeoutMs, maxIterations } = settings;
	const workflow = prepareExample(await readExample(example), {
		id: example,
		urls,
	}) as WorkflowJson;
	for (const node of workflow.nodes) {
		const options = node.parameters.options as Record<string, unknown> | undefined;
		for (const type of Object.keys(node.credentials ?? {})) {
			const credential = credentials[type];
			if (credential === undefined) throw new Error(`${example} needs a credential ${type}`);
			node.credentials = { [type]: { id: credential.id, name: credential.name } };
		}
		if (node.type.endsWith('.toolWorkflow')) {
			node.parameters.workflowId = { __rl: true, mode: 'id', value: tool ?? '' };
		}
		if (node.type.endsWith('.httpRequest') && timeoutMs !== undefined) {
			Object.assign(options ?? {}, { timeout: timeoutMs });
		}
		if (node.type.endsWith('.agent') && maxIterations !== undefined) {
			Object.assign(options ?? {}, { maxIterations });
		}
		settings.change?.(node);
	}
	const id = await host.api.publish({
		...workflow,
		name: settings.name ?? workflow.name,
		settings: { ...workflow.settings, ...settings.settings },
	});
	for (const node of workflow.nodes) await answers(host, node);
	return id;
}

const NEVER = new Promise<never>(() => {});

/** Waits for what a node listens to, where it does. */
async function answers({ url }: N8nHost, { type, parameters, webhookId }: INode): Promise<void> {
	const isChat = type.endsWith('.chatTrigger');
	if (!isChat && !/\.(idempotentW|w)ebhook$/.test(type)) return;
	const path = isChat ? chatPath(webhookId) : String(parameters.path);
	const method = [parameters.httpMethod ?? 'POST'].flat()[0] as string;
	await waitForWebhook({ url, ended: NEVER }, path, method);
}

export function chatPath(webhookId: string | undefined): string {
	return `${webhookId}/chat`;
}

export interface Answered {
	readonly status: number;
	readonly headers: Headers;
	readonly body: unknown;
}

/** Sends JSON, as often as n8n says that it is not ready. */
export async function post(
	url: string,
	body: unknown,
	headers: Record<string, string> = {},
): Promise<Answered> {
	const isForm = body instanceof FormData;
	const send = async (): Promise<Answered> => {
		const response = await fetch(url, {
			method: 'POST',
			headers: isForm ? headers : { 'content-type': 'application/json', ...headers },
			body: isForm ? body : JSON.stringify(body),
		});
		const text = await response.text();
		return { status: response.status, headers: response.headers, body: parsed(text) };
	};
	for (let tries = 0; ; tries++) {
		const answer = await send();
		const busy = JSON.stringify(answer.body).includes('Database is not ready');
		if (!busy || tries === 20) return answer;
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

/** Waits until something holds; it is asked again and again. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean) {
	await waitUntil(async () => await holds(), { what, timeoutMs: 60_000 });
}
