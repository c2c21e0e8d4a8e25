import type { IDataObject, INode } from 'n8n-workflow';
import { sign } from 'jsonwebtoken';

import { until } from '../support/until';
import { RedisServer } from '../support/redis-server';
import {
	commit,
	DoorServer,
	http,
	inPanelOrder,
	javascript,
	node,
	records,
	startDownstream,
	workflow,
} from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { engineOn } from './on-redis';
import { newKey } from './scenario';

/** Idempotent Webhook over HTTP: what is answered at the door, and what starts an execution. */

let downstream: Downstream;
let server: RedisServer;
const doors: DoorServer[] = [];
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), RedisServer.start()]);
});
afterEach(async () => {
	for (const door of doors.splice(0)) await door.stop();
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

interface Parts {
	readonly webhook?: INode['parameters'];
	readonly act?: INode[];
	readonly commit?: INode['parameters'];
	readonly mode?: 'webhook' | 'manual';
	readonly credential?: IDataObject;
	readonly engine?: ReturnType<typeof engine>;
}

const redis = { idempotencyRedisApi: { id: '1', name: 'Redis' } };
const auth = {
	httpBasicAuth: { id: 'basic', name: 'Basic' },
	httpHeaderAuth: { id: 'header', name: 'Header' },
	jwtAuth: { id: 'jwt', name: 'JWT' },
};

/** Each n8n has ids of its own; a door reads a credential again only after a while. */
const credentialFor = ({ engine: n8n }: Parts) =>
	n8n === undefined ? redis : { idempotencyRedisApi: { id: newKey(), name: 'Redis' } };

async function doorOf(parts: Parts = {}): Promise<DoorServer> {
	const store = { store: 'redis' };
	const act = parts.act ?? [
		http('Charge', { url: downstream.url, fullResponse: true, body: '={{ $json.body }}' }),
	];
	const trigger = node(
		'Door',
		'n8n-nodes-idempotency.idempotentWebhook',
		{ ...store, path: 'orders', ...inPanelOrder(parts.webhook ?? {}) },
		{ typeVersion: 2, credentials: { ...credentialFor(parts), ...auth }, webhookId: 'door' },
	);
	const flow = workflow({
		nodes: [
			trigger,
			...act,
			commit('Commit', { ...store, ...parts.commit }, { credentials: redis }),
		],
	});
	const n8n = parts.engine ?? engineOn(server, {}, CREDENTIALS);
	const door = await DoorServer.start(n8n, flow, parts.mode);
	doors.push(door);
	return door;
}

const CREDENTIALS = {
	basic: { user: 'shop', password: 'pass:word' },
	header: { name: 'X-Api-Token', value: 'secret' },
	jwt: { keyType: 'passphrase', secret: 'signing', algorithm: 'HS256' },
};

interface Answer {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	readonly json: IDataObject;
}

async function send(door: DoorServer, key: string, init: RequestInit = {}): Promise<Answer> {
	const response = await fetch(door.url, {
		method: 'POST',
		body: JSON.stringify({ key }),
		...init,
		headers: {
			'content-type': 'application/json',
			...(key === '' ? {} : { 'idempotency-key': key }),
			...(init.headers as Record<string, string>),
		},
	});
	const text = await response.text();
	let json: IDataObject = {};
	try {
		json = JSON.parse(text) as IDataObject;
	} catch {
		// Text is text.
	}
	return { status: response.status, headers: response.headers, text, json };
}

const slow = (ms: number, act: () => void = () => undefined) =>
	javascript('Slow', async () => {
		await new Promise((resolve) => setTimeout(resolve, ms));
		act();
		return [{ json: { charged: true }, pairedItem: 0 }];
	});

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
		expect(first.json).toMatchObject({ statusCode: 200 });
		expect(await send(door, key)).toMatchObject({ status: 200, text: first.text });
	});

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

