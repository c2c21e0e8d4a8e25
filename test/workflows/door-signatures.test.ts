import { createHmac } from 'node:crypto';
import type { IDataObject } from 'n8n-workflow';

import { closeDoors, openDoor, type TestDoor } from './at-the-door';

/** Who may call Idempotent Webhook: nothing is claimed, replayed or started for a request that fails its signature. */

afterEach(closeDoors);

const SECRETS = { secret: 'whsec_one', secondSecret: '' };
const now = () => Math.floor(Date.now() / 1000);
const hex = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

function stripe(body: string, key = 'whsec_one', at = now()): Record<string, string> {
	return { 'stripe-signature': `t=${at},v1=${hex(key, `${at}.${body}`)}` };
}
const event = (id: string, more: object = {}) => JSON.stringify({ id, object: 'event', ...more });
const BY_SENDER = { verifySignature: 'sender', sender: 'stripe' };

const sendStripe = async (door: TestDoor, body: string, headers = stripe(body)) =>
	await door.send({ body, headers });

describe('a signed delivery', () => {
	it('acts once, and a retry with a signature of its own gets the answer', async () => {
		const door = await openDoor(BY_SENDER, { secrets: SECRETS });
		const body = event('evt_1');
		expect(await sendStripe(door, body)).toMatchObject({ status: 200, json: { answer: 1 } });
		const again = await sendStripe(door, body, stripe(body, 'whsec_one', now() - 5));
		expect(again).toMatchObject({ status: 200, json: { answer: 1 } });
		expect(again.headers.get('idempotency-replayed')).toBe('true');
		expect(door.acted).toHaveLength(1);
	});

	it('is taken under either of two secrets while they are changed', async () => {
		const door = await openDoor(BY_SENDER, {
			secrets: { secret: 'whsec_new', secondSecret: 'whsec_one' },
		});
		const [one, two] = [event('evt_1'), event('evt_2')];
		expect((await sendStripe(door, one)).status).toBe(200);
		expect((await sendStripe(door, two, stripe(two, 'whsec_new'))).status).toBe(200);
	});
});

describe('who cannot sign', () => {
	const forged = event('evt_1', { amount: 1 });
	const body = event('evt_1', { amount: 100 });

	it('reads no stored answer by a known ID', async () => {
		const door = await openDoor(BY_SENDER, { secrets: SECRETS });
		await sendStripe(door, body);
		for (const headers of [{}, stripe(forged, 'guessed'), stripe(body)]) {
			const answer = await sendStripe(door, forged, headers as Record<string, string>);
			expect(answer.status).toBe(401);
			expect(answer.text).not.toContain('answer');
		}
	});

	it('makes no duplicate of a delivery that comes later, and blocks none', async () => {
		const door = await openDoor(BY_SENDER, { secrets: SECRETS });
		expect((await sendStripe(door, forged, stripe(forged, 'guessed'))).status).toBe(401);
		expect(door.server.executions).toHaveLength(0);
		expect(await sendStripe(door, body)).toMatchObject({ status: 200, json: { answer: 1 } });
	});

	it('is told the same for every cause', async () => {
		const door = await openDoor(BY_SENDER, { secrets: SECRETS });
		const answers = await Promise.all(
			[
				{},
				stripe(body, 'guessed'),
				stripe(body, 'whsec_one', now() - 3_600),
				stripe(body, 'whsec_one', now() + 3_600),
				{ 'stripe-signature': 'nonsense' },
			].map(async (headers) => await sendStripe(door, body, headers as Record<string, string>)),
		);
		expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
		expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
	});
});

it('a sender that is detected has to prove itself as well; nobody in particular is refused', async () => {
	const door = await openDoor({ verifySignature: 'sender' }, { secrets: SECRETS });
	const body = event('evt_1');
	expect((await sendStripe(door, body)).status).toBe(200);
	expect((await door.send({ body: '{"id":1}', headers: { 'idempotency-key': 'k' } })).status).toBe(
		401,
	);
});

it('keys may be something else than the IDs of the sender who signs', async () => {
	const door = await openDoor(
		{
			verifySignature: 'sender',
			signatureSender: 'stripe',
			keySource: 'expression',
			key: '={{ $json.body.order }}',
			compare: 'none',
		},
		{ secrets: SECRETS },
	);
	for (const id of ['evt_1', 'evt_2']) {
		expect(await sendStripe(door, event(id, { order: 7 }))).toMatchObject({ json: { answer: 1 } });
	}
});

describe('Generic HMAC', () => {
	const parameters = {
		verifySignature: 'hmac',
		signatureHeader: 'X-Sig',
		signedContent: '{timestamp}.{body}',
		hmacOptions: { timestampHeader: 'X-Time', prefix: 'v1=' },
		sender: 'idempotencyKey',
	};
	const headers = (body: string, key = 'k') => ({
		'idempotency-key': 'one',
		'x-time': String(now()),
		'x-sig': `v1=${hex(key, `${now()}.${body}`)}`,
	});

	it('checks what it is told to', async () => {
		const door = await openDoor(parameters, { secrets: { secret: 'k' } });
		expect((await door.send({ body: '{}', headers: headers('{}') })).status).toBe(200);
		expect((await door.send({ body: '{}', headers: headers('{}', 'x') })).status).toBe(401);
	});

	it('is refused where it could not work, without a word to the caller', async () => {
		const door = await openDoor(
			{ ...parameters, signedContent: '{timestamp}' },
			{
				secrets: { secret: 'k' },
			},
		);
		const answer = await door.send({ body: '{}', headers: headers('{}') });
		expect(answer.status).toBe(500);
		expect(answer.json.detail).toBe('The log of n8n says what is wrong.');
	});
});

