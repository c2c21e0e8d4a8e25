import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { records, webhook, workflow } from '../support/engine';
import type { DoorAnswer, TestDoor } from './at-the-door';
import { closeDoors, openDoor } from './at-the-door';
import { engine } from './nodes';

/** What somebody tries who knows the address, and has seen a delivery, but has no secret. Nothing is read, blocked or done again. */

afterEach(closeDoors);

const SECRET = 'whsec_of_the_user';
const now = () => Math.floor(Date.now() / 1000);
const hex = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');
const event = (id: string) => JSON.stringify({ id, object: 'event' });
const signed = (body: string, at = now()) => ({
	'stripe-signature': `t=${at},v1=${hex(SECRET, `${at}.${body}`)}`,
});
const signedDoor = async (parameters: object = {}) =>
	await openDoor(
		{ verifySignature: 'sender', sender: 'stripe', ...parameters },
		{ secrets: { secret: SECRET } },
	);
const refused = async (door: TestDoor, answers: ReadonlyArray<Promise<DoorAnswer>>) => {
	for (const { status } of await Promise.all(answers)) expect(status).toBe(401);
	expect(door.acted).toHaveLength(0);
};

describe('a delivery that was seen', () => {
	it('has its answer again, and nothing is done again', async () => {
		const door = await signedDoor();
		const body = event('evt_1');
		const headers = signed(body);
		const first = await door.send({ body, headers });
		const again = await door.send({ body, headers: { ...headers, 'idempotency-key': 'other' } });
		expect(again.text).toBe(first.text);
		expect(door.acted).toHaveLength(1);
	});

	it('has a signature of no other body, time, header or encoding', async () => {
		const door = await signedDoor();
		const body = event('evt_1');
		const { 'stripe-signature': header } = signed(body);
		const [, time = '', v1 = ''] = /^t=(\d+),v1=(.*)$/.exec(header) ?? [];
		const send = async (text: string, signature: string) =>
			await door.send({ body: text, headers: { 'stripe-signature': signature } });
		await refused(door, [
			send(event('evt_2'), header),
			send(` ${body}`, header),
			send(body, `t=${Number(time) + 1},v1=${v1}`),
			send(body, `t=${time},t=${Number(time) + 1},v1=${v1}`),
			send(body, `t=${time},v0=${v1}`),
			send(body, `t=${time},v1=${v1.slice(0, -2)}`),
			send(body, `t=${time},v1=`),
			send(body, `t=${time},v1=${Buffer.from(v1, 'hex').toString('base64')}`),
			send(body, `t=${time},${Array.from({ length: 50 }, () => 'v1=00').join(',')},v1=${v1}`),
		]);
	});

	it('is not believed where its header came twice', async () => {
		const door = await signedDoor();
		const body = event('evt_1');
		const headers = new Headers({ 'content-type': 'application/json' });
		headers.append('stripe-signature', signed(body)['stripe-signature']);
		headers.append('stripe-signature', signed(body, now() - 1)['stripe-signature']);
		const response = await fetch(door.server.url, { method: 'POST', body, headers });
		expect(response.status).toBe(401);
	});

	it('is not read otherwise under another content type or charset', async () => {
		const keys = { keySource: 'payload', signatureSender: 'stripe' };
		const door = await signedDoor(keys);
		const body = JSON.stringify({ id: 'evt_1', object: 'event', name: 'Zoë' });
		const headers = signed(body);
		const send = async (type: string) =>
			(await door.send({ body, headers: { ...headers, 'content-type': type } })).status;
		const asSent = ['application/json', 'application/json; charset=UTF-8', 'application/json;x=1'];
		for (const type of asSent) expect(await send(type)).toBe(200);
		for (const type of [
			'application/json ; charset=utf-8',
			'application/json; charset=latin1',
			'application/json; charset=%6Catin1',
			'application/json; charset="utf-8"; charset=latin1',
			'text/plain',
			'application/x-www-form-urlencoded',
			'application/octet-stream',
			'application/vnd.api+json',
		]) {
			expect([type, await send(type)]).toEqual([type, 401]);
		}
		expect(door.acted).toHaveLength(1);
	});

	it('gives nobody an event by what a user of the sender wrote into it', async () => {
		const secret = Buffer.from(SECRET).toString('base64');
		const door = await openDoor(
			{ verifySignature: 'sender', sender: 'standardWebhooks' },
			{ secrets: { secret: `whsec_${secret}` } },
		);
		const at = now();
		const body = JSON.stringify({ name: `x.${at}.paid=yes&rest=` });
		const mac = createHmac('sha256', SECRET).update(`msg_1.${at}.${body}`).digest('base64');
		const send = async (id: string, text: string, type: string) =>
			await door.send({
				body: text,
				headers: {
					'content-type': type,
					'webhook-id': id,
					'webhook-timestamp': String(at),
					'webhook-signature': `v1,${mac}`,
				},
			});
		const [before = '', , inner = ''] =
			new RegExp(`^(.*)(\\.${at}\\.)(.*)$`).exec(body)?.slice(1) ?? [];
		const forged = await send(`msg_1.${at}.${before}`, inner, 'application/x-www-form-urlencoded');
		expect(forged.status).toBe(401);
		expect((await send('msg_1', body, 'application/json')).status).toBe(200);
		expect(door.acted).toMatchObject([{ body: { name: expect.any(String) as string } }]);
	});

	it('is no delivery of another sender, whatever the request says it is', async () => {
		const door = await openDoor({ verifySignature: 'sender' }, { secrets: { secret: SECRET } });
		const at = now();
		const inner = `${at}.${event('evt_1')}`;
		const signature = hex(SECRET, inner);
		const type = (each: string) => ({ 'content-type': each });
		await refused(door, [
			door.send({
				body: inner,
				headers: {
					...type('text/plain'),
					'x-github-delivery': 'd-1',
					'x-hub-signature-256': `sha256=${signature}`,
				},
			}),
			door.send({
				body: inner,
				headers: {
					...type('application/x-www-form-urlencoded'),
					'x-shopify-webhook-id': 'd-1',
					'x-shopify-hmac-sha256': Buffer.from(signature, 'hex').toString('base64'),
				},
			}),
			door.send({
				body: JSON.stringify({
					signature: { timestamp: String(at), token: `.${event('evt_1')}`, signature },
					'event-data': { id: 'd-1' },
				}),
			}),
		]);
	});
});

