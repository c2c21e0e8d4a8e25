import { setTimeout as sleep } from 'node:timers/promises';
import { redisCredential } from '../../scripts/lib/example';
import { startRedis } from '../../scripts/lib/redis';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { node, workflow } from '../support/engine/workflow';
import type { Credential, Execution } from './harness/api';
import { deliver } from './harness/deliver';
import { N8nHost } from './harness/n8n-host';
import type { StoreChoice } from './workflows/act';
import { actWorkflow, answer, charge, commitOf, guardOf, webhook } from './workflows/act';

/** What ends a run, or makes it long, in one n8n in regular mode; on both stores. */
let n8n: N8nHost;
let downstream: Downstream;
let credential: Credential;
const STORES = ['embedded', 'redis'] as const;
type Store = (typeof STORES)[number];

/** Longer than a lease (60 s), and than a Wait that n8n spends in memory (65 s). */
const SLOW_MS = 70_000;
const WAIT_SECONDS = 100;
let begun: number;
const elapsed = () => Date.now() - begun;

const choiceOf = (store: Store): StoreChoice =>
	store === 'redis' ? { store, credential } : { store };

const unknownOutcome = { idempotency: { outcome: 'conflict', reason: 'unknown_outcome' } };
const inProgress = { idempotency: { outcome: 'conflict', reason: 'in_progress' } };

beforeAll(async () => {
	downstream = await startDownstream();
	const redis = await startRedis();
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const { name, type, data } = redisCredential(redis.port);
	credential = await n8n.api.saveCredential(name, type, data);
	for (const store of STORES) {
		const wait = node(
			'Wait',
			'n8n-nodes-base.wait',
			{ resume: 'timeInterval', amount: WAIT_SECONDS, unit: 'seconds' },
			{ typeVersion: 1.1, webhookId: `wait-resume-${store}` },
		);
		await publish('wait', store, [wait, charge(downstream.url)]);
		await publish('slow', store, [charge(downstream.url)]);
	}
	// The long ones take their time while the others run.
	begun = Date.now();
	for (const store of STORES) {
		downstream.nextFor(`slow-${store}`, { delayMs: SLOW_MS });
		for (const path of ['wait', 'slow']) {
			deliver(n8n.webhook(`${path}-${store}`), { key: `${path}-${store}` }).catch(() => {});
		}
	}
});

afterAll(async () => await downstream.close());

async function publish(
	name: string,
	store: Store,
	acting: Parameters<typeof actWorkflow>[2],
	settings: Parameters<typeof actWorkflow>[3] = {},
): Promise<string> {
	return await n8n.publish(actWorkflow(`${name}-${store}`, choiceOf(store), acting, settings));
}

/** The execution that comes to this status. */
async function executionThat(workflowId: string, status: string): Promise<Execution> {
	for (let tries = 0; tries < 100; tries += 1) {
		const found = (await n8n.api.executions(workflowId)).find((each) => each.status === status);
		if (found !== undefined) return found;
		await sleep(200);
	}
	throw new Error(`No execution of ${workflowId} came to be ${status}`);
}

/** A wait may have begun just now. */
async function arrived(key: string): Promise<void> {
	const giveUpAt = Date.now() + (WAIT_SECONDS + 60) * 1_000;
	while (downstream.effects(key) === 0) {
		if (Date.now() > giveUpAt) throw new Error(`No call for ${key}`);
		await sleep(100);
	}
}

