import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject } from 'n8n-workflow';

import { withVariables } from '../support/variables';
import { RedisServer } from '../support/redis-server';
import { TcpProxy } from '../support/tcp-proxy';
import {
	DoorServer,
	commit,
	javascript,
	node,
	records,
	startDownstream,
	userFolder,
	webhook,
	workflow,
} from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { engineOn, onRedis } from './on-redis';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** "Observe Only": everything goes on as without us, and says what would have happened. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const mode = (value: 'enforce' | 'observe', guard: ChargeParts['guard'] = {}): ChargeParts => ({
	id: 'watched',
	guard: { mode: value, ...guard },
});
const send = async (key: string, parts: ChargeParts, body: IDataObject = {}) =>
	await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: [delivery(key, body)] });

const counted = async (id = 'watched'): Promise<IDataObject> => {
	const flow = workflow({
		id: 'counting',
		nodes: [webhook('Start'), records('Records', { operation: 'stats', workflows: 'all' })],
	});
	const result = await n8n.run(flow, { triggerItems: [{ json: {} }] });
	return result.json('Records').find(({ namespace }) => String(namespace).startsWith(id)) ?? {};
};

test('what enforcing would hold back acts, and each item says what would have happened', async () => {
	const key = newKey();
	const first = await send(key, mode('observe'), { amount: 1 });
	expect(detailsOf(first, 'Guard')).toMatchObject({ outcome: 'new', observed: { outcome: 'new' } });
	const again = await send(key, mode('observe'), { amount: 1 });
	const other = await send(key, mode('observe'), { amount: 2 });
	for (const result of [first, again, other]) {
		expect(result.status).toBe('success');
		expect(routed(result)).toEqual([1, 0, 0, 0]);
		expect(result.counts('Commit')).toEqual([1, 0]);
	}
	expect(downstream.effects(key)).toBe(3);
	expect(detailsOf(again, 'Guard')).toMatchObject({
		outcome: 'observed',
		key,
		observed: { outcome: 'duplicate', statusCode: 200 },
	});
	expect(detailsOf(other, 'Guard')).toMatchObject({
		outcome: 'observed',
		observed: { outcome: 'conflict', reason: 'payload_mismatch', statusCode: 422 },
	});
	for (const result of [again, other]) {
		expect(detailsOf(result, 'Guard')).not.toHaveProperty('token');
		expect(
			result
				.hints('Guard')
				.map(({ message }) => message)
				.join(),
		).toContain('"Enforce" would have held back');
	}
	expect(await counted()).toMatchObject({
		new: 1,
		duplicates: 0,
		conflicts: 0,
		wouldHaveBlocked: 2,
		wouldHaveBlockedByReason: { duplicate: 1, payload_mismatch: 1 },
		wouldHaveBlockedExamples: [
			{ reason: 'duplicate', key, executionId: expect.any(String) },
			{ reason: 'payload_mismatch', key },
		],
	});
});

test('switched to Enforce it keeps what it learned: the first result, whatever the observed ones did', async () => {
	const key = newKey();
	const first = await send(key, mode('observe'));
	await send(key, mode('observe'));
	const enforced = await send(key, mode('enforce'));
	expect(routed(enforced)).toEqual([0, 1, 0, 0]);
	expect(downstream.effects(key)).toBe(2);
	const [{ body } = {}] = first.json('Charge');
	expect(enforced.json('Duplicate')[0]).toMatchObject({ body });
});

test('an observed duplicate leaves the claim of the run beside it alone', async () => {
	const key = newKey();
	const slow = javascript('Act', async (items) => {
		// While this one acts, another delivery comes, fails, and ends.
		const failing = javascript('Act', () => {
			throw new Error('the service is down');
		});
		const beside = await send(key, { ...mode('observe'), act: [failing] });
		expect(detailsOf(beside, 'Guard')).toMatchObject({ observed: { reason: 'in_progress' } });
		return items;
	});
	await send(key, { ...mode('observe'), act: [slow] });
	const enforced = await send(key, mode('enforce'));
	expect(routed(enforced)).toEqual([0, 1, 0, 0]);
});

test('a week of deliveries: what is observed is what enforcing blocks, to the item', async () => {
	// By day: key, amount, and what the service answers.
	const week: ReadonlyArray<readonly [key: string, amount: number, status: number]> = [
		['a', 1, 200],
		['b', 1, 402],
		['a', 1, 200],
		['c', 1, 500],
		['c', 1, 200],
		['b', 1, 200],
		['a', 2, 200],
		['d', 1, 200],
	];
	const play = async (how: 'enforce' | 'observe') => {
		const said: string[] = [];
		for (const [name, amount, status] of week) {
			const key = `${how}-${name}`;
			downstream.nextFor(key, { status });
			const parts = { ...mode(how), chargeSettings: { onError: 'continueErrorOutput' as const } };
			const result = await send(key, parts, { amount });
			const output = routed(result).indexOf(1);
			const { observed, reason } = detailsOf(result, 'Guard', output);
			const seen = observed as IDataObject | undefined;
			said.push(
				seen === undefined
					? `${['new', 'duplicate', 'conflict'][output]} ${String(reason ?? '')}`
					: `${String(seen.outcome)} ${seen.outcome === 'conflict' ? String(seen.reason) : ''}`,
			);
		}
		return said;
	};
	const observed = await play('observe');
	expect(observed.slice(0, 5)).toEqual([
		'new ',
		'new ',
		'duplicate ',
		'new ',
		'conflict unknown_outcome',
	]);
	expect(observed).toEqual(await play('enforce'));
});