it('a public key is no secret to sign with: its sender has to be named', async () => {
	const { publicKey } = generateKeyPairSync('ec', {
		namedCurve: 'P-256',
		publicKeyEncoding: { type: 'spki', format: 'der' },
		privateKeyEncoding: { type: 'pkcs8', format: 'der' },
	});
	for (const known of [publicKey.toString('base64'), randomBytes(32).toString('hex')]) {
		const door = await openDoor(
			{ verifySignature: 'sender', sender: known.length === 64 ? 'discord' : 'sendGrid' },
			{ secrets: { secret: known } },
		);
		const body = '{"a":1}';
		const forged = {
			'x-github-delivery': 'd-1',
			'x-hub-signature-256': `sha256=${hex(known, body)}`,
		};
		await refused(door, [door.send({ body, headers: forged })]);
	}
	const detecting = await openDoor(
		{ verifySignature: 'sender' },
		{ secrets: { secret: publicKey.toString('base64') } },
	);
	const headers = {
		'x-twilio-email-event-webhook-signature': 'AAAA',
		'x-twilio-email-event-webhook-timestamp': String(now()),
	};
	await refused(detecting, [detecting.send({ body: '[{"sg_event_id":"1"}]', headers })]);
});

it('Zoom signs nothing that could be a signature for who asks', async () => {
	const door = await openDoor(
		{ verifySignature: 'sender', sender: 'zoom' },
		{ secrets: { secret: SECRET } },
	);
	const forged = `v0:${now()}:${JSON.stringify({ event: 'meeting.started' })}`;
	const ask = async (plainToken: string) =>
		await door.send({
			body: JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } }),
		});
	for (const answer of [await ask(forged), await ask('abc')]) {
		expect(answer.status).toBe(401);
		expect(answer.text).not.toContain(hex(SECRET, forged));
	}
});

