import { startDownstream } from '../support/downstream';
import type { Downstream } from '../support/downstream';
import { node, workflow } from '../support/engine/workflow';
import { deliver } from './harness/deliver';
import { eventually, publishExample } from './harness/examples';
import { N8nHost } from './harness/n8n-host';

/** Watch before you block: a week of deliveries is only observed, and then enforced, in a real n8n. */

let n8n: N8nHost;
let service: Downstream;
beforeAll(async () => {
	service = await startDownstream({
		answer: ({ headers }) => {
			const status = Number(headers['x-status']);
			return status === 429 ? { status, headers: { 'retry-after': '3600' } } : { status };
		},
	});
	n8n = await (await (await N8nHost.create()).start()).signIn();
	await publishExample(n8n, 'prometheus-metrics');
	const countsPath = { httpMethod: 'GET', path: 'counts', responseMode: 'lastNode' };
	await n8n.api.publish(
		workflow({
			name: 'counts',
			nodes: [
				node(
					'Webhook',
					'n8n-nodes-base.webhook',
					{ ...countsPath, responseData: 'allEntries', options: {} },
					{ typeVersion: 2, webhookId: 'counts' },
				),
				node('Count', 'n8n-nodes-idempotency.idempotencyRecords', {
					operation: 'stats',
					workflows: 'all',
				}),
			],
			connections: [['Webhook', 'Count']],
		}),
	);
	await eventually(
		'counts answer',
		async () => (await fetch(n8n.webhook('counts'))).status !== 404,
	);
});
afterAll(async () => await service.close());

/** Of one day: request, amount, and what the service answers if it is asked. */
const DAY: ReadonlyArray<readonly [request: string, amount: number, status: number]> = [
	['paid', 1, 200],
	['refused', 1, 402],
	['paid', 1, 200],
	['broken', 1, 500],
	['busy', 1, 429],
	['broken', 1, 200],
	['refused', 1, 200],
	['paid', 2, 200],
	['busy', 1, 200],
	['busy', 1, 200],
];
const WEEK = Array.from({ length: 7 }, (_, day) =>
	DAY.map(([request, amount, status]) => ({ key: `${request}-${day}`, amount, status })),
).flat();

type Where = 'guard' | 'door';

async function publish(path: string, where: Where, mode: 'observe' | 'enforce'): Promise<void> {
	const settings = { mode, keySource: 'delivery', sender: 'idempotencyKey' };
	const options = { scope: 'custom', namespace: path, compare: 'payload' };
	const webhook = { httpMethod: 'POST', path, responseMode: 'lastNode', options: {} };
	const act = node(
		'Act',
		'n8n-nodes-base.httpRequest',
		{
			method: 'POST',
			url: `${service.url}/${path}`,
			sendHeaders: true,
			headerParameters: {
				parameters: [{ name: 'x-status', value: '={{ $json.headers["x-status"] }}' }],
			},
			options: { response: { response: { neverError: true, fullResponse: true } } },
		},
		{ typeVersion: 4.2 },
	);
	const commit = node('Commit', 'n8n-nodes-idempotency.idempotencyCommit', { operation: 'save' });
	const first =
		where === 'door'
			? [
					node(
						'Door',
						'n8n-nodes-idempotency.idempotentWebhook',
						{ ...settings, path, httpMethod: ['POST'], responseMode: 'lastNode', options },
						{ typeVersion: 2, webhookId: path },
					),
				]
			: [
					node('Webhook', 'n8n-nodes-base.webhook', webhook, { typeVersion: 2, webhookId: path }),
					node('Guard', 'n8n-nodes-idempotency.idempotencyGuard', { ...settings, options }),
				];
	const nodes = [...first, act, commit];
	await n8n.publish(workflow({ name: path, nodes, connections: [nodes.map(({ name }) => name)] }));
}

async function play(path: string): Promise<number> {
	for (const { key, amount, status } of WEEK) {
		const headers = { 'idempotency-key': key, 'x-status': String(status) };
		await deliver(n8n.webhook(path), { amount }, headers);
	}
	return service.requests.filter((request) => request.path === `/${path}`).length;
}

interface Counts {
	readonly namespace: string;
	readonly duplicates: number;
	readonly conflictsByReason: Readonly<Record<string, number>>;
	readonly wouldHaveBlocked: number;
	readonly wouldHaveBlockedByReason: Readonly<Record<string, number>>;
}

const countsOf = async (path: string): Promise<Counts | undefined> => {
	const all = (await (await fetch(n8n.webhook('counts'))).json()) as Counts[];
	return all.find(({ namespace }) => namespace.includes(path));
};

const sum = (counts: Readonly<Record<string, number>>) =>
	Object.values(counts).reduce((total, count) => total + count, 0);

describe.each(['guard', 'door'] as const)('%s', (where) => {
	it('what was observed in a week is what enforcing blocks, to the item', async () => {
		const [watched, held] = [`observed-${where}`, `enforced-${where}`];
		await publish(watched, where, 'observe');
		await publish(held, where, 'enforce');
		expect(await play(watched)).toBe(WEEK.length);
		const acts = await play(held);

		await eventually('all is counted', async () => {
			const counts = await countsOf(watched);
			return counts?.wouldHaveBlocked === WEEK.length - acts;
		});
		const { duplicates = 0, conflictsByReason = {} } = (await countsOf(held)) ?? {};
		const blocked = { duplicate: duplicates, ...conflictsByReason };
		expect(sum(blocked)).toBe(WEEK.length - acts);
		expect((await countsOf(watched))?.wouldHaveBlockedByReason).toEqual(blocked);
		expect(blocked).toEqual({
			duplicate: 14,
			payload_mismatch: 7,
			retry_later: 14,
			unknown_outcome: 7,
		});
	});
});

it('Prometheus reads the same', async () => {
	const answer = await fetch(n8n.webhook('idempotency-metrics'));
	expect(answer.headers.get('content-type')).toContain('version=0.0.4');
	const text = await answer.text();
	for (const [reason, count] of [
		['duplicate', 14],
		['payload_mismatch', 7],
	]) {
		expect(text).toMatch(
			new RegExp(
				`^idempotency_would_have_blocked_total\\{namespace="[^"]*observed-guard[^"]*",reason="${reason}"\\} ${count}$`,
				'm',
			),
		);
	}
});
