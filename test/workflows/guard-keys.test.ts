import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import { guard, javascript, noOp, webhook, webhookItem, workflow } from '../support/engine';
import type { RunResult } from '../support/engine';
import { engine } from './nodes';
import { detailsOf, routed } from './scenario';

const n8n = engine();

/** Webhook → Guard, and nothing behind New: what is asked here is only which items share a key. */
let workflows = 0;
function gate(parameters: INode['parameters'] = {}) {
	const json = workflow({
		id: `gate-${++workflows}`,
		nodes: [webhook(), guard('Guard', parameters), noOp('Conflict')],
		connections: [
			['Webhook', 'Guard'],
			['Guard:2', 'Conflict'],
		],
	});
	return async (...items: INodeExecutionData[]) => await n8n.run(json, { triggerItems: items });
}

/** Whether an item got through, another had its key, or it had none. */
async function verdict(send: ReturnType<typeof gate>, item: INodeExecutionData) {
	const result = await send(item);
	if (result.status === 'error') return result.error?.message;
	if (result.counts('Guard')[1] === 1) return 'duplicate';
	return result.items('Guard').length === 1 ? 'new' : detailsOf(result, 'Guard', 2).reason;
}

const TAKEN = 'duplicate';

describe('delivery: the first senders, chosen and detected', () => {
	const json = (headers: Record<string, string>, body: unknown = { n: 1 }) =>
		webhookItem({ headers, body });
	const whatsApp = (id: string, text = 'hi') => ({
		object: 'whatsapp_business_account',
		entry: [
			{
				id: '1',
				changes: [
					{
						field: 'messages',
						value: {
							messaging_product: 'whatsapp',
							metadata: { phone_number_id: '7' },
							messages: [{ id, from: '4', text: { body: text } }],
						},
					},
				],
			},
		],
	});
	test.each<[string, (id: string, attempt: number) => INodeExecutionData]>([
		['idempotencyKey', (id) => json({ 'idempotency-key': id })],
		[
			'standardWebhooks',
			(id, n) =>
				json(
					{ 'webhook-id': id, 'webhook-timestamp': `${n}`, 'webhook-signature': `v1,${n}` },
					{ n },
				),
		],
		[
			'stripe',
			(id, n) =>
				json(
					{ 'stripe-signature': `t=${n},v1=aa` },
					{ id: `evt_${id}`, object: 'event', pending_webhooks: n },
				),
		],
		[
			'shopify',
			(id, n) =>
				json(
					{
						'x-shopify-webhook-id': id,
						'x-shopify-topic': 'orders/paid',
						'x-shopify-hmac-sha256': `${n}`,
					},
					{ id: 5, n },
				),
		],
		['github', (id, n) => json({ 'x-github-delivery': id, 'x-github-event': 'push' }, { n })],
		[
			'gitlab',
			(id, n) =>
				json(
					{ 'idempotency-key': id, 'x-gitlab-event': 'Push Hook', 'x-gitlab-webhook-uuid': 'same' },
					{ n },
				),
		],
		[
			'slack',
			(id, n) =>
				json(
					{
						'x-slack-signature': `v0=${n}`,
						'x-slack-retry-num': `${n}`,
						'x-slack-request-timestamp': `${n}`,
					},
					{ type: 'event_callback', event_id: `Ev${id}`, team_id: 'T1', event: {} },
				),
		],
		['whatsApp', (id) => json({ 'x-hub-signature-256': 'sha256=aa' }, whatsApp(`wamid.${id}`))],
	])('%s', async (sender, request) => {
		for (const parameters of [{ sender }, {}]) {
			const send = gate(parameters);
			expect(await verdict(send, request('a1', 1))).toBe('new');
			expect(await verdict(send, request('a1', 1))).toBe(TAKEN);
			if (sender !== 'idempotencyKey') {
				// A retry may differ in counters, times and signatures: a sender's own id is not compared.
				expect(await verdict(send, request('a1', 2))).toBe(TAKEN);
			}
			expect(await verdict(send, request('b2', 1))).toBe('new');
		}
	});

	test('Idempotency-Key: quoted or bare is one key; the payload is compared', async () => {
		const send = gate();
		expect(await verdict(send, json({ 'Idempotency-Key': '"k-1"' }))).toBe('new');
		expect(await verdict(send, json({ 'idempotency-key': 'k-1' }))).toBe(TAKEN);
		expect(await verdict(send, json({ 'idempotency-key': 'k-1' }, { n: 2 }))).toBe(
			'payload_mismatch',
		);
	});

	test('the same id of two senders is two keys', async () => {
		const send = gate();
		expect(
			await verdict(send, json({ 'x-github-delivery': 'same', 'x-github-event': 'push' })),
		).toBe('new');
		expect(await verdict(send, json({ 'webhook-id': 'same' }))).toBe('new');
	});

	test.each<Record<string, string>>([
		{},
		{ 'idempotency-key': '' },
		{ 'idempotency-key': 'k'.repeat(256) },
	])('no id is no key, never one that all share: %p', async (headers) => {
		const send = gate();
		for (const run of [await send(json(headers)), await send(json(headers))]) {
			expect(run.status).toBe('error');
			expect(run.error?.message).toMatch(/no delivery ID/i);
			expect(run.error?.context).toMatchObject({ itemIndex: 0 });
		}
	});
});

