import { redisCredential } from '../../scripts/lib/example';
import { startRedis } from '../../scripts/lib/redis';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { node, workflow } from '../support/engine/workflow';
import type { Credential } from './harness/api';
import type { Reply } from './harness/deliver';
import { deliver } from './harness/deliver';
import { N8nHost } from './harness/n8n-host';

/** One Guard and nothing else of ours, dropped between a webhook and a node that acts, as the README says: in a real n8n. */

let n8n: N8nHost;
let service: Downstream;
let redis: Credential;
beforeAll(async () => {
	service = await startDownstream();
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const { name, type, data } = redisCredential((await startRedis()).port);
	redis = await n8n.api.saveCredential(name, type, data);
});
afterAll(async () => await service.close());

interface Settings {
	readonly path: string;
	readonly store?: 'embedded' | 'redis';
	/** "Respond" of the Webhook. */
	readonly responseMode?: 'onReceived' | 'lastNode' | 'responseNode';
	readonly neverError?: boolean;
}

/** The README's expressions for Respond to Webhook. */
const CODE = '={{ $json.error?.status ?? $json.statusCode ?? 200 }}';
const BODY = '={{ $json.error ? { error: $json.error.message } : $json.body ?? $json }}';

async function publish({ path, store, responseMode, neverError }: Settings): Promise<void> {
	const answers = responseMode === 'responseNode';
	const response = { response: { neverError: true, fullResponse: true } };
	const respond = (name: string, responseBody: string, responseCode: string) =>
		node(
			name,
			'n8n-nodes-base.respondToWebhook',
			{ respondWith: 'json', responseBody, options: { responseCode } },
			{ typeVersion: 1.4 },
		);
	await n8n.publish(
		workflow({
			name: path,
			nodes: [
				node(
					'Webhook',
					'n8n-nodes-base.webhook',
					{ httpMethod: 'POST', path, responseMode: responseMode ?? 'onReceived', options: {} },
					{ typeVersion: 2, webhookId: path },
				),
				node(
					'Guard',
					'n8n-nodes-idempotency.idempotencyGuard',
					store === 'redis' ? { store } : {},
					store === 'redis' ? { credentials: { idempotencyRedisApi: redis } } : {},
				),
				node(
					'Act',
					'n8n-nodes-base.httpRequest',
					{
						method: 'POST',
						url: `${service.url}/${path}`,
						sendBody: true,
						specifyBody: 'json',
						jsonBody: '={{ $json.body }}',
						options: { timeout: 3_000, ...(neverError ? { response } : {}) },
					},
					{
						typeVersion: 4.2,
						...(answers && !neverError ? { onError: 'continueErrorOutput' } : {}),
					},
				),
				...(answers
					? [
							respond('Answer', BODY, CODE),
							respond(
								'Refuse',
								'={{ $json.idempotency.problem }}',
								'={{ $json.idempotency.statusCode }}',
							),
						]
					: []),
			],
			connections: [
				['Webhook', 'Guard', 'Act'],
				...(answers
					? [
							['Act', 'Answer'],
							...(neverError ? [] : [['Act:1', 'Answer']]),
							['Guard:1', 'Answer'],
							['Guard:2', 'Refuse'],
						]
					: []),
			],
		}),
	);
}

const acts = (path: string) => service.requests.filter((request) => request.path === `/${path}`);

/** Sends one request of Stripe so many times, each after the answer to the one before. */
async function send(path: string, event: string, times: number): Promise<Reply[]> {
	const replies: Reply[] = [];
	for (let attempt = 1; attempt <= times; attempt++) {
		replies.push(
			await deliver(
				n8n.webhook(path),
				{ id: event, object: 'event', type: 'charge.succeeded', created: 1_764_000_000 },
				{ 'stripe-signature': `t=${attempt},v1=00` },
			),
		);
	}
	return replies;
}

