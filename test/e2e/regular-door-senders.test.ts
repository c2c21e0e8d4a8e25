import { createHmac } from 'node:crypto';

import { prepareExample, readExample } from '../../scripts/lib/example';
import { startPaymentService } from '../support/payment-service';
import type { PaymentService } from '../support/payment-service';
import { until } from '../support/until';
import { expectSafeEcho } from './harness/door';
import { N8nHost } from './harness/n8n-host';

/** Signatures, handshakes and batches at the door of a real n8n, by the production URL. */

let n8n: N8nHost;
beforeAll(async () => {
	n8n = await (await (await N8nHost.create()).start()).signIn();
});

interface Door {
	readonly url: string;
	readonly workflowId: string;
	readonly service: PaymentService;
	post(body: string, headers?: Record<string, string>): Promise<Response>;
	executions(): Promise<number>;
}

const TYPE = 'idempotentWebhookSignatureApi';

async function publish(path: string, parameters: object, secrets: object): Promise<Door> {
	const service = await startPaymentService();
	const example = prepareExample(await readExample('webhook-at-the-door'), {
		id: path,
		urls: { 'Charge Card': service.url },
	});
	const { id, name } = await n8n.api.saveCredential(path, TYPE, secrets);
	for (const node of example.nodes) {
		if (node.name === 'Charge Card') {
			node.parameters.jsonBody = '={{ { orderId: $json.idempotency.key, amount: 1 } }}';
		}
		if (!node.type.endsWith('.idempotentWebhook')) continue;
		node.webhookId = path;
		Object.assign(node.parameters, { options: {} }, parameters, { path });
		node.credentials = { [TYPE]: { id, name } };
	}
	const workflowId = await n8n.publish({ ...example, name: path });
	const url = n8n.webhook(path);
	return {
		url,
		workflowId,
		service,
		post: async (body, headers = {}) =>
			await fetch(url, {
				method: 'POST',
				body,
				headers: { 'content-type': 'application/json', ...headers },
			}),
		executions: async () => (await n8n.api.executions(workflowId)).length,
	};
}

const hex = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

describe('a signature', () => {
	let door: Door;
	const sign = (body: string, key = 'whsec_e2e') => {
		const at = Math.floor(Date.now() / 1000);
		return { 'stripe-signature': `t=${at},v1=${hex(key, `${at}.${body}`)}` };
	};
	const event = (id: string, amount: number) => JSON.stringify({ id, object: 'event', amount });
	beforeAll(async () => {
		const parameters = { verifySignature: 'sender', sender: 'stripe' };
		door = await publish('door-signed', parameters, { secret: 'whsec_e2e' });
	});

	it('lets a delivery act once, and gives its retry the answer', async () => {
		const body = event('evt_e2e_1', 100);
		const first = await door.post(body, sign(body));
		expect(first.status).toBe(201);
		const again = await door.post(body, sign(body));
		expect(again.headers.get('idempotency-replayed')).toBe('true');
		expect(await again.text()).toBe(await first.text());
		expect(door.service.total()).toBe(1);
	});

	it('that is forged reads no answer, comes before no delivery, and blocks none', async () => {
		const before = await door.executions();
		const known = event('evt_e2e_1', 1);
		const reading = await door.post(known, sign(known, 'guessed'));
		expect([reading.status, (await reading.text()).includes('charge')]).toEqual([401, false]);
		const early = event('evt_e2e_2', 1);
		expect((await door.post(early, sign(early, 'guessed'))).status).toBe(401);
		expect((await door.post(early)).status).toBe(401);
		expect(await door.executions()).toBe(before);
		const real = event('evt_e2e_2', 100);
		const delivered = await door.post(real, sign(real));
		expect(delivered.status).toBe(201);
		expect(delivered.headers.get('idempotency-replayed')).toBeNull();
	});
});

it("the last node's item is answered without what only the run may have", async () => {
	await expectSafeEcho(n8n, 'door-echo');
});