describe('expression', () => {
	const send = () => gate({ keySource: 'expression', key: '={{ $json.key }}', compare: 'none' });
	const keyed = (key: unknown): INodeExecutionData => ({ json: { key } as IDataObject });

	test('0 and false are keys of their own, and so are their texts', async () => {
		const one = send();
		for (const key of [0, false, '0', 'false', [0], { a: false }]) {
			expect([key, await verdict(one, keyed(key))]).toEqual([key, 'new']);
			expect([key, await verdict(one, keyed(key))]).toEqual([key, TAKEN]);
		}
	});

	test.each([[''], [' '], [null], [undefined], [[]], [{}], [{ id: '' }]])(
		'%p is a missing key',
		async (key) => {
			expect(await verdict(send(), keyed(key))).toMatch(/"Value" is empty for this item/);
		},
	);

	test('the order of keys in an object does not matter; that of a list does', async () => {
		const one = send();
		expect(await verdict(one, keyed({ a: 1, b: { c: 2, d: 3 } }))).toBe('new');
		expect(await verdict(one, keyed({ b: { d: 3, c: 2 }, a: 1 }))).toBe(TAKEN);
		expect(await verdict(one, keyed([1, 2]))).toBe('new');
		expect(await verdict(one, keyed([2, 1]))).toBe('new');
	});

	test('a key with no JSON form is an error of its item', async () => {
		const spoil = javascript('Spoil', () => [{ json: { key: Number.NaN } }]);
		const json = workflow({
			nodes: [
				webhook(),
				spoil,
				guard('Guard', { keySource: 'expression', key: '={{ $json.key }}' }),
			],
		});
		const result = await n8n.run(json);
		expect(result.error?.message).toMatch(/can't be compared/);
	});

	test('a fixed value is one key for all: the first item alone is new', async () => {
		const result = await gate({ keySource: 'expression', key: 'daily', compare: 'none' })(
			keyed(1),
			keyed(2),
		);
		expect(routed(result)).toEqual([1, 0, 1, 0]);
	});
});

describe('fields', () => {
	const parameters = {
		keySource: 'fields',
		keyFields: 'body.order, body.customer.email',
		compare: 'none',
	};
	const order = (body: IDataObject) => webhookItem({ body });

	test('their values together are the key, whatever else the item has, in any order of naming', async () => {
		const send = gate(parameters);
		expect(await verdict(send, order({ order: 1, customer: { email: 'a' }, n: 1 }))).toBe('new');
		expect(await verdict(send, order({ n: 2, customer: { email: 'a', x: 1 }, order: 1 }))).toBe(
			TAKEN,
		);
		expect(await verdict(send, order({ order: '1', customer: { email: 'a' } }))).toBe('new');
		expect(await verdict(send, order({ order: 1, customer: { email: 'b' } }))).toBe('new');
	});

	test('values are never joined: what moves from one field to the next is another key', async () => {
		const send = gate({ keySource: 'fields', keyFields: 'a, b', compare: 'none' });
		expect(await verdict(send, { json: { a: 'x,y', b: 'z' } })).toBe('new');
		expect(await verdict(send, { json: { a: 'x', b: 'y,z' } })).toBe('new');
	});

	test.each<[string, IDataObject]>([
		['missing', { customer: { email: 'a' } }],
		['null', { order: null, customer: { email: 'a' } }],
		['empty', { order: '', customer: { email: 'a' } }],
	])('one that is %s is a missing key, and its name is said', async (_name, body) => {
		expect(await verdict(gate(parameters), order(body))).toBe(
			'The item has no value in "body.order"',
		);
	});

	test('inherited properties are no fields', async () => {
		const send = gate({ keySource: 'fields', keyFields: 'constructor.name, __proto__' });
		expect(await verdict(send, { json: { a: 1 } })).toMatch(
			/no value in "constructor.name", "__proto__"/,
		);
	});

	test('without a field: says which parameter is empty', async () => {
		expect(await verdict(gate({ keySource: 'fields', keyFields: ' , ' }), { json: { a: 1 } })).toBe(
			'"Fields" is empty',
		);
	});
});

test('the key is shown as its user knows it, shortened; all of it counts', async () => {
	const send = gate({ keySource: 'expression', key: '={{ $json.key }}', compare: 'none' });
	const long = 'k'.repeat(300);
	const shown = async (key: unknown): Promise<RunResult> =>
		await send({ json: { key } as IDataObject });
	expect(detailsOf(await shown({ b: 1, a: 2 }), 'Guard').key).toBe('{"a":2,"b":1}');
	expect(detailsOf(await shown(7), 'Guard').key).toBe('7');
	const first = detailsOf(await shown(`${long}1`), 'Guard');
	const second = detailsOf(await shown(`${long}2`), 'Guard');
	expect(String(first.key)).toHaveLength(200);
	expect(first.key).toBe(second.key);
	expect(first.hash).not.toBe(second.hash);
});