describe.each(STORES)('%s store', (store) => {
	it('lets Retry execution complete what a lost answer left open, and replays it', async () => {
		const key = `retry-${store}`;
		const id = await publish('retry', store, [charge(downstream.url)]);
		const send = async () => await deliver(n8n.webhook(key), { key });
		downstream.nextFor(key, { status: 500 });
		expect((await send()).status).toBe(500);
		expect(await send()).toMatchObject({ status: 409, body: unknownOutcome });

		const failed = await executionThat(id, 'error');
		await n8n.api.retry(failed.id);
		const retried = await executionThat(id, 'success').then(async () =>
			(await n8n.api.executions(id)).find(({ mode }) => mode === 'retry'),
		);
		expect(retried).toMatchObject({ status: 'success' });
		expect(await send()).toMatchObject({ status: 200, body: { key } });
		expect(downstream.effects(key)).toBe(1);
	});

	it('frees the key where the service said "later", and keeps a refusal', async () => {
		const path = `refused-${store}`;
		await publish('refused', store, [charge(downstream.url)]);
		const [later, refused] = [`later-${store}`, `no-${store}`];
		const send = async (key: string) => await deliver(n8n.webhook(path), { key });
		downstream.nextFor(later, { status: 429, headers: { 'retry-after': '2' } });
		expect((await send(later)).status).toBe(500);
		expect(await send(later)).toMatchObject({
			status: 409,
			body: { idempotency: { reason: 'retry_later' } },
		});
		downstream.nextFor(refused, { status: 402, body: { error: 'no funds' } });
		expect((await send(refused)).status).toBe(500);
		const again = await send(refused);
		expect(again).toMatchObject({ body: { idempotency: { outcome: 'duplicate' } } });
		expect(downstream.effects(refused)).toBe(0);
	});

	it('knows that Code before a call did nothing, and not what Code did that can reach out', async () => {
		for (const [name, jsCode, reason] of [
			['code', 'return $input.all();', 'retry_later'],
			['reaching', 'void this.helpers; return $input.all();', 'unknown_outcome'],
		] as const) {
			const key = `${name}-${store}`;
			const before = node('Code', 'n8n-nodes-base.code', { jsCode }, { typeVersion: 2 });
			await publish(name, store, [before, charge(downstream.url)]);
			downstream.nextFor(key, { status: 429 });
			expect((await deliver(n8n.webhook(key), { key })).status).toBe(500);
			const again = await deliver(n8n.webhook(key), { key });
			expect(again).toMatchObject({ status: 409, body: { idempotency: { reason } } });
		}
	});

	it('holds the key of a run that was cancelled during its call', async () => {
		const key = `cancel-${store}`;
		const id = await publish('cancel', store, [charge(downstream.url)]);
		downstream.nextFor(key, { delayMs: 20_000 });
		const first = deliver(n8n.webhook(key), { key }).catch(() => {});
		await arrived(key);
		// Looked for now: n8n may show the next one as running a moment after it has answered.
		const acting = await executionThat(id, 'running');
		expect(await deliver(n8n.webhook(key), { key })).toMatchObject({ body: inProgress });

		await n8n.api.stop(acting.id);
		await executionThat(id, 'canceled');
		const later = await deliver(n8n.webhook(key), { key });
		expect(later).toMatchObject({ status: 409, body: unknownOutcome });
		expect(JSON.stringify(later.body)).toContain('canceled');
		await first;
		expect(downstream.effects(key)).toBe(1);
	});

	it('holds the key of a run that took longer than its workflow may', async () => {
		const key = `timeout-${store}`;
		await publish('timeout', store, [charge(downstream.url)], { executionTimeout: 2 });
		downstream.nextFor(key, { delayMs: 8_000 });
		await deliver(n8n.webhook(key), { key }).catch(() => {});
		const later = await deliver(n8n.webhook(key), { key });
		expect(later).toMatchObject({ status: 409, body: unknownOutcome });
		expect(downstream.effects(key)).toBe(1);
	});

	it('alerts once an error workflow that has a Guard of its own', async () => {
		const choice = choiceOf(store);
		const alert = `alert-${store}`;
		const trigger = node('Error Trigger', 'n8n-nodes-base.errorTrigger');
		const errorWorkflow = await n8n.publish(
			workflow({
				name: alert,
				nodes: [
					trigger,
					guardOf(choice, '={{ $json.execution.id }}'),
					charge(downstream.url, alert),
					commitOf(choice),
				],
			}),
		);
		const path = `failing-${store}`;
		await publish('failing', store, [charge(downstream.url)], { errorWorkflow });
		downstream.nextFor(path, { status: 500 });
		await deliver(n8n.webhook(path), { key: path });
		await arrived(alert);
		await executionThat(errorWorkflow, 'success');
		expect(downstream.effects(alert)).toBe(1);
		expect(await deliver(n8n.webhook(path), { key: path })).toMatchObject({ body: unknownOutcome });
	});

	it('acts once in a sub-workflow, whoever calls it', async () => {
		const choice = choiceOf(store);
		const key = `sub-${store}`;
		const trigger = node(
			'Called',
			'n8n-nodes-base.executeWorkflowTrigger',
			{ inputSource: 'passthrough' },
			{ typeVersion: 1.1 },
		);
		const sub = await n8n.publish(
			workflow({
				name: `${key}-called`,
				nodes: [
					...[trigger, guardOf(choice)],
					...[charge(downstream.url, '={{ $json.body.key }}'), commitOf(choice)],
					node('Result', 'n8n-nodes-base.noOp'),
				],
				connections: [
					['Called', 'Guard', 'Charge', 'Commit', 'Result'],
					['Guard:1', 'Result'],
					['Guard:2', 'Result'],
				],
			}),
		);
		const call = node(
			'Call',
			'n8n-nodes-base.executeWorkflow',
			{ workflowId: { __rl: true, mode: 'id', value: sub }, options: {} },
			{ typeVersion: 1.2 },
		);
		await n8n.publish(workflow({ name: key, nodes: [webhook(key), call, answer()] }));
		const replies = [
			await deliver(n8n.webhook(key), { key }),
			await deliver(n8n.webhook(key), { key }),
		];
		expect(replies[0]).toMatchObject({ status: 200, body: { key } });
		expect(replies[1]).toEqual(replies[0]);
		expect(downstream.effects(key)).toBe(1);
	});

	it('acts once for each order in a loop, also when the batch comes again', async () => {
		const choice = choiceOf(store);
		const path = `loop-${store}`;
		const split = node('Split', 'n8n-nodes-base.splitOut', {
			fieldToSplitOut: 'body.orders',
			options: {},
		});
		const loop = node(
			'Loop',
			'n8n-nodes-base.splitInBatches',
			{ batchSize: 1, options: {} },
			{ typeVersion: 3 },
		);
		await n8n.publish(
			workflow({
				name: path,
				nodes: [
					...[webhook(path), split, loop, guardOf(choice, "={{ $json['body.orders'] }}")],
					...[charge(downstream.url, "={{ $json['body.orders'] }}"), commitOf(choice), answer()],
				],
				connections: [
					['Webhook', 'Split', 'Loop', 'Answer'],
					['Loop:1', 'Guard', 'Charge', 'Commit', 'Loop'],
					['Guard:1', 'Loop'],
					['Guard:2', 'Loop'],
				],
			}),
		);
		const orders = ['a', 'b', 'a', 'c'].map((name) => `${path}-${name}`);
		for (const batch of [orders, orders]) {
			expect((await deliver(n8n.webhook(path), { orders: batch })).status).toBe(200);
		}
		expect(orders.map((order) => downstream.effects(order))).toEqual([1, 1, 1, 1]);
	});
});