test('an item without a key goes on, and so do settings that cannot work', async () => {
	const without = await n8n.run(chargeWorkflow(downstream.url, mode('observe')), {
		triggerItems: [{ json: { body: { key: newKey() } } }],
	});
	expect(without.status).toBe('success');
	expect(detailsOf(without, 'Guard')).toMatchObject({
		observed: { outcome: 'error', reason: 'missing_key' },
	});
	const broken = await send(newKey(), mode('observe', { options: { scope: 'custom' } }));
	expect(broken.status).toBe('success');
	expect(routed(broken)).toEqual([1, 0, 0, 0]);
	expect(detailsOf(broken, 'Guard')).toMatchObject({ observed: { outcome: 'unchecked' } });
	expect(
		broken
			.hints('Guard')
			.map(({ message }) => message)
			.join(),
	).toContain('"Scope: Namespace" is empty');
});

test('a fixed text as key is told, before it is enforced', async () => {
	const fixed = mode('observe', { keySource: 'expression', key: 'orderId' });
	const [first] = (await send(newKey(), fixed)).hints('Guard');
	expect(first).toMatchObject({ type: 'warning' });
	expect(first?.message).toMatch(/^"Value" is the fixed text "orderId"/);
});

describe('without a store', () => {
	test('the run goes on, from Guard to Commit, with a hint', async () => {
		const folder = join(userFolder, 'nowhere');
		mkdirSync(join(folder, '.n8n', 'idempotency.sqlite'), { recursive: true });
		await withVariables({ N8N_USER_FOLDER: folder }, async () => {
			const key = newKey();
			const result = await send(key, mode('observe'));
			expect(result.status).toBe('success');
			expect(downstream.effects(key)).toBe(1);
			expect(detailsOf(result, 'Guard')).toMatchObject({ observed: { outcome: 'unchecked' } });
			expect(
				result
					.hints('Guard')
					.map(({ message }) => message)
					.join(),
			).toContain('1 of 1 items could not be checked');
		});
		rmdirSync(join(folder, '.n8n', 'idempotency.sqlite'));
	});

	test('a store that never answers delays the first run for a moment, and the next not at all', async () => {
		const server = await RedisServer.start();
		const proxy = await TcpProxy.start(server.port);
		const silent = engineOn(server, { port: proxy.port });
		const watched = onRedis(mode('observe'));
		const run = async (key: string) =>
			await silent.run(chargeWorkflow(downstream.url, watched), { triggerItems: [delivery(key)] });
		try {
			const key = newKey();
			expect(detailsOf(await run(key), 'Guard')).toMatchObject({ observed: { outcome: 'new' } });
			proxy.fateOfReply = () => 'keep';
			const late = await run(key);
			expect(late.status).toBe('success');
			expect(detailsOf(late, 'Guard')).toMatchObject({ observed: { outcome: 'unchecked' } });
			const harmed = proxy.harmed;
			const next = await run(key);
			expect(next.status).toBe('success');
			expect(detailsOf(next, 'Guard')).toMatchObject({ observed: { outcome: 'unchecked' } });
			// It was not even asked.
			expect(proxy.harmed).toBe(harmed);
			expect(downstream.effects(key)).toBe(3);
		} finally {
			proxy.heal();
			await proxy.stop();
			await server.stop();
		}
	});
});

describe('Idempotent Webhook', () => {
	const doors: DoorServer[] = [];
	afterEach(async () => {
		for (const door of doors.splice(0)) await door.stop();
	});

	async function open(parameters: IDataObject) {
		const acted: IDataObject[] = [];
		const act = javascript('Act', (items) =>
			items.map(({ json }, item) => {
				acted.push(json);
				return { json: { answer: acted.length }, pairedItem: { item } };
			}),
		);
		const trigger = node(
			'Door',
			'n8n-nodes-idempotency.idempotentWebhook',
			{ path: 'orders', ...parameters } as never,
			{ typeVersion: 2, webhookId: 'watched-door' },
		);
		const flow = workflow({ id: 'watched-door', nodes: [trigger, act, commit('Commit')] });
		const server = await DoorServer.start(engine(), flow);
		doors.push(server);
		const post = async (key: string | null, body: IDataObject = {}) => {
			const response = await fetch(server.url, {
				method: 'POST',
				headers: {
					'content-type': 'application/json',
					...(key === null ? {} : { 'idempotency-key': key }),
				},
				body: JSON.stringify(body),
			});
			return { status: response.status, json: (await response.json()) as IDataObject };
		};
		return { acted, post };
	}

	test('each request runs and gets its own answer; what is learned holds when it is enforced', async () => {
		const { acted, post } = await open({ mode: 'observe' });
		const key = newKey();
		expect(await post(key)).toMatchObject({ status: 200, json: { answer: 1 } });
		expect(await post(key)).toMatchObject({ status: 200, json: { answer: 2 } });
		expect(await post(null)).toMatchObject({ status: 200, json: { answer: 3 } });
		expect(acted.map(({ idempotency }) => (idempotency as IDataObject).observed)).toMatchObject([
			{ outcome: 'new' },
			{ outcome: 'duplicate' },
			{ outcome: 'conflict', reason: 'missing_key', statusCode: 400 },
		]);
		await doors.splice(0)[0]?.stop();
		const enforced = await open({ mode: 'enforce' });
		expect(await enforced.post(key)).toMatchObject({ status: 200, json: { answer: 1 } });
		expect(enforced.acted).toEqual([]);
	});
});