describe('what is refused at the door starts nothing', () => {
	const refused = (answer: Answer, status: number, problem: string): void => {
		expect(answer.status).toBe(status);
		expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
		expect(String(answer.json.type)).toMatch(new RegExp(`#${problem}$`));
		expect(answer.json).toMatchObject({ status, title: expect.any(String) as string });
	};

	test('the same key with another payload: 422', async () => {
		const door = await doorOf();
		const key = newKey();
		await send(door, key);
		const other = await send(door, key, { body: JSON.stringify({ key, amount: 7 }) });
		refused(other, 422, 'payload_mismatch');
		// Who has not proved who it is learns no names.
		expect(other.json.changedFields).toBeUndefined();
		expect(other.text).not.toContain('7}');
		expect(door.executions).toHaveLength(1);
	});

	test('no key: 400', async () => {
		const door = await doorOf();
		refused(await send(door, ''), 400, 'missing_key');
		expect(door.executions).toHaveLength(0);
	});

	test('a run that nobody knows the end of: 409', async () => {
		const door = await doorOf();
		const key = newKey();
		downstream.nextFor(key, { status: 500, effect: true });
		expect((await send(door, key)).status).toBe(500);
		refused(await send(door, key), 409, 'unknown_outcome');
		expect(downstream.effects(key)).toBe(1);
	});

	test('another tenant, bound: 403, and nothing of the first', async () => {
		const options = { tenant: '={{ $json.headers["x-tenant"] }}', tenantMode: 'bind' };
		const door = await doorOf({ webhook: { options } });
		const key = newKey();
		await send(door, key, { headers: { 'x-tenant': 'a' } });
		const other = await send(door, key, { headers: { 'x-tenant': 'b' } });
		refused(other, 403, 'tenant_mismatch');
		refused(await send(door, newKey()), 400, 'not_acceptable');
	});

	test('a store that is down: 503, and when to try again; nothing in it for the caller', async () => {
		const gone = await RedisServer.start();
		await gone.stop();
		const door = await doorOf({ engine: engineOn(gone, {}, CREDENTIALS) });
		const answer = await send(door, newKey());
		refused(answer, 503, 'store_unavailable');
		expect(answer.headers.get('retry-after')).toBe('10');
		expect(answer.text).not.toContain('127.0.0.1');
		expect(door.executions).toHaveLength(0);
	});

	test('unless it may go on unprotected: marked', async () => {
		const gone = await RedisServer.start();
		await gone.stop();
		const webhook = { responseMode: 'lastNode', options: { onStoreError: 'continueUnprotected' } };
		const n8n = engineOn(gone, {}, CREDENTIALS);
		const door = await doorOf({ engine: n8n, webhook });
		expect((await send(door, newKey())).status).toBe(200);
		expect(door.executions[0]?.json('Door')[0]?.idempotency).toMatchObject({
			outcome: 'unprotected',
		});
	});

	test('settings that can not work: 500, and what is wrong only for who builds the workflow', async () => {
		const webhook = { options: { scope: 'custom' } };
		const answer = await send(await doorOf({ webhook }), newKey());
		refused(answer, 500, 'misconfigured');
		expect(answer.text).not.toContain('Namespace');
		const test = await send(await doorOf({ webhook, mode: 'manual' }), newKey());
		expect(test.json.detail).toContain('"Namespace" is empty');
	});

	test('a body that is too large, malformed, or none', async () => {
		const door = await doorOf();
		const large = { body: 'x'.repeat(1_100_000), headers: { 'content-type': 'application/pdf' } };
		refused(await send(door, newKey(), large), 413, 'too_large');
		expect((await send(door, newKey(), { body: '{"a":' })).status).toBe(422);
		expect(door.executions).toHaveLength(0);
		expect((await send(door, newKey(), { body: '' })).status).toBe(200);
	});
});

