import { createHmac } from 'node:crypto';
import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import type { Credentials } from '../support/engine';
import { guard, noOp, records, webhook, webhookItem, workflow } from '../support/engine';
import { engine } from './nodes';
import { detailsOf } from './scenario';

/** A Guard behind n8n's own Webhook: what its sender did not sign is not asked for, whatever ID it names. */

const ID = 'guard-signature';
const n8n = engine({ credentials: { [ID]: { secret: 'whsec_one' } as Credentials[string] } });
const now = () => Math.floor(Date.now() / 1000);
const hex = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

const signed = (body: string, key = 'whsec_one', at = now()) => ({
	'stripe-signature': `t=${at},v1=${hex(key, `${at}.${body}`)}`,
});

/** As n8n's Webhook with "Raw Body" emits it. */
function item(
	body: string,
	headers: Record<string, string>,
	request: Parameters<typeof webhookItem>[0] = {},
): INodeExecutionData {
	const data = Buffer.from(body).toString('base64');
	return {
		...webhookItem({ body: JSON.parse(body), headers, ...request }),
		binary: { data: { data, mimeType: 'application/json' } },
	};
}

let workflows = 0;
function gate(options: IDataObject = {}, parameters: INode['parameters'] = {}) {
	const settings = { sender: 'stripe', ...parameters };
	const json = workflow({
		id: `guard-signatures-${++workflows}`,
		nodes: [
			webhook(),
			guard(
				'Guard',
				{ ...settings, options: { verifySignature: 'sender', ...options } as never },
				{ credentials: { idempotentWebhookSignatureApi: { id: ID, name: 'Signature' } } },
			),
			noOp('New'),
			noOp('Conflict'),
		],
		connections: [
			['Webhook', 'Guard', 'New'],
			['Guard:2', 'Conflict'],
		],
	});
	return async (...triggerItems: INodeExecutionData[]) => await n8n.run(json, { triggerItems });
}

const event = (id: string, more: object = {}) => JSON.stringify({ id, object: 'event', ...more });
const counts = (result: Awaited<ReturnType<ReturnType<typeof gate>>>) =>
	[0, 1, 2].map((output) => result.counts('Guard')[output] ?? 0);

it('a signed delivery is New, and its retry a Duplicate', async () => {
	const send = gate();
	const body = event('evt_1');
	expect(counts(await send(item(body, signed(body))))).toEqual([1, 0, 0]);
	expect(counts(await send(item(body, signed(body, 'whsec_one', now() - 9))))).toEqual([0, 1, 0]);
});

it('a forged one reads no answer and takes no key: Conflict with 401, one answer for every cause', async () => {
	const send = gate();
	const body = event('evt_1');
	const forged = [
		signed(body, 'guessed'),
		signed(body, 'whsec_one', now() - 3_600),
		{},
		{ 'stripe-signature': 'nonsense' },
	];
	const told = new Set<string>();
	for (const headers of forged) {
		const result = await send(item(body, headers as Record<string, string>));
		expect(counts(result)).toEqual([0, 0, 1]);
		const { token, ...details } = detailsOf(result, 'Guard', 2);
		expect(token).toBeUndefined();
		expect(details).toMatchObject({ reason: 'signature_refused', statusCode: 401 });
		told.add(JSON.stringify(details));
	}
	expect(told.size).toBe(1);
	expect(counts(await send(item(body, signed(body))))).toEqual([1, 0, 0]);
	const late = await send(item(body, signed(body, 'guessed')));
	expect(counts(late)).toEqual([0, 0, 1]);
});

it('a body is not read otherwise under another content type', async () => {
	const send = gate();
	const body = event('evt_1');
	for (const type of ['text/plain', 'application/json; charset=latin1']) {
		const headers = { ...signed(body), 'content-type': type };
		expect(counts(await send(item(body, headers)))).toEqual([0, 0, 1]);
	}
	expect(counts(await send(item(body, signed(body))))).toEqual([1, 0, 0]);
});

it('what was refused is counted, also where no item is asked for', async () => {
	const send = gate({ scope: 'custom', namespace: 'forged-items' });
	const body = event('evt_1');
	await send(item(body, {}), item(body, signed(body, 'guessed')));
	const stats = { operation: 'stats', workflows: 'all', options: { namespace: 'forged-items' } };
	const flow = workflow({
		nodes: [webhook('Start'), records('Records', stats)],
		connections: [['Start', 'Records']],
	});
	expect((await n8n.run(flow, { triggerItems: [{ json: {} }] })).json('Records')).toMatchObject([
		{ new: 0, conflicts: 2, conflictsByReason: { signature_refused: 2 } },
	]);
});

it('of several items only those that are signed are asked for, each in its place', async () => {
	const send = gate();
	const [one, two, three] = [event('evt_1'), event('evt_2'), event('evt_3')];
	const result = await send(
		item(one, signed(one, 'guessed')),
		item(two, signed(two)),
		item(three, signed(three)),
	);
	expect(counts(result)).toEqual([2, 0, 1]);
	expect(result.items('Guard').map(({ pairedItem }) => pairedItem)).toEqual([
		{ item: 1 },
		{ item: 2 },
	]);
	expect(result.items('Guard', 2)[0]?.pairedItem).toEqual({ item: 0 });
	expect(detailsOf(result, 'Guard', 0, 0).key).toBe('evt_2');
});

