/** Workflows for this run: a webhook and what is behind it. */
export interface Workflow {
	readonly name: string;
	readonly nodes: readonly WorkflowNode[];
	readonly connections: Readonly<Record<string, unknown>>;
	readonly settings: Readonly<Record<string, unknown>>;
}

export interface WorkflowNode {
	readonly name: string;
	readonly type: string;
	readonly typeVersion: number;
	readonly parameters: Readonly<Record<string, unknown>>;
	readonly credentials?: Readonly<Record<string, unknown>>;
	/** From a webhook's registration. */
	readonly webhookId?: string;
	readonly onError?: string;
}

/** From output `output` of a node to another. */
export type Link = readonly [from: string, output: number, to: string];

/** A workflow behind `POST /webhook/<path>` that answers with what its last node gives. */
export function webhookWorkflow(
	path: string,
	nodes: readonly WorkflowNode[],
	links: readonly Link[],
	parameters: Readonly<Record<string, unknown>> = {},
): Workflow {
	return workflowOf(
		path,
		{
			name: 'Webhook',
			type: 'n8n-nodes-base.webhook',
			typeVersion: 2,
			webhookId: path,
			parameters: {
				httpMethod: 'POST',
				path,
				responseMode: 'lastNode',
				options: {},
				...parameters,
			},
		},
		nodes,
		links,
	);
}

/** The same behind Idempotent Webhook. */
export function doorWorkflow(
	path: string,
	store: Store,
	nodes: readonly WorkflowNode[],
	links: readonly Link[],
	options: Readonly<Record<string, unknown>> = {},
): Workflow {
	return workflowOf(
		path,
		{
			...guard(store, { httpMethod: ['POST'], path, responseMode: 'responseNode' }, options),
			name: 'Webhook',
			type: 'n8n-nodes-idempotency.idempotentWebhook',
			typeVersion: 2,
			webhookId: path,
		},
		nodes,
		links,
	);
}

/** Answers with the body of the request. */
export function answerAtOnce(name: string): WorkflowNode {
	return {
		name,
		type: 'n8n-nodes-base.respondToWebhook',
		typeVersion: 1.4,
		parameters: { respondWith: 'firstIncomingItem', options: {} },
	};
}

function workflowOf(
	path: string,
	webhook: WorkflowNode,
	nodes: readonly WorkflowNode[],
	links: readonly Link[],
): Workflow {
	const connections: Record<string, { main: Array<Array<Record<string, unknown>>> }> = {};
	for (const [from, output, to] of links) {
		const { main } = (connections[from] ??= { main: [] });
		while (main.length <= output) main.push([]);
		main[output]?.push({ node: to, type: 'main', index: 0 });
	}
	return {
		name: path,
		nodes: [webhook, ...nodes].map((node, i) => ({
			id: `${path}-${i}`,
			position: [i * 220, 0],
			...node,
		})),
		connections,
		settings: { executionOrder: 'v1' },
	};
}

export function noOp(name: string): WorkflowNode {
	return { name, type: 'n8n-nodes-base.noOp', typeVersion: 1, parameters: {} };
}

export type Store = 'embedded' | 'redis' | 'postgres';

export function guard(
	store: Store,
	parameters: Record<string, unknown> = {},
	options: Readonly<Record<string, unknown>> = {},
): WorkflowNode {
	const recognized = { keySource: 'delivery', sender: 'idempotencyKey' };
	return {
		name: 'Guard',
		type: 'n8n-nodes-idempotency.idempotencyGuard',
		typeVersion: 1,
		parameters: {
			store,
			...recognized,
			options: { compare: 'payload', ...options },
			...parameters,
		},
		credentials: credentialsOf(store),
	};
}

export function commit(store: Store): WorkflowNode {
	return {
		name: 'Commit',
		type: 'n8n-nodes-idempotency.idempotencyCommit',
		typeVersion: 1,
		parameters: { store, operation: 'save', options: {} },
		credentials: credentialsOf(store),
	};
}

/** As `redisCredential` and `postgresCredential` name them. */
const CREDENTIALS = {
	embedded: {},
	redis: { idempotencyRedisApi: { id: 'idempotencyRedis1', name: 'Idempotency Redis' } },
	postgres: {
		idempotencyPostgresApi: { id: 'idempotencyPostgres1', name: 'Idempotency PostgreSQL' },
	},
} as const;

const credentialsOf = (store: Store): Readonly<Record<string, unknown>> => CREDENTIALS[store];
