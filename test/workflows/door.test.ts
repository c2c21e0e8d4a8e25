import type { IDataObject } from 'n8n-workflow';

import { until } from '../support/until';
import { http, javascript } from '../support/engine';
import { newKey } from './scenario';
import { doorOf, downstream, send, slow } from './door-harness';

/** Idempotent Webhook over HTTP: a request, its duplicates, and the item that starts a workflow. */

describe('a request and its duplicates', () => {
	test('one execution; all get the same answer, and the duplicates are marked', async () => {
		const door = await doorOf();
		const key = newKey();
		const first = await send(door, key);
		expect(first.status).toBe(200);
		expect(first.headers.get('idempotency-replayed')).toBeNull();
		for (let i = 0; i < 3; i++) {
			const again = await send(door, key);
			expect(again).toMatchObject({ status: 200, text: first.text });
			expect(again.headers.get('idempotency-replayed')).toBe('true');
		}
		expect(door.executions).toHaveLength(1);
		expect(downstream.effects(key)).toBe(1);
	});

	test('a budget holds at the door: 429, and when there is room again', async () => {
		const options = { budgetScope: '={{ $json.headers["x-customer"] }}', budgetLimit: 1 };
		const door = await doorOf({ webhook: { options } });
		const from = (customer: string) => ({ headers: { 'x-customer': customer } });
		const key = newKey();
		expect((await send(door, key, from('a'))).status).toBe(200);
		const refused = await send(door, newKey(), from('a'));
		expect(refused).toMatchObject({ status: 429, json: { title: 'Too many new requests' } });
		expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500);
		expect((await send(door, key, from('a'))).headers.get('idempotency-replayed')).toBe('true');
		expect((await send(door, newKey(), from('b'))).status).toBe(200);
		expect(door.executions).toHaveLength(2);
	});

	test('the status and headers of the service are replayed, a refusal too', async () => {
		const door = await doorOf();
		for (const [status, body] of [
			[201, { made: true }],
			[422, { problem: 'no' }],
		] as const) {
			const key = newKey();
			const headers = { location: '/charges/1', 'x-internal': 'host-7' };
			downstream.nextFor(key, { status, body, headers });
			const first = await send(door, key);
			const again = await send(door, key);
			expect(first).toMatchObject({ status, json: body });
			expect(again).toMatchObject({ status, text: first.text });
			expect(again.headers.get('location')).toBe('/charges/1');
			expect(again.headers.get('x-internal')).toBeNull();
			expect(downstream.effects(key)).toBe(status < 400 ? 1 : 0);
		}
	});

	test('of one tenant 50 wait where the node has an expression: for each n8n holds memory', async () => {
		let finish = (): void => undefined;
		const finished = new Promise<void>((resolve) => (finish = resolve));
		const act = javascript('Act', async () => {
			await finished;
			return [{ json: { charged: true }, pairedItem: 0 }];
		});
		const options = { tenant: '={{ $json.headers["x-tenant"] }}' };
		const door = await doorOf({ webhook: { onInProgress: 'wait', options }, act: [act] });
		const key = newKey();
		const told: number[] = [];
		const refused = 10;
		const all = Array.from({ length: 1 + 50 + refused }, async () => {
			const { status } = await send(door, key, { headers: { 'x-tenant': 'acme' } });
			told.push(status);
			if (told.length === refused) finish();
		});
		await Promise.all(all);
		expect(told.slice(0, refused)).toEqual(Array.from({ length: refused }, () => 409));
		expect(new Set(told.slice(refused))).toEqual(new Set([200]));
		expect(door.executions).toHaveLength(1);
	});

	test('a storm, waiting for the result: one execution, one answer for all', async () => {
		const door = await doorOf({ webhook: { onInProgress: 'wait' }, act: [slow(200)] });
		const key = newKey();
		const answers = await Promise.all(
			Array.from({ length: 300 }, async () => await send(door, key)),
		);
		expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
		const replayed = answers.filter(
			({ headers }) => headers.get('idempotency-replayed') === 'true',
		);
		expect(replayed).toHaveLength(299);
		expect(door.executions).toHaveLength(1);
	});

	test('10,000 different keys: an execution each, and each key its own answer', async () => {
		const echo = javascript('Act', (items) => [
			{ json: { key: (items[0]?.json.body as IDataObject).key }, pairedItem: 0 },
		]);
		const door = await doorOf({ act: [echo] });
		const keys = Array.from({ length: 10_000 }, () => newKey());
		const waiting = [...keys];
		let wrong = 0;
		const lane = async (): Promise<void> => {
			for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
				const { status, json } = await send(door, key);
				if (status !== 200 || json.key !== key) wrong++;
			}
		};
		await Promise.all(Array.from({ length: 50 }, lane));
		expect(wrong).toBe(0);
		expect(door.executions).toHaveLength(10_000);
		expect((await send(door, keys[0] ?? '')).headers.get('idempotency-replayed')).toBe('true');
	}, 900_000);

	test('by the last node: the same item for all', async () => {
		const door = await doorOf({ webhook: { responseMode: 'lastNode' } });
		const key = newKey();
		const first = await send(door, key);
		expect(first).toMatchObject({ status: 200 });
		expect(await send(door, key)).toMatchObject({ status: 200, text: first.text });
	});

	test.each(['responseNode', 'lastNode'])(
		'by %s, a refusal is what it is',
		async (responseMode) => {
			const door = await doorOf({ webhook: { responseMode } });
			const key = newKey();
			downstream.nextFor(key, { status: 402, body: { error: 'declined' } });
			const first = await send(door, key);
			expect(first).toMatchObject({ status: 402, json: { error: 'declined' } });
			expect(await send(door, key)).toMatchObject({ status: 402, text: first.text });
		},
	);

	test.each(['responseNode', 'lastNode'])(
		'by %s, a refusal that stopped the run is never a success',
		async (responseMode) => {
			const act = [http('Charge', { url: downstream.url, body: '={{ $json.body }}' })];
			const door = await doorOf({ webhook: { responseMode }, act });
			const key = newKey();
			downstream.nextFor(key, { status: 402, body: { error: 'declined' } });
			expect((await send(door, key)).status).toBe(500);
			const again = await send(door, key);
			expect(again).toMatchObject({ status: 402, json: { state: 'failed' } });
		},
	);

	test('immediately: 202 with the key, and the result when it is asked for again', async () => {
		const door = await doorOf({ webhook: { responseMode: 'onReceived' } });
		const key = newKey();
		const first = await send(door, key);
		expect(first).toMatchObject({ status: 202, json: { status: 'accepted', key } });
		await until(
			'the run has ended',
			async () => await Promise.resolve(door.executions.length === 1),
		);
		const again = await send(door, key);
		expect(again.status).toBe(200);
		expect(again.headers.get('idempotency-replayed')).toBe('true');
	});
});

