import { createHmac } from 'node:crypto';

import { startRabbitMq } from '../../scripts/lib/rabbitmq';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { eventually, post, publishExample } from './harness/examples';
import { N8nHost } from './harness/n8n-host';
import { RabbitQueue } from './harness/rabbit-queue';

/** Workflows of examples/, imported into one n8n; those that try again or settle are in examples-unfinished.test.ts. */
let n8n: N8nHost;
let service: Downstream;
beforeAll(async () => {
	service = await startDownstream();
	n8n = await (await (await N8nHost.create()).start()).signIn();
});
afterAll(async () => await service.close());

/** Requests to one path of the service; each example has one of its own. */
const calls = (path: string) => service.requests.filter((request) => request.path === path);

async function publish(example: string, node: string, path: string, credentials = {}) {
	await publishExample(n8n, example, { urls: { [node]: `${service.url}${path}` }, credentials });
}

const SIGNATURE = 'idempotentWebhookSignatureApi';
const signature = async (name: string) => ({
	[SIGNATURE]: await n8n.api.saveCredential(name, SIGNATURE, {
		secret: 'of-the-sender',
		verifyToken: 'of-the-user',
	}),
});
const hmac = (text: string) => createHmac('sha256', 'of-the-sender').update(text).digest('hex');

describe.each([
	['webhook-charge', 'charge'],
	['webhook-at-the-door', 'charge-once'],
])('%s', (example, path) => {
	it('charges once, and answers repeats alike', async () => {
		await publish(example, 'Charge Card', `/${example}`);
		const send = async (amount: number) =>
			await post(n8n.webhook(path), { amount }, { 'idempotency-key': `${example}-1` });
		expect(await send(1)).toMatchObject({ status: 200 });
		const answers = await Promise.all([send(1), send(1), send(1)]);
		expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
		expect(await send(2)).toMatchObject({ status: 422 });
		expect(calls(`/${example}`)).toHaveLength(1);
	});
});

describe('stripe-webhook', () => {
	const event = (id: string) => ({
		id,
		object: 'event',
		type: 'invoice.paid',
		created: 1_686_089_970,
		data: { object: { id: 'in_1', object: 'invoice', amount_paid: 1200 } },
	});
	const send = async (id: string, attempt: number, sign = hmac) => {
		const at = Math.floor(Date.now() / 1000) - attempt;
		return await post(n8n.webhook('stripe'), event(id), {
			'stripe-signature': `t=${at},v1=${sign(`${at}.${JSON.stringify(event(id))}`)}`,
		});
	};

	it('fulfils once per signed event, and again only what was refused for now', async () => {
		const credentials = await signature('stripe');
		await publish('stripe-webhook', 'Fulfil Order', '/orders', credentials);
		expect(await send('evt_1', 0, () => '00')).toMatchObject({ status: 401 });
		for (let attempt = 1; attempt <= 4; attempt++) {
			expect(await send('evt_1', attempt)).toMatchObject({ status: 200 });
		}
		expect(calls('/orders')).toHaveLength(1);
		expect(calls('/orders')[0]?.body).toMatchObject({ id: 'in_1', amount_paid: 1200 });

		service.next({ status: 503, headers: { 'retry-after': '0' } });
		expect(await send('evt_2', 1)).toMatchObject({ status: 503 });
		expect(await send('evt_2', 2)).toMatchObject({ status: 200 });
		expect(await send('evt_2', 3)).toMatchObject({ status: 200 });
		expect(calls('/orders')).toHaveLength(3);
	});
});

describe('shopify-order', () => {
	it('ships once per webhook', async () => {
		await publish('shopify-order', 'Create Shipment', '/shipments');
		const send = async (id: string) =>
			await post(
				n8n.webhook('shopify-orders'),
				{ id: 820_982_911, shipping_address: { city: 'Berlin' }, line_items: [{ sku: 'A' }] },
				{ 'x-shopify-topic': 'orders/create', 'x-shopify-webhook-id': id },
			);
		for (let attempt = 0; attempt < 3; attempt++) {
			expect(await send('b54557e4')).toMatchObject({ status: 200, body: { ok: true } });
		}
		expect(calls('/shipments').map(({ body }) => body)).toEqual([
			{ order: 820_982_911, address: { city: 'Berlin' }, lines: [{ sku: 'A' }] },
		]);
		await send('another');
		expect(calls('/shipments')).toHaveLength(2);
	});
});

