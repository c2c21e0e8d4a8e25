import { connect } from 'node:net';
import { redisCredential } from '../../scripts/lib/example';
import { waitUntil } from '../../scripts/lib/processes.mjs';
import { startRedis } from '../../scripts/lib/redis';
import { allRecords } from '../../lib/core/all-records';
import { openRedisStore } from '../../lib/stores/redis';
import { TcpProxy } from '../support/tcp-proxy';
import { expectOneExecution } from './harness/door';
import { N8nHost } from './harness/n8n-host';
import type { ChargeWorkflow } from './harness/storm';
import { expectAtMostOnce, publishCharge, storm } from './harness/storm';

/** Idempotent Webhook in a real n8n: examples/webhook-at-the-door.json. */
let n8n: N8nHost;
const doors: Record<string, ChargeWorkflow> = {};
let proxy: TcpProxy;
let redisPort: number;
const STORES = ['embedded', 'redis'] as const;

const of = (store: string) => doors[store]!;

beforeAll(async () => {
	const redis = await startRedis();
	redisPort = redis.port;
	proxy = await TcpProxy.start(redis.port);
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const { name, type, data } = redisCredential(redis.port);
	const credential = await n8n.api.saveCredential(name, type, data);
	doors.embedded = await publishCharge(n8n, 'door-embedded', undefined, {}, 'webhook-at-the-door');
	doors.redis = await publishCharge(n8n, 'door-redis', credential, {}, 'webhook-at-the-door');
	const farData = { ...data, port: proxy.port, keyPrefix: 'far' };
	const far = await n8n.api.saveCredential('Redis behind a bad line', type, farData);
	const slow = { delayMs: 500 };
	doors.farDoor = await publishCharge(n8n, 'far-door', far, slow, 'webhook-at-the-door');
	doors.farGuard = await publishCharge(n8n, 'far-guard', far, slow);
});
afterAll(async () => await proxy.stop());

describe.each(STORES)('%s store', (store) => {
	it('starts one execution for 500 deliveries of one key, and answers all the same', async () => {
		await expectOneExecution(n8n, of(store));
	});

	it('charges once each of 50 keys in 500 deliveries, by one execution each', async () => {
		const before = (await n8n.api.executions(of(store).workflowId)).length;
		const verdict = await storm(of(store), { deliveries: 500, keys: 50 });
		expect(verdict).toMatchObject({ charges: { 1: 50 }, told: { charge: 500 }, wrong: [] });
		expect(await n8n.api.executions(of(store).workflowId)).toHaveLength(before + 50);
	});
});

const ask = async (init: RequestInit, path = '/webhook/door-embedded') =>
	await fetch(`${n8n.url}${path}`, { method: 'POST', ...init });
const headersOf = (key: string) => ({ 'content-type': 'application/json', 'idempotency-key': key });