describe('runs that outlive their lease', () => {
	it.each(STORES)('%s store: keeps the key of a call that takes 70 s', async (store) => {
		const key = `slow-${store}`;
		const send = async () => await deliver(n8n.webhook(key), { key });
		await sleep(Math.max(0, 63_000 - elapsed()));
		if (elapsed() < SLOW_MS - 2_000) expect(await send()).toMatchObject({ body: inProgress });
		await sleep(Math.max(0, SLOW_MS + 3_000 - elapsed()));
		expect(await send()).toMatchObject({ status: 200, body: { key } });
		expect(downstream.effects(key)).toBe(1);
	});

	it('keeps the keys of waiting executions over a restart of n8n, and lets them finish', async () => {
		const keys = STORES.map((store) => `wait-${store}`);
		const sendAll = async () =>
			await Promise.all(keys.map(async (key) => await deliver(n8n.webhook(key), { key })));
		for (const reply of await sendAll()) expect(reply).toMatchObject({ body: inProgress });
		await n8n.stop();
		await n8n.start();
		if (elapsed() < WAIT_SECONDS * 1_000 - 3_000) {
			for (const reply of await sendAll()) expect(reply).toMatchObject({ body: inProgress });
		}
		for (const key of keys) await arrived(key);
		await sleep(2_000);
		for (const reply of await sendAll()) expect(reply).toMatchObject({ status: 200 });
		expect(keys.map((key) => downstream.effects(key))).toEqual([1, 1]);
	});
});