/** The webhook answers before the run has ended: its end is seen by the executions. */
async function ended(executions: number, path: string): Promise<string[]> {
	const workflows = await n8n.api.call<Array<{ id: string; name: string }>>(
		'GET',
		'/rest/workflows',
	);
	const id = workflows.find(({ name }) => name === path)?.id ?? '';
	for (;;) {
		const all = (await n8n.api.executions(id)).map(({ status }) => status);
		const running = all.filter((status) => ['new', 'running', 'waiting'].includes(status));
		if (all.length >= executions && running.length === 0) return all;
		await new Promise((resolve) => setTimeout(resolve, 200));
	}
}

describe.each(['embedded', 'redis'] as const)('on the store %s, no field set', (store) => {
	it('acts once for four deliveries of a request, and once for each request', async () => {
		const path = `alone-${store}`;
		await publish({ path, store });
		await send(path, 'evt_1', 1);
		await ended(1, path);
		await send(path, 'evt_1', 3);
		await send(path, 'evt_2', 1);
		expect(await ended(5, path)).toEqual(Array(5).fill('success'));
		expect(acts(path)).toHaveLength(2);
	});

	it('acts once for four deliveries at the same time', async () => {
		const path = `alone-at-once-${store}`;
		await publish({ path, store });
		await Promise.all([1, 2, 3, 4].map(async () => await send(path, 'evt_1', 1)));
		await ended(4, path);
		expect(acts(path)).toHaveLength(1);
	});

	it('acts again after "try again later", and not after a refusal or a lost answer', async () => {
		const path = `alone-failing-${store}`;
		await publish({ path, store, neverError: true });
		const outcomes = [
			{ event: 'evt_later', answer: { status: 429, headers: { 'retry-after': '0' } }, acted: 2 },
			{ event: 'evt_refused', answer: { status: 402 }, acted: 1 },
			{ event: 'evt_lost', answer: { status: 200, delayMs: 6_000 }, acted: 1 },
		];
		let executions = 0;
		for (const { event, answer, acted } of outcomes) {
			const before = acts(path).length;
			service.next(answer);
			for (let delivery = 0; delivery < 2; delivery++) {
				await send(path, event, 1);
				await ended(++executions, path);
			}
			expect([event, acts(path).length - before]).toEqual([event, acted]);
		}
	});

	it('never acts again for a request whose run was killed in the middle', async () => {
		const path = `alone-killed-${store}`;
		await publish({ path, store });
		service.next({ status: 200, delayMs: 60_000 });
		await send(path, 'evt_1', 1);
		while (acts(path).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
		await n8n.kill();
		await n8n.start();
		await send(path, 'evt_1', 2);
		expect(acts(path)).toHaveLength(1);
	});
});

describe.each([true, false])('Respond to Webhook, Never Error: %p', (neverError) => {
	const path = `alone-answers-${neverError}`;
	beforeAll(async () => await publish({ path, responseMode: 'responseNode', neverError }));

	it('gives every delivery the answer of the service', async () => {
		service.next({ status: 200, body: { charge: 'ch_1' } });
		const replies = await send(path, 'evt_ok', 3);
		expect(replies).toEqual(Array(3).fill({ status: 200, body: { charge: 'ch_1' } }));
		expect(acts(path)).toHaveLength(1);
	});

	it('gives a refusal as what it is, first and repeated', async () => {
		const before = acts(path).length;
		service.next({ status: 402, body: { error: 'declined' } });
		const replies = await send(path, 'evt_refused', 3);
		expect(replies.map(({ status }) => status)).toEqual([402, 402, 402]);
		expect(replies[1]?.body).toEqual(replies[0]?.body);
		expect(replies[2]?.body).toEqual(replies[0]?.body);
		expect(JSON.stringify(replies)).not.toContain('charge.succeeded');
		expect(acts(path)).toHaveLength(before + 1);
	});

	it('tells a sender that comes too early to come again', async () => {
		service.next({ status: 200, delayMs: 1_500 });
		const [first, second] = await Promise.all([
			send(path, 'evt_slow', 1),
			new Promise((resolve) => setTimeout(resolve, 500)).then(
				async () => await send(path, 'evt_slow', 1),
			),
		]);
		expect([first[0]?.status, second[0]?.status]).toEqual([200, 409]);
	});
});