it('refuses what it should, as docs/http.md says, and starts nothing', async () => {
	const door = of('embedded');
	const before = door.downstream.total();
	const problem = async (init: RequestInit) => {
		const response = await ask(init);
		const { type } = (await response.json()) as { type?: string };
		return [response.status, type?.replace(/^.*#/, '') ?? null];
	};
	expect(await problem({ headers: { 'content-type': 'application/json' }, body: '{}' })).toEqual([
		400,
		'missing_key',
	]);
	expect(await problem({ headers: headersOf('bad'), body: '{"a":' })).toEqual([422, null]);
	const large = 'x'.repeat(17 * 1024 * 1024);
	const pdf = { ...headersOf('large'), 'content-type': 'application/pdf' };
	expect(await problem({ headers: pdf, body: large })).toEqual([413, 'too_large']);
	expect((await ask({ headers: headersOf('large'), body: JSON.stringify({ large }) })).status).toBe(
		500,
	);
	expect((await ask({ method: 'OPTIONS', headers: { origin: 'https://a.example' } })).status).toBe(
		204,
	);
	for (const method of ['GET', 'HEAD', 'PUT']) expect((await ask({ method })).status).toBe(404);
	expect(door.downstream.total()).toBe(before);
});

it('takes a file, and a form, and compares them', async () => {
	const send = async (file: string) => {
		const body = new FormData();
		body.append('orderId', 'form');
		body.append('receipt', new Blob([file]), 'receipt.txt');
		return await ask({ body, headers: { 'idempotency-key': 'form' } });
	};
	const first = await send('first');
	expect(first.status).toBe(201);
	const again = await send('first');
	expect(again.headers.get('idempotency-replayed')).toBe('true');
	expect(await again.text()).toBe(await first.text());
	expect((await send('second')).status).toBe(422);
	expect(of('embedded').downstream.chargesOf('form')).toHaveLength(1);
});

it('goes on while slow clients send nothing more', async () => {
	const head =
		'POST /webhook/door-embedded HTTP/1.1\r\nHost: n8n\r\nContent-Type: application/json\r\n';
	const slow = await Promise.all(
		Array.from({ length: 100 }, async () => {
			const socket = connect(n8n.port, '127.0.0.1');
			socket.on('error', () => undefined);
			await new Promise((resolve) => socket.once('connect', resolve));
			socket.write(`${head}Idempotency-Key: slow\r\nContent-Length: 100\r\n\r\n{"orderId":`);
			return socket;
		}),
	);
	const body = JSON.stringify({ orderId: 'quick' });
	expect((await ask({ headers: headersOf('quick'), body })).status).toBe(201);
	for (const socket of slow) socket.destroy();
	// They had not said what they want: their key is free.
	const late = JSON.stringify({ orderId: 'slow' });
	expect((await ask({ headers: headersOf('slow'), body: late })).status).toBe(201);
});

/** Why each record behind the bad line is as it is, by its key; read over a good line. */
async function reasonsBehindTheLine(): Promise<Map<string, string>> {
	const near = { deployment: 'standalone', host: '127.0.0.1', port: redisPort } as const;
	const store = openRedisStore({ ...near, keyPrefix: 'far' });
	const reasons = new Map<string, string>();
	for await (const page of allRecords(store)) {
		if (!page.ok) throw page.error;
		for (const { record } of page.answer.records) reasons.set(record.key, record.reason);
	}
	await store.close();
	return reasons;
}

describe.each(['farDoor', 'farGuard'])('a line that loses answers of Redis, %s', (name) => {
	const send = async (key: string) => {
		const body = JSON.stringify({ orderId: key, amount: 5 });
		const response = await fetch(of(name).url, { method: 'POST', headers: headersOf(key), body });
		return { status: response.status, body: await response.text() };
	};
	const charges = (key: string) => of(name).downstream.chargesOf(key).length;

	afterEach(() => proxy.heal());

	/** Loses the answer to a claim. Where it was another's, such as of what is counted meanwhile, no claim was sent: then with another key. */
	const loseAnswerToClaim = async () => {
		for (let tried = 1; ; tried++) {
			const key = `claim ${tried} of ${name}`;
			// The line is open from here on.
			expect((await send(`before ${key}`)).status).toBe(201);
			proxy.fateOfReply = () => 'drop';
			expect((await send(key)).status).toBeGreaterThanOrEqual(500);
			const reason = (await reasonsBehindTheLine()).get(key);
			proxy.heal();
			if (reason !== undefined || tried === 5) return { key, reason };
		}
	};

	it('gives back a claim that nobody was told of', async () => {
		const { key, reason } = await loseAnswerToClaim();
		expect(reason).toBe('');
		const isFound = async () => /nothing ran/.test((await reasonsBehindTheLine()).get(key) ?? '');
		await waitUntil(isFound, { what: 'the claim was given back', timeoutMs: 60_000 });
		expect(charges(key)).toBe(0);
		expect((await send(key)).status).toBe(201);
		expect(charges(key)).toBe(1);
	});

	it('saves a result whose answer was lost by saying it again', async () => {
		const key = `finish of ${name}`;
		const sent = send(key);
		const acts = async () => await Promise.resolve(charges(key) > 0);
		await waitUntil(acts, { what: 'it is charged', timeoutMs: 60_000, intervalMs: 20 });
		const before = proxy.harmed;
		proxy.fateOfReply = () => (proxy.harmed === before ? 'drop' : 'pass');
		const first = await sent;
		expect(proxy.harmed).toBe(before + 1);
		proxy.heal();
		expect(first.status).toBe(201);
		const again = await send(key);
		expect(again).toEqual(first);
		expect(charges(key)).toBe(1);
	});
});

it('answers its test URL only while the editor listens', async () => {
	const response = await ask(
		{ headers: headersOf('test'), body: '{}' },
		'/webhook-test/door-embedded',
	);
	expect(response.status).toBe(404);
});

it.each(['stop', 'kill'] as const)('across a %s of n8n: never charges twice', async (how) => {
	const by = async (sendRest: () => void) => {
		await n8n[how]();
		sendRest();
		await n8n.start();
	};
	const verdict = await storm(of('redis'), {
		deliveries: 160,
		keys: 40,
		disturb: { at: 0.2, by },
	});
	expectAtMostOnce(verdict);
	expect(verdict.retries).toHaveProperty('ECONNREFUSED');
});
