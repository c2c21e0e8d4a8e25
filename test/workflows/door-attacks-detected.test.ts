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
