import { createHmac } from 'node:crypto';

import { HANDSHAKES as ALL_HANDSHAKES } from '../../lib/senders/handshakes/handshakes';
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

const hmac = (text: string) => hex('e2e', text);
const ZOOM = { event: 'endpoint.url_validation', payload: { plainToken: 'abc' } };
const META = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=token';

interface Handshake {
	readonly method?: string;
	readonly query?: string;
	readonly body?: string;
	readonly headers?: Record<string, string>;
	/** What comes back: text, or JSON. */
	readonly text?: string;
	readonly json?: object;
}

const HANDSHAKES: Readonly<Record<string, Handshake>> = {
	asana: { headers: { 'x-hook-secret': 'b5'.repeat(16) }, text: '' },
	discord: { body: '{"type":1}', json: { type: 1 } },
	line: { body: '{"destination":"U1","events":[]}', text: '' },
	microsoftGraph: { query: 'validationToken=Validation%3A+it+works', text: 'Validation: it works' },
	monday: { body: '{"challenge":"abc"}', json: { challenge: 'abc' } },
	slack: {
		body: '{"token":"t","challenge":"abc123","type":"url_verification"}',
		json: { challenge: 'abc123' },
	},
	trello: { method: 'HEAD', text: '' },
	twitch: {
		body: '{"challenge":"abc","subscription":{}}',
		headers: { 'twitch-eventsub-message-type': 'webhook_callback_verification' },
		text: 'abc',
	},
	whatsApp: { method: 'GET', query: META, text: '1158201444' },
	wooCommerce: {
		body: 'webhook_id=1',
		headers: { 'content-type': 'application/x-www-form-urlencoded' },
		text: '',
	},
	zoom: { body: JSON.stringify(ZOOM), json: { plainToken: 'abc', encryptedToken: hmac('abc') } },
};

it.each(Object.entries(HANDSHAKES))(
	'the handshake of %s is answered by the production URL, and starts no execution',
	async (sender, { method = 'POST', query = '', body = '', headers = {}, text, json }) => {
		const secrets = { secret: 'e2e', verifyToken: 'token' };
		const door = await publish(`door-${sender.toLowerCase()}`, { sender }, secrets);
		const ask = async (search: string) =>
			await fetch(`${door.url}?${search}`, {
				method,
				headers: { 'content-type': 'application/json', ...headers },
				...(method === 'POST' ? { body } : {}),
			});
		const answer = await ask(query);
		const told = json === undefined ? await answer.text() : ((await answer.json()) as object);
		expect([answer.status, told]).toEqual([200, json ?? text]);
		expect(answer.headers.get('x-hook-secret')).toBe(headers['x-hook-secret'] ?? null);
		if (sender === 'whatsApp') expect((await ask(`${query}s`)).status).toBe(403);
		expect(await door.executions()).toBe(0);
	},
);

it('every sender with a handshake is among them', () => {
	expect(Object.keys(HANDSHAKES).sort()).toEqual(
		[...new Set(ALL_HANDSHAKES.map(({ sender }) => sender))].sort(),
	);
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