it('a credential without a usable secret refuses everybody', async () => {
	for (const secrets of [{}, { secret: ' ' }]) {
		const door = await openDoor(BY_SENDER, { secrets });
		expect((await sendStripe(door, event('evt_1'))).status).toBe(500);
		expect(door.acted).toHaveLength(0);
	}
});

it('the URL that is signed is the public one with the path and query as they came', async () => {
	const publicUrl = 'https://hooks.example.com/in/square';
	const door = await openDoor(
		{ verifySignature: 'sender', sender: 'square', options: { publicUrl } },
		{ secrets: { secret: 'k' } },
	);
	const body = JSON.stringify({ merchant_id: 'm', event_id: 'e', data: {} });
	const sign = (url: string) => ({
		'x-square-hmacsha256-signature': createHmac('sha256', 'k')
			.update(url + body)
			.digest('base64'),
	});
	const send = async (url: string) =>
		await door.send({ body, headers: sign(url), path: '?shop=1' });
	expect((await send(`${publicUrl}?shop=1`)).status).toBe(200);
	expect((await send(publicUrl)).status).toBe(401);
});

it('a multipart request cannot be checked, and is refused', async () => {
	const door = await openDoor(
		{ verifySignature: 'sender', sender: 'github' },
		{ secrets: SECRETS },
	);
	const form = new FormData();
	form.set('a', 'b');
	const body = Buffer.from(await new Response(form).arrayBuffer());
	const type = 'multipart/form-data; boundary=x';
	const answer = await door.send({
		body,
		headers: {
			'content-type': type,
			'x-hub-signature-256': `sha256=${createHmac('sha256', 'whsec_one').update(body).digest('hex')}`,
		},
	});
	expect(answer.status).toBe(401);
});

describe('what expressions see', () => {
	it('is what the run will see: the method too', async () => {
		const door = await openDoor({
			keySource: 'expression',
			key: '={{ $json.method }} {{ $json.body.id }}',
			compare: 'none',
		});
		await door.send({ body: '{"id":1}' });
		const [item] = door.acted;
		expect(item).toMatchObject({ method: 'POST', body: { id: 1 } });
		expect((item?.idempotency as IDataObject).key).toBe('POST 1');
	});
});

describe('callers', () => {
	it.each([
		['127.0.0.1', 200],
		['127.0.0.0/8, 10.0.0.1', 200],
		['10.0.0.0/8', 403],
		['nonsense', 403],
		['', 200],
	])('IP allowlist %j: %d', async (ipWhitelist, status) => {
		const door = await openDoor({ options: { ipWhitelist } });
		const answer = await door.send({ body: '{}', headers: { 'idempotency-key': 'k' } });
		expect(answer.status).toBe(status);
	});

	it('bots are refused where they are to be ignored', async () => {
		for (const [ignoreBots, status] of [
			[true, 403],
			[false, 200],
		] as const) {
			const door = await openDoor({ options: { ignoreBots } });
			const headers = { 'idempotency-key': 'k', 'user-agent': 'Googlebot/2.1' };
			expect((await door.send({ body: '{}', headers })).status).toBe(status);
		}
	});

	it('another method with the same key is no retry', async () => {
		const door = await openDoor({ httpMethod: ['POST', 'PUT'] });
		const init = { body: '{}', headers: { 'idempotency-key': 'k' } };
		expect((await door.send(init)).status).toBe(200);
		expect((await door.send({ ...init, method: 'PUT' })).status).toBe(422);
		expect((await door.send({ ...init, method: 'DELETE' })).status).toBe(405);
		expect(door.acted).toHaveLength(1);
	});
});

describe('the fields that differ', () => {
	const key = { 'idempotency-key': 'k' };

	it('are told to nobody who has not proved who it is, and a key that is guessed at is closed', async () => {
		const door = await openDoor({});
		await door.send({ body: '{"amount":1}', headers: key });
		for (let guess = 2; guess < 12; guess++) {
			const answer = await door.send({ body: `{"amount":${guess}}`, headers: key });
			expect(answer.status).toBe(422);
			expect(answer.text).not.toContain('amount');
		}
		const closed = await door.send({ body: '{"amount":1}', headers: key });
		expect(closed.status).toBe(429);
		expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(0);
	});

	it('are told to a tenant', async () => {
		const door = await openDoor({ options: { tenant: 'shop' } });
		await door.send({ body: '{"amount":1}', headers: key });
		const answer = await door.send({ body: '{"amount":2}', headers: key });
		expect(answer.json).toMatchObject({ status: 422, changedFields: ['body.amount'] });
	});

	it('are told of a body so large that its bytes are remembered', async () => {
		const door = await openDoor({ httpMethod: ['POST', 'PUT'], options: { tenant: 'shop' } });
		const bodyOf = (amount: number) =>
			JSON.stringify({ amount, name: 'Zoë', note: 'x'.repeat(70_000) });
		const type = (charset: string) => ({ 'content-type': `application/json; charset=${charset}` });
		const first = await door.send({ body: bodyOf(1), headers: { ...key, ...type('utf-8') } });
		for (const changed of [
			{ body: bodyOf(2), field: 'body.amount' },
			{ body: bodyOf(1), charset: 'latin1', field: 'body.name' },
			{ body: bodyOf(1), path: '?b=1', field: 'query.b' },
			{ body: bodyOf(1), method: 'PUT', field: 'method' },
		]) {
			const { field, charset = 'utf-8', ...sent } = changed;
			const answer = await door.send({ ...sent, headers: { ...key, ...type(charset) } });
			expect(answer.json).toMatchObject({ status: 422, changedFields: [field] });
			const again = await door.send({ body: bodyOf(1), headers: { ...key, ...type('utf-8') } });
			expect(again).toMatchObject({ status: 200, json: first.json });
		}
		expect(door.acted).toHaveLength(1);
	});
});