describe('while the first is running', () => {
	test.each([
		['conflict', 409, 'application/problem+json; charset=utf-8'],
		['accept', 202, 'application/json; charset=utf-8'],
	])('%s: %i, and when to ask again', async (onInProgress, status, type) => {
		const door = await doorOf({ webhook: { onInProgress }, act: [slow(300)] });
		const key = newKey();
		const first = send(door, key);
		await until('it runs', async () => (await send(door, key)).status === status);
		const again = await send(door, key);
		expect(again.status).toBe(status);
		expect(again.headers.get('content-type')).toBe(type);
		expect(Number(again.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
		expect((await first).status).toBe(200);
		expect(door.executions).toHaveLength(1);
	});

	test('a caller that hangs up is forgotten, and those that wait get the answer', async () => {
		const door = await doorOf({ webhook: { onInProgress: 'wait' }, act: [slow(500)] });
		const key = newKey();
		const first = send(door, key);
		const hangUp = new AbortController();
		const gone = send(door, key, { signal: hangUp.signal }).catch((error: Error) => error.name);
		const stays = send(door, key);
		setTimeout(() => hangUp.abort(), 100);
		expect(await gone).toBe('AbortError');
		expect((await stays).text).toBe((await first).text);
		expect(door.executions).toHaveLength(1);
	});

	test('a wait that is too long ends as a conflict', async () => {
		const webhook = { onInProgress: 'wait', maxWaitSeconds: 0.2 };
		const door = await doorOf({ webhook, act: [slow(700)] });
		const key = newKey();
		const first = send(door, key);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect((await send(door, key)).status).toBe(409);
		await first;
	});
});

describe('the item that starts a workflow', () => {
	test('is that of the Webhook node, with our details and a token of this execution', async () => {
		const door = await doorOf();
		const key = newKey();
		await send(door, key, { headers: { 'x-more': '1' } });
		const [run] = door.executions;
		const [item] = run?.json('Door') ?? [];
		expect(item).toMatchObject({
			body: { key },
			headers: { 'idempotency-key': key, 'x-more': '1' },
			query: {},
			params: {},
			webhookUrl: 'http://localhost:5678/webhook/orders',
			executionMode: 'production',
			idempotency: { outcome: 'new', key, attempt: 1, takeover: false },
		});
		expect(run?.json('Commit')).toHaveLength(1);
		expect(run?.hints('Commit')).toEqual([]);
	});

	test.each([
		['form', new URLSearchParams({ a: '1' }), undefined, { a: '1' }],
		['text', 'hello', 'text/plain', 'hello'],
	])('of a %s', async (_, body, type, expected) => {
		const door = await doorOf();
		const headers = type === undefined ? {} : { 'content-type': type };
		const form = { 'content-type': 'application/x-www-form-urlencoded' };
		await send(door, newKey(), { body, headers: type === undefined ? form : headers });
		expect(door.executions[0]?.json('Door')[0]?.body).toEqual(expected);
	});

	test('of a file, and of a raw body: kept byte for byte, and part of what is compared', async () => {
		const door = await doorOf();
		const key = newKey();
		const pdf = { 'content-type': 'application/pdf' };
		const bytes = Buffer.from([0, 1, 2, 255]);
		expect((await send(door, key, { body: bytes, headers: pdf })).status).toBe(200);
		const file = door.executions[0]?.items('Door')[0]?.binary?.data;
		expect(Buffer.from(file?.data ?? '', 'base64')).toEqual(bytes);
		expect((await send(door, key, { body: bytes, headers: pdf })).status).toBe(200);
		const other = { body: Buffer.from([0, 1, 2, 254]), headers: pdf };
		expect((await send(door, key, other)).status).toBe(422);

		const raw = await doorOf({ webhook: { options: { rawBody: true } } });
		await send(raw, newKey(), { body: '{ "a" : 1 }' });
		const [item] = raw.executions[0]?.items('Door') ?? [];
		expect(item?.json.body).toEqual({ a: 1 });
		expect(Buffer.from(item?.binary?.data?.data ?? '', 'base64').toString()).toBe('{ "a" : 1 }');
	});

	test('by an expression over the request', async () => {
		const webhook = { keySource: 'expression', key: '={{ $json.body.order }}' };
		const door = await doorOf({ webhook });
		const order = newKey();
		const body = JSON.stringify({ order, key: order });
		await send(door, '', { body });
		expect((await send(door, '', { body })).headers.get('idempotency-replayed')).toBe('true');
		expect(door.executions).toHaveLength(1);
	});
});

test('a run that stops without Commit is settled by what is known, as behind a Guard', async () => {
	const act = [http('Charge', { url: downstream.url, body: '={{ $json.body }}' })];
	const door = await doorOf({ act });
	const key = newKey();
	downstream.nextFor(key, { status: 429 });
	expect((await send(door, key)).status).toBe(500);
	const later = await send(door, key);
	expect(later).toMatchObject({
		status: 409,
		json: { detail: expect.stringContaining('429') as string },
	});
	expect(String(later.json.type)).toMatch(/#retry_later$/);
});

test('test runs have keys of their own', async () => {
	const key = newKey();
	const real = await doorOf();
	await send(real, key);
	const test = await doorOf({ mode: 'manual' });
	const first = await send(test, key);
	expect(first.headers.get('idempotency-replayed')).toBeNull();
	expect(test.executions[0]?.json('Door')[0]).toMatchObject({
		executionMode: 'test',
		webhookUrl: 'http://localhost:5678/webhook-test/orders',
	});
	expect((await send(test, key)).headers.get('idempotency-replayed')).toBe('true');
});
