import { connect } from 'node:net';
import { redisCredential } from '../../scripts/lib/example';
import { startRedis } from '../../scripts/lib/redis';
import { expectOneExecution } from './harness/door';
import { N8nHost } from './harness/n8n-host';
import type { ChargeWorkflow } from './harness/storm';
import { expectAtMostOnce, publishCharge, storm } from './harness/storm';

/** Idempotent Webhook in a real n8n: examples/webhook-at-the-door.json. */
let n8n: N8nHost;
const doors: Record<string, ChargeWorkflow> = {};
const STORES = ['embedded', 'redis'] as const;

const of = (store: string) => doors[store]!;

beforeAll(async () => {
	const redis = await startRedis();
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const { name, type, data } = redisCredential(redis.port);
	const credential = await n8n.api.saveCredential(name, type, data);
	doors.embedded = await publishCharge(n8n, 'door-embedded', undefined, {}, 'webhook-at-the-door');
	doors.redis = await publishCharge(n8n, 'door-redis', credential, {}, 'webhook-at-the-door');
});

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