it("behind n8n's own Webhook a Guard lets in what is signed, and answers 401 to all else", async () => {
	const service = await startPaymentService();
	const example = prepareExample(await readExample('webhook-charge'), {
		id: 'guard-signed',
		urls: { 'Charge Card': service.url },
	});
	const { id, name } = await n8n.api.saveCredential('guard-signed', TYPE, { secret: 'e2e' });
	for (const node of example.nodes) {
		if (node.type === 'n8n-nodes-base.webhook') {
			node.webhookId = 'guard-signed';
			Object.assign(node.parameters, { path: 'guard-signed', options: { rawBody: true } });
		}
		if (node.type.endsWith('.idempotencyGuard')) {
			node.parameters.options = { verifySignature: 'sender', signatureSender: 'github' };
			node.credentials = { [TYPE]: { id, name } };
		}
	}
	await n8n.publish({ ...example, name: 'guard-signed' });
	const ask = async (key: string, text = '{ "orderId": "g1", "amount": 1 }') => {
		const signature = `sha256=${hex(key, text)}`;
		const headers = {
			'content-type': 'application/json',
			'idempotency-key': 'g1',
			'x-hub-signature-256': signature,
		};
		const url = n8n.webhook('guard-signed');
		const answer = await fetch(url, { method: 'POST', body: text, headers });
		return { status: answer.status, text: await answer.text() };
	};
	const forged = await ask('guessed');
	expect(forged.status).toBe(401);
	const first = await ask('e2e');
	expect(first.status).toBe(201);
	expect(await ask('e2e')).toEqual(first);
	expect(await ask('guessed')).toEqual(forged);
	expect(service.total()).toBe(1);
});

it('handshakes are answered by the production URL, and start no execution', async () => {
	const secrets = { secret: 'e2e', verifyToken: 'token' };
	const slack = await publish('door-slack', { sender: 'slack' }, secrets);
	const challenge = await slack.post(
		JSON.stringify({ token: 't', challenge: 'abc123', type: 'url_verification' }),
	);
	expect([challenge.status, await challenge.json()]).toEqual([200, { challenge: 'abc123' }]);

	const zoom = await publish('door-zoom', { sender: 'zoom' }, secrets);
	const plainToken = 'abc';
	const validation = await zoom.post(
		JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } }),
	);
	const encryptedToken = hex('e2e', plainToken);
	expect([validation.status, await validation.json()]).toEqual([
		200,
		{ plainToken, encryptedToken },
	]);

	const monday = await publish('door-monday', { sender: 'monday' }, secrets);
	const echoed = await monday.post('{"challenge":"abc"}');
	expect([echoed.status, await echoed.json()]).toEqual([200, { challenge: 'abc' }]);

	const meta = await publish('door-meta', { sender: 'whatsApp' }, secrets);
	const query = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=token';
	const subscribed = await fetch(`${meta.url}?${query}`);
	expect([subscribed.status, await subscribed.text()]).toEqual([200, '1158201444']);
	expect((await fetch(`${meta.url}?${query}s`)).status).toBe(403);

	for (const door of [slack, zoom, monday, meta]) expect(await door.executions()).toBe(0);
});

it('a batch has a claim an event, and one execution for the new ones', async () => {
	const door = await publish('door-batch', { sender: 'hubSpot' }, { secret: 'e2e' });
	const events = (...ids: number[]) =>
		JSON.stringify(
			ids.map((eventId) => ({ eventId, subscriptionId: 1, portalId: 2, occurredAt: 3 })),
		);
	const charged = (count: number) =>
		until(
			`${count} are charged`,
			async () => await Promise.resolve(door.service.total() === count),
		);
	expect(await (await door.post(events(1, 2, 3))).json()).toMatchObject({ new: 3, duplicates: 0 });
	await charged(3);
	await until('they are handled', async () => {
		const answer = await door.post(events(1, 2, 3));
		return answer.status === 200 && ((await answer.json()) as { new: number }).new === 0;
	});
	expect(await door.executions()).toBe(1);
	expect(await (await door.post(events(3, 4))).json()).toMatchObject({ new: 1, duplicates: 1 });
	await charged(4);
	expect(await door.executions()).toBe(2);
});