it('the file of a multipart request is no raw body: its caller made it', async () => {
	const send = gate();
	const body = event('evt_1');
	const headers = { ...signed(body), 'content-type': 'Multipart/Form-Data; boundary=x' };
	const form = item(body, headers, { body: { id: 'evt_2', object: 'event' }, headers });
	expect(counts(await send(form))).toEqual([0, 0, 1]);
});

it('says how to get the raw body where there is none', async () => {
	const send = gate();
	const body = event('evt_1');
	const result = await send(webhookItem({ body: JSON.parse(body), headers: signed(body) }));
	expect(result.error?.message).toContain('it has no file "data" with the body as it came');
	expect(result.error?.description).toContain('"Raw Body"');
});

it('stops where the credential has no usable secret', async () => {
	const send = gate({ signatureSender: 'standardWebhooks' });
	const body = event('evt_1');
	const result = await send(item(body, signed(body)));
	expect(result.error?.message).toContain('the credential has no secret of the form');
});

it('the raw body is not compared: the same request may be written otherwise', async () => {
	const send = gate(
		{ signatureSender: 'github' },
		{ sender: 'idempotencyKey', keySource: 'delivery' },
	);
	const ask = async (body: string) =>
		counts(
			await send(
				item(body, {
					'idempotency-key': 'k',
					'x-hub-signature-256': `sha256=${hex('whsec_one', body)}`,
				}),
			),
		);
	expect(await ask('{"amount":1}')).toEqual([1, 0, 0]);
	expect(await ask('{ "amount": 1 }')).toEqual([0, 1, 0]);
	expect(await ask('{"amount":2}')).toEqual([0, 0, 1]);
});

it('checks Generic HMAC with the options of the Guard', async () => {
	const send = gate(
		{
			verifySignature: 'hmac',
			signatureHeader: 'X-Sig',
			signedContent: '{url} {body}',
			hmacOptions: { prefix: 'v1=' },
		},
		{ keySource: 'expression', key: '={{ $json.body.id }}', compare: 'none' },
	);
	const ask = async (id: string, key: string) => {
		const body = event(id);
		const url = 'http://localhost:5678/webhook/orders?a=1';
		const headers = { 'x-sig': `v1=${hex(key, `${url} ${body}`)}` };
		return counts(await send(item(body, headers, { headers, query: { a: '1' } })));
	};
	expect(await ask('1', 'whsec_one')).toEqual([1, 0, 0]);
	expect(await ask('2', 'guessed')).toEqual([0, 0, 1]);
});

describe('Split Events', () => {
	const hubSpot = (...ids: number[]) =>
		JSON.stringify(ids.map((eventId) => ({ eventId, subscriptionId: 1, portalId: 2 })));
	const headers = { 'x-hubspot-signature': 'any' };
	const send = gate(
		{ verifySignature: 'none', splitEvents: true, tenant: '={{ $json.body.portalId }}' },
		{ sender: 'hubSpot' },
	);

	it('each event of a request has a key of its own, and expressions see that event', async () => {
		const first = await send(item(hubSpot(1, 2), headers));
		expect(counts(first)).toEqual([2, 0, 0]);
		expect(first.json('Guard').map(({ body }) => body)).toMatchObject([
			{ eventId: 1 },
			{ eventId: 2 },
		]);
		expect(first.items('Guard').map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 0 },
		]);
		const again = await send(item(hubSpot(2, 3), headers), item(hubSpot(4), headers));
		expect(counts(again)).toEqual([2, 1, 0]);
		expect(again.items('Guard').map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
		]);
	});

	it('happens after the signature of the whole', async () => {
		const signedOnly = gate(
			{ splitEvents: true, signatureSender: 'github' },
			{ sender: 'hubSpot' },
		);
		const body = hubSpot(1, 2);
		const ask = async (key: string) =>
			counts(await signedOnly(item(body, { 'x-hub-signature-256': `sha256=${hex(key, body)}` })));
		expect(await ask('guessed')).toEqual([0, 0, 1]);
		expect(await ask('whsec_one')).toEqual([2, 0, 0]);
		expect(await ask('whsec_one')).toEqual([0, 2, 0]);
	});

	it('an event without a key is refused alone: the others of its request go on', async () => {
		const some = JSON.stringify([{ eventId: 11, subscriptionId: 1, portalId: 2 }, { portalId: 2 }]);
		const first = await send(item(some, headers));
		expect(counts(first)).toEqual([1, 0, 1]);
		expect(first.json('Conflict')).toMatchObject([{ idempotency: { reason: 'missing_key' } }]);
		expect(first.hints('Guard')[0]?.message).toMatch(/^One event has no delivery ID/);
		expect(counts(await send(item(some, headers)))).toEqual([0, 1, 1]);
	});

	it('where no event has a key, the run stops', async () => {
		const none = JSON.stringify([{ portalId: 2 }, { portalId: 2 }]);
		expect((await send(item(none, headers))).error?.message).toMatch(/^No delivery ID of HubSpot/);
	});
});