describe('github-delivery', () => {
	it('opens one ticket for a delivery, however often it is redelivered', async () => {
		await publish('github-delivery', 'Open Ticket', '/tickets');
		const send = async (delivery: string) =>
			await post(
				n8n.webhook('github'),
				{ action: 'opened', issue: { title: 'Broken' }, repository: { full_name: 'a/b' } },
				{ 'x-github-delivery': delivery, 'x-github-event': 'issues' },
			);
		const first = await send('72d3162e-cc78-11e3-81ab-4c9367dc0958');
		expect(first.status).toBe(200);
		expect((await send('72d3162e-cc78-11e3-81ab-4c9367dc0958')).body).toEqual(first.body);
		expect(calls('/tickets').map(({ body }) => body)).toEqual([
			{ title: 'Broken', repository: 'a/b' },
		]);
	});
});

describe('whatsapp-messages', () => {
	it('can be registered, and answers each message once, whatever comes with it', async () => {
		const credentials = await signature('whatsapp');
		await publish('whatsapp-messages', 'Answer Message', '/replies', credentials);
		const asked = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=of-the-user';
		const registered = await fetch(`${n8n.webhook('whatsapp')}?${asked}`);
		expect([registered.status, await registered.text()]).toEqual([200, '1158201444']);
		const message = (id: string) => ({
			id,
			from: '49123',
			timestamp: '1749416383',
			type: 'text',
			text: { body: id },
		});
		const change = (part: object) => ({
			field: 'messages',
			value: {
				messaging_product: 'whatsapp',
				metadata: { phone_number_id: '106540352242922' },
				...part,
			},
		});
		const deliver = async (...changes: object[]) => {
			const body = {
				object: 'whatsapp_business_account',
				entry: [{ id: '102290129340398', changes }],
			};
			const signed = { 'x-hub-signature-256': `sha256=${hmac(JSON.stringify(body))}` };
			return await post(n8n.webhook('whatsapp'), body, signed);
		};
		const send = async (...ids: string[]) =>
			await deliver(...ids.map((id) => change({ messages: [message(id)] })));
		expect(await send('wamid.1')).toMatchObject({ status: 200 });
		const read = { id: 'wamid.1', status: 'read', timestamp: '1', recipient_id: '49123' };
		expect(await deliver(change({ statuses: [read] }))).toMatchObject({
			status: 200,
			body: { status: 'ignored' },
		});
		expect(await send('wamid.1', 'wamid.2', 'wamid.3')).toMatchObject({
			status: 200,
			body: { new: 2, duplicates: 1 },
		});
		await eventually('the new ones are answered', () => calls('/replies').length === 3);
		const handled = async () => (await send('wamid.3', 'wamid.2', 'wamid.1')).status === 200;
		await eventually('they are handled', handled);
		let answer: () => void = () => {};
		service.next({ until: new Promise<void>((resolve) => (answer = resolve)) });
		const slow = send('wamid.4');
		await eventually('it is being answered', () => calls('/replies').length === 4);
		expect(await send('wamid.4', 'wamid.5')).toMatchObject({ status: 409 });
		answer();
		expect(await slow).toMatchObject({ status: 200 });
		// The refused run was still at it when its answer came.
		const again = async () => (await send('wamid.4', 'wamid.5')).status;
		await eventually('all are answered', async () => (await again()) === 200);
		const texts = calls('/replies').map(({ body }) => (body as { text: string }).text);
		expect(texts.sort()).toEqual([1, 2, 3, 4, 5].map((i) => `You wrote: wamid.${i}`));
	});
});

it('hubspot-batch acts once for each event of a delivery, and again only for what was refused for now', async () => {
	await publish('hubspot-batch', 'Update Contact', '/contacts');
	const event = { subscriptionId: 3121, occurredAt: 1, propertyName: 'city', propertyValue: 'B' };
	const deliver = async (attemptNumber: number, ...ids: number[]) => {
		const events = ids.map((id) => ({ ...event, attemptNumber, eventId: id, objectId: id }));
		return await post(n8n.webhook('hubspot'), events);
	};
	expect(await deliver(0, 1, 2)).toMatchObject({ status: 200, body: { new: 2, duplicates: 0 } });
	expect(await deliver(1, 1, 2)).toMatchObject({ status: 200, body: { new: 0, duplicates: 2 } });
	service.next({ status: 503, headers: { 'retry-after': '0' } });
	expect(await deliver(0, 2, 3, 4)).toMatchObject({ status: 503, body: { new: 2 } });
	expect(await deliver(1, 2, 3, 4)).toMatchObject({ status: 200, body: { new: 1 } });
	expect(calls('/contacts')).toHaveLength(5);
});

