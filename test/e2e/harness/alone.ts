import type { Downstream } from '../../support/downstream';
import { node, workflow } from '../../support/engine/workflow';
import type { Credential } from './api';
import type { Reply } from './deliver';
import { deliver } from './deliver';
import type { N8nHost } from './n8n-host';

interface Settings {
	readonly path: string;
	/** Default: this n8n. */
	readonly store?: 'embedded' | 'redis';
	/** "Respond" of the Webhook; default: at once. */
	readonly responseMode?: 'onReceived' | 'lastNode' | 'responseNode';
	readonly neverError?: boolean;
}

/** The README's expressions for Respond to Webhook. */
const CODE = '={{ $json.error?.status ?? $json.statusCode ?? 200 }}';
const BODY = '={{ $json.error ? { error: $json.error.message } : $json.body ?? $json }}';

const respond = (name: string, responseBody: string, responseCode: string) =>
	node(
		name,
		'n8n-nodes-base.respondToWebhook',
		{ respondWith: 'json', responseBody, options: { responseCode } },
		{ typeVersion: 1.4 },
	);

/** Workflows with one Guard and nothing else of ours, dropped between a webhook and a node that acts, as the README says. */
export class GuardAlone {
	private readonly workflowIds = new Map<string, string>();

	/** @param service what acts @param redis where the Guards of the store Redis keep their keys */
	constructor(
		private readonly n8n: N8nHost,
		private readonly service: Downstream,
		private readonly redis: Credential,
	) {}

	async publish({ path, store, responseMode, neverError }: Settings): Promise<void> {
		const answers = responseMode === 'responseNode';
		const response = { response: { neverError: true, fullResponse: true } };
		const webhook = node(
			'Webhook',
			'n8n-nodes-base.webhook',
			{ httpMethod: 'POST', path, responseMode: responseMode ?? 'onReceived', options: {} },
			{ typeVersion: 2, webhookId: path },
		);
		const guard = node(
			'Guard',
			'n8n-nodes-idempotency.idempotencyGuard',
			store === 'redis' ? { store } : {},
			store === 'redis' ? { credentials: { idempotencyRedisApi: this.redis } } : {},
		);
		const act = node(
			'Act',
			'n8n-nodes-base.httpRequest',
			{
				method: 'POST',
				url: `${this.service.url}/${path}`,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: '={{ $json.body }}',
				options: { timeout: 3_000, ...(neverError ? { response } : {}) },
			},
			{ typeVersion: 4.2, ...(answers && !neverError ? { onError: 'continueErrorOutput' } : {}) },
		);
		const answer = [
			respond('Answer', BODY, CODE),
			respond('Refuse', '={{ $json.idempotency.problem }}', '={{ $json.idempotency.statusCode }}'),
		];
		const toAnswer = [
			['Act', 'Answer'],
			...(neverError ? [] : [['Act:1', 'Answer']]),
			['Guard:1', 'Answer'],
			['Guard:2', 'Refuse'],
		];
		const id = await this.n8n.publish(
			workflow({
				name: path,
				nodes: [webhook, guard, act, ...(answers ? answer : [])],
				connections: [['Webhook', 'Guard', 'Act'], ...(answers ? toAnswer : [])],
			}),
		);
		this.workflowIds.set(path, id);
	}

	/** What reached the service from this workflow. */
	acts(path: string) {
		return this.service.requests.filter((request) => request.path === `/${path}`);
	}

	/** Whether an execution of this workflow shows a hint with these words. */
	async hasHint(path: string, words: string): Promise<boolean> {
		for (const { id } of await this.n8n.api.executions(this.workflowIds.get(path) ?? '')) {
			if ((await this.n8n.api.execution(id)).data.includes(words)) return true;
		}
		return false;
	}

	/** Sends one request of Stripe so many times, each after the answer to the one before. */
	async send(path: string, event: string, times: number): Promise<Reply[]> {
		const replies: Reply[] = [];
		for (let attempt = 1; attempt <= times; attempt++) {
			replies.push(
				await deliver(
					this.n8n.webhook(path),
					{ id: event, object: 'event', type: 'charge.succeeded', created: 1_764_000_000 },
					{ 'stripe-signature': `t=${attempt},v1=00` },
				),
			);
		}
		return replies;
	}

	/** Sends it until it is not "still running" any more: the run answers before its end is written down. */
	async sendUntilSettled(path: string, event: string): Promise<Reply> {
		for (;;) {
			const [reply] = await this.send(path, event, 1);
			if (reply !== undefined && !JSON.stringify(reply.body).includes('in_progress')) return reply;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
	}

	/** Waits until so many executions, and all others, have ended: a webhook may answer before. @returns how */
	async ended(executions: number, path: string): Promise<string[]> {
		for (;;) {
			const all = (await this.n8n.api.executions(this.workflowIds.get(path) ?? '')).map(
				({ status }) => status,
			);
			const running = all.filter((status) => ['new', 'running', 'waiting'].includes(status));
			if (all.length >= executions && running.length === 0) return all;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
	}
}
