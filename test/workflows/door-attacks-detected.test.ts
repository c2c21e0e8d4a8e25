import { createHmac, randomBytes } from 'node:crypto';
import type { INodeParameters } from 'n8n-workflow';

import { closeDoors, openDoor } from './at-the-door';

/** Where the request says whose it is, who has seen a delivery may say another: a sender who signs alike, under an ID that is new. */

afterEach(closeDoors);

const SECRET = 'whsec_of_the_user';
const hex = (text: string) => createHmac('sha256', SECRET).update(text).digest('hex');
const github = (body: string) => ({
	'x-github-delivery': `d-${randomBytes(4).toString('hex')}`,
	'x-hub-signature-256': `sha256=${hex(body)}`,
});
const openDetecting = async (options: INodeParameters = {}) =>
	await openDoor({ verifySignature: 'sender', options }, { secrets: { secret: SECRET } });

it.each([
	['Typeform', { event_id: 'e1', event_type: 'form_response', form_response: { token: 't' } }],
	['Linear', { action: 'create', type: 'Issue', data: {}, webhookTimestamp: Date.now() }],
	['Mollie', { resource: 'event', id: 'event_1', type: 'sales-invoice.paid' }],
])('a delivery of %s is none of GitHub', async (_, delivery) => {
	const door = await openDetecting();
	const body = JSON.stringify(delivery);
	expect((await door.send({ body, headers: github(body) })).status).toBe(401);
	expect(door.acted).toHaveLength(0);
});

it('a delivery of Stripe is none of Calendly, which signs the time in the same way', async () => {
	const door = await openDetecting({ onMissingKey: 'continueUnprotected' });
	const body = JSON.stringify({ id: 'evt_1', object: 'event' });
	const at = Math.floor(Date.now() / 1000);
	const signature = `t=${at},v1=${hex(`${at}.${body}`)}`;
	const send = async (header: string) =>
		(await door.send({ body, headers: { [header]: signature } })).status;
	expect(await send('calendly-webhook-signature')).toBe(401);
	expect(door.acted).toHaveLength(0);
	expect(await send('stripe-signature')).toBe(200);
});

it('what GitHub itself sends is believed', async () => {
	const door = await openDetecting();
	const body = JSON.stringify({ action: 'opened', issue: {}, repository: {} });
	expect((await door.send({ body, headers: github(body) })).status).toBe(200);
});

it('a header that nobody signed gives no delivery of a sender who is named another ID', async () => {
	const door = await openDoor(
		{ verifySignature: 'sender', signatureSender: 'typeform', keySource: 'delivery' },
		{ secrets: { secret: SECRET } },
	);
	const body = JSON.stringify({ event_id: 'e1', event_type: 'form_response', form_response: {} });
	const base64 = createHmac('sha256', SECRET).update(body).digest('base64');
	const send = async (headers: Record<string, string>) =>
		(await door.send({ body, headers: { 'typeform-signature': `sha256=${base64}`, ...headers } }))
			.status;
	expect(await send({})).toBe(200);
	expect(await send({ 'x-github-delivery': 'd-1' })).toBe(401);
	expect(await send({ 'idempotency-key': 'k' })).toBe(200);
	expect(door.acted).toHaveLength(1);
});

it('a sender of the user may sign as another does, and name its deliveries by a header', async () => {
	const door = await openDoor(
		{ verifySignature: 'sender', signatureSender: 'github' },
		{ secrets: { secret: SECRET } },
	);
	const body = '{"order":1}';
	const headers = { 'x-hub-signature-256': `sha256=${hex(body)}`, 'idempotency-key': 'k' };
	expect((await door.send({ body, headers })).status).toBe(200);
});

it('Polar is detected as Standard Webhooks, and may be named for its signature', async () => {
	const secret = `whsec_${Buffer.from(SECRET).toString('base64')}`;
	const door = await openDoor(
		{ verifySignature: 'sender', signatureSender: 'polar' },
		{ secrets: { secret } },
	);
	const body = '{"type":"order.paid","data":{}}';
	const at = String(Math.floor(Date.now() / 1000));
	const mac = createHmac('sha256', SECRET).update(`msg_1.${at}.${body}`).digest('base64');
	const headers = {
		'webhook-id': 'msg_1',
		'webhook-timestamp': at,
		'webhook-signature': `v1,${mac}`,
	};
	expect((await door.send({ body, headers })).status).toBe(200);
});