test('pages of other origins than those that are allowed start nothing', async () => {
	const options = { allowedOrigins: 'https://shop.example, https://till.example' };
	const door = await doorOf({ webhook: { options } });
	const from = async (origin?: string) =>
		await send(door, newKey(), { headers: origin === undefined ? {} : { origin } });
	const allowed = await from('https://till.example');
	expect(allowed.status).toBe(200);
	expect(allowed.headers.get('access-control-allow-origin')).toBe('https://till.example');
	const other = await from('https://evil.example');
	expect(other).toMatchObject({ status: 403 });
	expect(String(other.json.type)).toMatch(/#origin_not_allowed$/);
	expect(other.headers.get('access-control-allow-origin')).toBeNull();
	expect((await from()).status).toBe(200);
	expect(door.executions).toHaveLength(2);
});

describe('authentication', () => {
	const basic = (text: string) => ({
		authorization: `Basic ${Buffer.from(text).toString('base64')}`,
	});
	const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

	test.each([
		['basicAuth', basic('shop:pass:word'), 200],
		['basicAuth', basic('shop:wrong'), 401],
		['basicAuth', {}, 401],
		['headerAuth', { 'x-api-token': 'secret' }, 200],
		['headerAuth', { 'x-api-token': 'secre' }, 403],
		['headerAuth', {}, 403],
		['jwtAuth', bearer(sign({ sub: 'customer-1' }, 'signing')), 200],
		['jwtAuth', bearer(sign({ sub: 'customer-1' }, 'other')), 403],
		['jwtAuth', bearer(sign({ sub: 'x' }, 'signing', { algorithm: 'HS512' })), 403],
		['jwtAuth', bearer(sign({ sub: 'x', exp: 1 }, 'signing')), 403],
		['jwtAuth', bearer('e30.e30.'), 403],
		['jwtAuth', {}, 401],
	])('%s with %j: %i', async (authentication, headers, status) => {
		const door = await doorOf({ webhook: { authentication } });
		const key = newKey();
		expect((await send(door, key, { headers })).status).toBe(status);
		expect(door.executions).toHaveLength(status === 200 ? 1 : 0);
		if (status !== 200) return;
		expect((await send(door, key, { headers: {} })).status).toBeGreaterThanOrEqual(401);
		const [item] = door.executions[0]?.json('Door') ?? [];
		if (authentication === 'jwtAuth') expect(item?.jwtPayload).toMatchObject({ sub: 'customer-1' });
	});

	test('a credential that is incomplete lets nobody in', async () => {
		const n8n = engineOn(server, {}, { ...CREDENTIALS, basic: { user: '', password: '' } });
		const door = await doorOf({ engine: n8n, webhook: { authentication: 'basicAuth' } });
		expect((await send(door, newKey(), { headers: basic(':') })).status).toBe(500);
		expect(door.executions).toHaveLength(0);
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

test('a key of several parts, of which one is empty, is no key', async () => {
	const webhook = { keySource: 'expression', key: '=order-{{ $json.body.order }}' };
	const door = await doorOf({ webhook });
	const order = newKey();
	expect((await send(door, '', { body: JSON.stringify({ order, key: order }) })).status).toBe(200);
	const without = await send(door, '', { body: JSON.stringify({ key: newKey() }) });
	expect(without.status).toBe(400);
	expect(without.text).toContain('missing_key');
	expect(door.executions).toHaveLength(1);
});

describe('a request that was taken in and has not started', () => {
	const stored = async () =>
		await server.ask(async (client) => {
			const names = (await client.keys('*')).filter((name) => /:[0-9a-f]{64}$/.test(name));
			return await Promise.all(names.map(async (name) => await client.hgetall(name)));
		});

	test('is pending, with its request, until its run starts; then it is gone from the record', async () => {
		await server.ask(async (client) => await client.flushall());
		let go = (): void => undefined;
		const started = new Promise<void>((resolve) => (go = resolve));
		const door = await doorOf({ webhook: { responseMode: 'onReceived' }, act: [slow(300)] });
		door.beforeExecution = async () => await started;
		const key = newKey();
		expect((await send(door, key)).status).toBe(202);
		const [pending] = await stored();
		expect(pending?.s).toMatch(/^P /);
		expect(Object.keys(pending ?? {}).some((field) => field.startsWith('v'))).toBe(true);
		expect((await send(door, key)).status).toBe(409);
		go();
		await until('it runs', async () => /^R /.test((await stored())[0]?.s ?? ''));
		const [running] = await stored();
		expect(Object.keys(running ?? {}).some((field) => field.startsWith('v'))).toBe(false);
		await until('it ended', async () => await Promise.resolve(door.executions.length === 1));
		expect((await send(door, key)).status).toBe(200);
	});

	test('is found with its request when n8n dies, and handled when it is sent again', async () => {
		const options = { claimTimeoutMinutes: 0.002 };
		const door = await doorOf({ webhook: { responseMode: 'onReceived', options } });
		// What was acknowledged is never executed: this n8n is gone.
		door.beforeExecution = async () => await new Promise(() => undefined);
		const key = newKey();
		const headers = { authorization: 'Bearer of-the-caller' };
		expect((await send(door, key, { headers })).status).toBe(202);
		const n8n = engineOn(server);
		const mend = async (parameters: INode['parameters']) => {
			const flow = workflow({
				id: 'mending',
				nodes: [records('Records', { store: 'redis', ...parameters }, { credentials: redis })],
			});
			return (await n8n.run(flow)).json('Records');
		};
		let lost: IDataObject | undefined;
		await until('its time is over', async () => {
			const listed = await mend({
				operation: 'list',
				filters: { states: ['released'] },
				options: { includeResult: true },
			});
			lost = listed.find((each) => each.key === key);
			return lost !== undefined;
		});
		expect(lost).toMatchObject({ state: 'released', started: false, request: { body: { key } } });
		expect(lost?.reason).toMatch(/never began$/);
		expect(JSON.stringify(lost)).not.toContain('of-the-caller');
		// It never ran: the sender's next delivery acts, though an earlier outcome that is unknown is held.
		door.beforeExecution = async () => await Promise.resolve();
		const { body } = lost?.request as { body: IDataObject };
		expect((await send(door, key, { body: JSON.stringify(body) })).status).toBe(202);
		await until('it ran', async () => await Promise.resolve(downstream.effects(key) === 1));
	});

	test('whose claim is lost meanwhile does not act', async () => {
		let go = (): void => undefined;
		const started = new Promise<void>((resolve) => (go = resolve));
		const options = { claimTimeoutMinutes: 0.002 };
		const webhook = { responseMode: 'onReceived', onUnknownOutcome: 'retry', options };
		let acts = 0;
		const door = await doorOf({ webhook, act: [slow(0, () => acts++)] });
		door.beforeExecution = async () => await started;
		const key = newKey();
		await send(door, key);
		await new Promise((resolve) => setTimeout(resolve, 200));
		door.beforeExecution = async () => await Promise.resolve();
		expect((await send(door, key)).status).toBe(202);
		await until('the second ran', async () => await Promise.resolve(door.executions.length === 1));
		go();
		await until('the first ended', async () => await Promise.resolve(door.executions.length === 2));
		expect(acts).toBe(1);
		expect(door.executions[1]?.error?.message).toContain('another run has taken it over');
	});

	test('a token that was made up starts nothing, also under "Continue"', async () => {
		const n8n = engineOn(server, {}, CREDENTIALS);
		for (const onError of ['stopWorkflow', 'continueRegularOutput'] as const) {
			const door = await doorOf({ engine: n8n });
			const flow = workflow({
				nodes: [
					node(
						'Door',
						'n8n-nodes-idempotency.idempotentWebhook',
						{ store: 'redis', path: 'orders' },
						{ typeVersion: 2, credentials: redis, onError },
					),
					slow(0),
				],
			});
			const triggerItems = [{ json: { body: {}, idempotency: { token: 'idem1.YWJj.YWJj' } } }];
			const run = await n8n.run(flow, { triggerItems });
			expect(run.tasks('Slow')).toHaveLength(0);
			await door.stop();
			doors.pop();
		}
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
