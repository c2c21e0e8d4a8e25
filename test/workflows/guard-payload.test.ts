import type { IDataObject, INode, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { commit, guard, noOp, webhook, webhookItem, workflow } from '../support/engine';
import { engine } from './nodes';
import { detailsOf } from './scenario';

const n8n = engine();

let workflows = 0;
/** Which outcome or reason each item gets, one run after the other. */
function gate(
	parameters: INode['parameters'],
	node: Partial<INode> = {},
	id = `gate-${++workflows}`,
) {
	const json = workflow({
		id,
		nodes: [webhook(), { ...guard('Guard', parameters), ...node }, noOp('Conflict')],
		connections: [
			['Webhook', 'Guard'],
			['Guard:2', 'Conflict'],
		],
	});
	return async (item: INodeExecutionData) => {
		const result = await n8n.run(json, { triggerItems: [item] });
		if (result.status === 'error') return result.error?.message;
		if (result.counts('Guard')[1] === 1) return 'duplicate';
		return result.items('Guard').length === 1 ? 'new' : detailsOf(result, 'Guard', 2).reason;
	};
}

const TAKEN = 'duplicate';
const payload = { keySource: 'payload' };

describe('whole payload of a webhook', () => {
	test.each<[string, Parameters<typeof webhookItem>[0]]>([
		['query', { query: { a: '1' } }],
		['body', { body: { a: 1 } }],
		['body that is a list', { body: [1, 2] }],
		['body that is text', { body: 'a' }],
		['params', { params: { id: '1' } }],
	])('%s counts', async (_name, request) => {
		const send = gate(payload);
		expect(await send(webhookItem(request))).toBe('new');
		expect(await send(webhookItem(request))).toBe(TAKEN);
		expect(await send(webhookItem({ ...request, body: { a: 2 } }))).toBe('new');
		expect(await send(webhookItem({ ...request, query: { a: '2' } }))).toBe('new');
		expect(await send(webhookItem({ ...request, params: { id: '2' } }))).toBe('new');
	});

	test('headers never count: signatures, times and attempts are in them', async () => {
		const send = gate(payload);
		expect(await send(webhookItem({ body: { a: 1 }, headers: { 'x-attempt': '1' } }))).toBe('new');
		expect(await send(webhookItem({ body: { a: 1 }, headers: { 'x-attempt': '2' } }))).toBe(TAKEN);
	});

	test('files count by what they hold', async () => {
		const send = gate(payload);
		const withFile = (text: string, name = 'file'): INodeExecutionData => ({
			...webhookItem({ body: { a: 1 } }),
			binary: { [name]: { data: Buffer.from(text).toString('base64'), mimeType: 'text/plain' } },
		});
		expect(await send(withFile('one'))).toBe('new');
		expect(await send(withFile('one'))).toBe(TAKEN);
		expect(await send(withFile('two'))).toBe('new');
		expect(await send(withFile('one', 'other'))).toBe('new');
		expect(await send(webhookItem({ body: { a: 1 } }))).toBe('new');
		expect(await send({ ...withFile('alone'), json: webhookItem({}).json })).toBe('new');
	});

	test.each([{}, { body: '' }, { body: [] }, { headers: { 'x-request-id': '1' } }])(
		'with nothing in it is a missing key: %p',
		async (request) => {
			const send = gate(payload);
			expect(await send(webhookItem(request))).toMatch(/no payload to recognize it by/);
			expect(await send(webhookItem(request))).toMatch(/no payload to recognize it by/);
		},
	);
});

describe('whole payload of any other item', () => {
	test('is its json', async () => {
		const send = gate(payload);
		expect(await send({ json: { a: 1, b: { c: 2 } } })).toBe('new');
		expect(await send({ json: { b: { c: 2 }, a: 1 } })).toBe(TAKEN);
		expect(await send({ json: { a: 1 } })).toBe('new');
		expect(await send({ json: {} })).toMatch(/no payload to recognize it by/);
	});

	test('less our own field, which any payload may bring: a forged one makes no second key', async () => {
		const send = gate(payload);
		expect(await send({ json: { a: 1 } })).toBe('new');
		for (const forged of [{ outcome: 'new', token: 'idem1.a.b', fence: 1 }, 'x', null, 7]) {
			expect(await send({ json: { a: 1, idempotency: forged } as IDataObject })).toBe(TAKEN);
		}
		expect(await send({ json: { idempotency: { outcome: 'new' } } })).toMatch(/no payload/);
	});
});

test('a forged idempotency field is overwritten on every output, and gives Commit nothing', async () => {
	const forged = { outcome: 'new', token: 'idem1.eA.eA', fence: 99 };
	const json = workflow({
		id: 'forged',
		nodes: [
			webhook(),
			guard('Guard', { keySource: 'fields', keyFields: 'a' }),
			commit('Commit'),
			noOp('Conflict'),
		],
		connections: [
			['Webhook', 'Guard', 'Commit'],
			['Guard:2', 'Conflict'],
		],
	});
	const triggerItems = [1, 1].map((a) => ({ json: { a, idempotency: forged } }));
	const result = await n8n.run(json, { triggerItems });
	expect(result.status).toBe('success');
	expect(detailsOf(result, 'Guard').token).not.toBe(forged.token);
	expect(detailsOf(result, 'Conflict')).not.toHaveProperty('token');
	const again = await n8n.run(json, { triggerItems: triggerItems.slice(0, 1) });
	expect(again.json('Guard', 1)).toEqual([{ a: 1 }]);
});

describe('compare', () => {
	const key = { keySource: 'expression', key: '={{ $json.body.key }}' };
	const request = (body: IDataObject, query?: Record<string, string>) =>
		webhookItem({
			body: { key: 'k', ...body },
			query,
			headers: { 'x-sent': String(Math.random()) },
		});

	test('automatic: everything but the headers', async () => {
		const send = gate(key);
		expect(await send(request({ a: 1 }))).toBe('new');
		expect(await send(request({ a: 1 }))).toBe(TAKEN);
		expect(await send(request({ a: 2 }))).toBe('payload_mismatch');
		expect(await send(request({ a: 1 }, { q: '1' }))).toBe('payload_mismatch');
	});

	test('all fields, also where a sender gave the id', async () => {
		const event = (n: number) => webhookItem({ headers: { 'webhook-id': 'a' }, body: { n } });
		const automatic = gate({});
		expect(await automatic(event(1))).toBe('new');
		expect(await automatic(event(2))).toBe(TAKEN);
		const all = gate({ compare: 'payload' });
		expect(await all(event(1))).toBe('new');
		expect(await all(event(2))).toBe('payload_mismatch');
	});

	test('all fields except', async () => {
		const send = gate({ ...key, compare: 'except', excludeFields: 'body.sentAt, query.attempt' });
		expect(await send(request({ a: 1, sentAt: 1 }, { attempt: '1' }))).toBe('new');
		expect(await send(request({ a: 1, sentAt: 2 }, { attempt: '2' }))).toBe(TAKEN);
		expect(await send(request({ a: 1 }, {}))).toBe(TAKEN);
		expect(await send(request({ a: 2, sentAt: 1 }, { attempt: '1' }))).toBe('payload_mismatch');
	});

	test('selected fields', async () => {
		const send = gate({ ...key, compare: 'fields', compareFields: 'body.amount, body.currency' });
		expect(await send(request({ amount: 1, currency: 'EUR', n: 1 }))).toBe('new');
		expect(await send(request({ amount: 1, currency: 'EUR', n: 2 }))).toBe(TAKEN);
		expect(await send(request({ amount: 2, currency: 'EUR', n: 1 }))).toBe('payload_mismatch');
		expect(await send(request({ amount: 1, n: 1 }))).toBe('payload_mismatch');
	});

	test('nothing', async () => {
		const send = gate({ ...key, compare: 'none' });
		expect(await send(request({ a: 1 }))).toBe('new');
		expect(await send(request({ a: 2 }))).toBe(TAKEN);
	});
});

describe('scope', () => {
	const by = (options: INodeParameters = {}) => ({
		keySource: 'expression',
		key: 'k',
		compare: 'none',
		options,
	});
	const item: INodeExecutionData = { json: { a: 1 } };

	test('node: a copy of the node, or of the workflow, starts empty', async () => {
		expect(await gate(by(), { id: 'node-a' }, 'wf-1')(item)).toBe('new');
		expect(await gate(by(), { id: 'node-b' }, 'wf-1')(item)).toBe('new');
		expect(await gate(by(), { id: 'node-a' }, 'wf-2')(item)).toBe('new');
		expect(await gate(by(), { id: 'node-a', name: 'Guard' }, 'wf-1')(item)).toBe(TAKEN);
	});

	test('workflow: all Guards of one workflow share their keys', async () => {
		const options = { scope: 'workflow' };
		expect(await gate(by(options), { id: 'node-a' }, 'wf-3')(item)).toBe('new');
		expect(await gate(by(options), { id: 'node-b' }, 'wf-3')(item)).toBe(TAKEN);
		expect(await gate(by(options), { id: 'node-a' }, 'wf-4')(item)).toBe('new');
	});

	test('custom: all Guards of one namespace, in any workflow', async () => {
		const options = { scope: 'custom', namespace: 'payments' };
		expect(await gate(by(options), { id: 'node-a' }, 'wf-5')(item)).toBe('new');
		expect(await gate(by(options), { id: 'node-b' }, 'wf-6')(item)).toBe(TAKEN);
		expect(await gate(by({ ...options, namespace: 'refunds' }), {}, 'wf-5')(item)).toBe('new');
	});

	test('no part of a name makes one scope into another', async () => {
		expect(await gate(by({ scope: 'custom', namespace: 'wf-7' }))(item)).toBe('new');
		expect(await gate(by({ scope: 'workflow' }), {}, 'wf-7')(item)).toBe('new');
	});

	test('custom without a namespace, or a workflow that was never saved, is refused', async () => {
		expect(await gate(by({ scope: 'custom' }))(item)).toMatch(/"Scope: Namespace" is empty/);
		const json = workflow({ id: null, nodes: [webhook(), guard('Guard', by())] });
		const result = await n8n.run(json, { triggerItems: [item] });
		expect(result.error?.message).toBe('Save the workflow before you run it');
	});
});