describe('spreadsheet-rows', () => {
	it('books new rows in one call, and names those that changed', async () => {
		await publish('spreadsheet-rows', 'Book Rows', '/bookings');
		const upload = async (...rows: string[]) => {
			const form = new FormData();
			const text = ['invoice,customer,amount', ...rows].join('\n');
			form.set('file', new Blob([text], { type: 'text/csv' }), 'rows.csv');
			return await post(n8n.webhook('rows'), form);
		};
		const row = (invoice: number, amount = 10) => `${invoice},Customer ${invoice},${amount}`;
		expect(await upload(row(1), row(2), row(3))).toMatchObject({
			status: 200,
			body: { booked: 3 },
		});
		expect(await upload(row(1), row(2), row(3))).toMatchObject({
			status: 200,
			body: { booked: 0 },
		});
		expect(await upload(row(3), row(4), row(5))).toMatchObject({ body: { booked: 2 } });
		expect(await upload(row(2, 99), row(6), row(1))).toMatchObject({
			status: 200,
			body: { booked: 1, refused: [{ invoice: '2' }] },
		});
		expect(await upload(row(2, 99))).toMatchObject({
			status: 422,
			body: { refused: [{ invoice: '2', why: expect.stringContaining('differs in: amount') }] },
		});
		const booked = calls('/bookings').map(({ body }) =>
			(body as { rows: Array<{ invoice: string }> }).rows.map(({ invoice }) => invoice),
		);
		expect(booked).toEqual([['1', '2', '3'], ['4', '5'], ['6']]);
	});
});

describe('acknowledge-and-work-on', () => {
	it('answers 202 until the work is done, and then with its result', async () => {
		await publish('acknowledge-and-work-on', 'Make Report', '/reports');
		const send = async (body: object = { year: 2026 }) =>
			await post(n8n.webhook('reports'), body, { 'idempotency-key': 'report-1' });
		let finish: () => void = () => {};
		service.nextFor('/reports', {});
		service.next({ until: new Promise<void>((resolve) => (finish = resolve)) });
		expect(await send()).toMatchObject({
			status: 202,
			body: { status: 'accepted', id: expect.stringMatching(/^\w{27}$/) },
		});
		await eventually('the work has begun', () => calls('/reports').length === 1);
		expect(await send()).toMatchObject({ status: 202, body: { status: 'working' } });
		expect(await send({ year: 1999 })).toMatchObject({ status: 422 });
		finish();
		await eventually('the result is there', async () => (await send()).status === 200);
		expect((await send()).body).toMatchObject({ charge: expect.any(String) });
		expect(calls('/reports')).toHaveLength(1);
	});
});

describe('wait-for-first', () => {
	it('gives all who ask at once the answer of the first', async () => {
		await publish('wait-for-first', 'Make Quote', '/quotes');
		service.next({ delayMs: 2_000 });
		const answers = await Promise.all(
			Array.from(
				{ length: 6 },
				async () =>
					await post(n8n.webhook('quotes'), { item: 'A' }, { 'idempotency-key': 'quote-1' }),
			),
		);
		expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
		expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
		expect(calls('/quotes')).toHaveLength(1);
	});
});

describe('queue-consumer', () => {
	it('handles a message once, and has what was refused for now delivered again', async () => {
		const broker = await startRabbitMq();
		const queue = await RabbitQueue.open(broker.port, 'orders');
		const rabbitmq = await n8n.api.saveCredential('RabbitMQ', 'rabbitmq', {
			hostname: '127.0.0.1',
			port: broker.port,
			username: 'guest',
			password: 'guest',
			vhost: '/',
			ssl: false,
		});
		await publishExample(n8n, 'queue-consumer', {
			urls: { 'Handle Order': `${service.url}/queue` },
			credentials: { rabbitmq },
		});
		const send = (id: string) => queue.send(id, { order: id });

		for (const id of ['m1', 'm2', 'm1', 'm1', 'm2']) send(id);
		await eventually('both are handled', () => calls('/queue').length >= 2);
		service.next({ status: 503, headers: { 'retry-after': '1' } });
		send('m3');
		await eventually('it was delivered again', () => calls('/queue').length >= 4);
		await eventually('the queue is empty', async () => (await queue.left()) === 0);
		await new Promise((resolve) => setTimeout(resolve, 2_000));
		const orders = calls('/queue').map(({ body }) => (body as { order: string }).order);
		expect(orders.sort()).toEqual(['m1', 'm2', 'm3', 'm3']);
		await queue.close();
		await broker.stop();
	});
});
