import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'node:querystring';
import { gunzipSync } from 'node:zlib';

import express from 'express';
import { WebhookContext } from 'n8n-core';
import { jsonParse, resolveWebhookDescriptionField } from 'n8n-workflow';
import type { IHttpRequestMethods, INodeExecutionData } from 'n8n-workflow';

import type { Engine } from './engine';
import type { RunResult } from './run-result';
import type { WorkflowJson } from './workflow';

const LIMIT_BYTES = 4 * 1024 * 1024;

/** Answers requests to one workflow as n8n's webhook server does: the node's `webhook`, then an execution where it wants one. */
export class DoorServer {
	/** Executions that were started, in this order. */
	readonly executions: RunResult[] = [];

	/** Awaited before an execution is started: as a queue is. */
	beforeExecution: () => Promise<void> = async () => await Promise.resolve();

	private constructor(
		private readonly engine: Engine,
		private readonly json: WorkflowJson,
		private readonly mode: 'webhook' | 'manual',
		private readonly server: Server,
	) {}

	static async start(
		engine: Engine,
		json: WorkflowJson,
		mode: 'webhook' | 'manual' = 'webhook',
	): Promise<DoorServer> {
		const app = express();
		const server = app.listen(0, '127.0.0.1');
		// Else it may end an idle connection just when a request is sent on it.
		server.keepAliveTimeout = 600_000;
		await once(server, 'listening');
		const door = new DoorServer(engine, json, mode, server);
		app.use(async (request, response) => await door.handle(request, response));
		return door;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhook/orders`;
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		this.server.close();
		await once(this.server, 'close');
	}

	private async handle(request: express.Request, response: express.Response): Promise<void> {
		const parsed = await readBody(request);
		if (!parsed) {
			response.status(422).json({ message: 'Failed to parse request body' });
			return;
		}
		const { engine, json, mode } = this;
		const [trigger] = json.nodes;
		if (trigger === undefined) throw new Error('The workflow has no nodes');
		const { workflow, additionalData } = engine.atTheDoor(json, mode, { request, response });
		const node = workflow.getNode(trigger.name)!;
		const type = workflow.nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
		const [webhookDescription] = type.description.webhooks ?? [];
		if (webhookDescription === undefined) throw new Error('The first node is no webhook');
		const webhookData = {
			httpMethod: request.method as IHttpRequestMethods,
			node: node.name,
			path: 'orders',
			webhookDescription,
			workflowId: workflow.id,
			workflowExecuteAdditionalData: additionalData,
		};
		const context = new WebhookContext(workflow, node, additionalData, mode, webhookData, [], null);
		const result = await type.webhook!.call(context);
		if (result.workflowData === undefined) return;
		const native = resolveWebhookDescriptionField(node, webhookDescription, 'responseMode');
		const responseMode = native.resolved
			? native.value
			: workflow.expression.getSimpleParameterValue(
					node,
					webhookDescription.responseMode,
					mode,
					{},
				);
		// As n8n does it: what the description names goes before what the node gives.
		const atOnce = (webhookDescription.responseData ?? 'firstEntryJson') || result.webhookResponse;
		await this.execute(responseMode, { ...result, webhookResponse: atOnce }, response);
	}

	/** What n8n answers by the node's mode of response. */
	private async execute(
		responseMode: unknown,
		{ workflowData, webhookResponse }: { workflowData?: unknown; webhookResponse?: unknown },
		response: express.Response,
	): Promise<void> {
		const [triggerItems = []] = workflowData as INodeExecutionData[][];
		if (responseMode === 'onReceived' && !response.headersSent) {
			response.status(202).json(webhookResponse);
		}
		await this.beforeExecution();
		const run = await this.engine.run(this.json, {
			triggerItems,
			...(this.mode === 'manual' ? { mode: 'manual' as const } : {}),
		});
		this.executions.push(run);
		if (response.headersSent) return;
		if (run.error !== undefined && run.responses.length === 0) {
			response.status(500).json({ message: 'Error in workflow' });
		} else {
			const [answer] = run.responses as Array<{
				body: unknown;
				headers: Record<string, string>;
				statusCode: number;
			}>;
			if (answer === undefined) response.end();
			else response.status(answer.statusCode).set(answer.headers).json(answer.body);
		}
	}
}

/** As n8n's own middleware reads and parses bodies, on the request itself. */
async function readBody(request: express.Request): Promise<boolean> {
	const [contentType] = (request.headers['content-type'] ?? '').split(';');
	let raw: Buffer | undefined;
	const readRawBody = async (): Promise<void> => {
		const parts: Buffer[] = [];
		for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
		const sent = Buffer.concat(parts);
		const whole = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
		if (whole.length > LIMIT_BYTES) {
			throw Object.assign(new Error('request entity too large'), { type: 'entity.too.large' });
		}
		raw = whole;
	};
	Object.defineProperties(request, {
		contentType: { value: contentType },
		rawBody: { get: () => raw },
		readRawBody: { value: readRawBody },
		params: { value: {} },
	});
	const isParsed = ['application/json', 'application/x-www-form-urlencoded', 'text/plain'];
	if (!isParsed.includes(contentType ?? '')) return true;
	await readRawBody();
	if ((raw?.length ?? 0) === 0) return true;
	const [, charset = 'utf8'] =
		/charset=([\w-]+)/i.exec(request.headers['content-type'] ?? '') ?? [];
	try {
		const text = raw?.toString(charset as BufferEncoding) ?? '';
		if (contentType === 'application/json') request.body = jsonParse(text);
		else request.body = contentType === 'text/plain' ? text : { ...parse(text) };
		return true;
	} catch {
		return false;
	}
}