it.each([
	['a list that is nested 100,000 times', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
	['an object that is nested 100,000 times', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
	[
		'names of what every object has',
		'{"__proto__":{"id":"x"},"constructor":{"prototype":{"id":"y"}}}',
	],
	['100,000 events', `[${'{},'.repeat(99_999)}{}]`],
])('%s starts nothing without a key, and the door goes on', async (_, body) => {
	for (const sender of ['auto', 'stripe', 'hubSpot', 'whatsApp', 'slack', 'sendGrid', 'mailgun']) {
		const door = await openDoor({ sender });
		const answer = await door.send({ body });
		expect([200, 400]).toContain(answer.status);
		expect(answer.text.length).toBeLessThan(2_000);
		expect(door.acted).toHaveLength(0);
	}
	expect(({} as Record<string, unknown>).id).toBeUndefined();
});

it('a small body that unpacks to a large one is refused as a large one', async () => {
	const door = await openDoor({});
	const body = gzipSync(Buffer.alloc(64 * 1024 * 1024));
	const headers = {
		'content-type': 'application/octet-stream',
		'content-encoding': 'gzip',
		'idempotency-key': 'k',
	};
	expect((await door.send({ body, headers })).status).toBe(413);
});

it('no value of a request gets into a header of the answer', async () => {
	const door = await openDoor({ sender: 'asana' });
	for (const secret of ['a'.repeat(5_000), '<script>alert(1)</script>', 'short']) {
		const answer = await door.send({ body: '{}', headers: { 'x-hook-secret': secret } });
		expect(answer.headers.get('x-hook-secret')).toBeNull();
	}
	const graph = await openDoor({ sender: 'microsoftGraph' });
	const html = encodeURIComponent('<script>alert(1)</script>');
	const answer = await graph.send({ body: '', path: `?validationToken=${html}` });
	expect(answer.headers.get('content-type')).toContain('text/plain');
	expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

it('what was not believed is counted with the next request that is: nothing else asks the store for it', async () => {
	const door = await signedDoor({ options: { scope: 'custom', namespace: 'forged' } });
	const body = event('evt_1');
	for (let i = 0; i < 3; i++) await door.send({ body });
	await door.send({ body, headers: signed(body) });
	const stats = { operation: 'stats', workflows: 'all', options: { namespace: 'forged' } };
	const flow = workflow({
		nodes: [webhook('Start'), records('Records', stats)],
		connections: [['Start', 'Records']],
	});
	const told = await engine().run(flow, { triggerItems: [{ json: {} }] });
	expect(told.json('Records')).toMatchObject([
		{ new: 1, conflicts: 3, conflictsByReason: { signature_refused: 3 } },
	]);
});

it('who has no secret learns nothing of what was handled, nor does anything to it', async () => {
	const door = await signedDoor();
	const body = event('evt_1');
	const known = await door.send({ body, headers: signed(body) });
	expect(known.status).toBe(200);
	const forge = async (id: string) =>
		await door.send({ body: event(id), headers: { 'stripe-signature': `t=${now()},v1=00` } });
	const [ofKnown, ofUnknown] = [await forge('evt_1'), await forge('evt_2')];
	expect(ofKnown.text).toBe(ofUnknown.text);
	expect([...ofKnown.headers.keys()]).toEqual([...ofUnknown.headers.keys()]);
	// As many wrong ones as close a key to who may ask.
	for (let i = 0; i < 20; i++) await forge('evt_1');
	expect(await door.send({ body, headers: signed(body) })).toMatchObject({ text: known.text });
});
