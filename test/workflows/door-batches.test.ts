import { createHmac, randomBytes } from 'node:crypto';
import type { IDataObject, INode } from 'n8n-workflow';

import { MAX_KEPT_REQUEST } from '../../nodes/IdempotentWebhook/starting';
import { until } from '../support/until';
import { closeDoors, openDoor } from './at-the-door';

/** Senders that put several events into one request: a claim an event, one execution for the new ones. */

afterEach(closeDoors);

const hubSpot = (...ids: number[]) =>
	JSON.stringify(
		ids.map((eventId) => ({ eventId, subscriptionId: 1, portalId: 2, occurredAt: 3 })),
	);
const idsOf = (acted: readonly IDataObject[]) =>
	acted.map(({ body }) => (body as IDataObject).eventId);

it('each event acts once, whatever request brings it again', async () => {
	const door = await openDoor({ sender: 'hubSpot' });
	const first = await door.send({ body: hubSpot(1, 2, 3) });
	expect(first).toMatchObject({ status: 200, json: { status: 'accepted', new: 3, duplicates: 0 } });
	await until('they acted', async () => await Promise.resolve(door.acted.length === 3));
	await until(
		'the run ended',
		async () => await Promise.resolve(door.server.executions.length === 1),
	);
	expect(await door.send({ body: hubSpot(1, 2, 3) })).toMatchObject({
		status: 200,
		json: { new: 0, duplicates: 3 },
	});
	expect(await door.send({ body: hubSpot(3, 4) })).toMatchObject({
		json: { new: 1, duplicates: 1 },
	});
	await until('the fourth acted', async () => await Promise.resolve(door.acted.length === 4));
	expect(idsOf(door.acted)).toEqual([1, 2, 3, 4]);
	expect(door.server.executions.length).toBeLessThanOrEqual(2);
});

it('one event is an item of the same shape, and is answered by its result', async () => {
	const door = await openDoor({ sender: 'hubSpot' });
	expect(await door.send({ body: hubSpot(1) })).toMatchObject({ json: { answer: 1 } });
	expect(idsOf(door.acted)).toEqual([1]);
});

it('events are split by the sender of their IDs, whoever signs', async () => {
	const door = await openDoor(
		{ sender: 'hubSpot', verifySignature: 'sender', signatureSender: 'github' },
		{ secrets: { secret: 'k' } },
	);
	const body = hubSpot(1, 2);
	const signature = `sha256=${createHmac('sha256', 'k').update(body).digest('hex')}`;
	const answer = await door.send({ body, headers: { 'x-hub-signature-256': signature } });
	expect(answer).toMatchObject({ status: 200, json: { new: 2 } });
});

it('the same event twice in one request acts once', async () => {
	const door = await openDoor({ sender: 'hubSpot' });
	expect(await door.send({ body: hubSpot(1, 1) })).toMatchObject({
		status: 200,
		json: { new: 1, duplicates: 1 },
	});
});

it('while one still runs elsewhere, the sender is told to come again', async () => {
	let go = (): void => undefined;
	const gate = new Promise<void>((resolve) => (go = resolve));
	const door = await openDoor({ sender: 'hubSpot' }, { before: async () => await gate });
	const alone = door.send({ body: hubSpot(1) });
	await until('it runs', async () => {
		const answer = await door.send({ body: hubSpot(1, 1) });
		return answer.status === 409;
	});
	const both = await door.send({ body: hubSpot(1, 2) });
	expect(both.status).toBe(409);
	expect(both.headers.get('retry-after')).not.toBeNull();
	go();
	await alone;
	await until('both acted', async () => await Promise.resolve(door.acted.length === 2));
});

it('guesses at what came under a known ID are counted among several events, too', async () => {
	const options = { compare: 'fields', compareFields: 'body.pin' };
	const door = await openDoor({ sender: 'hubSpot', options });
	const body = (pin: number) => {
		const event = { subscriptionId: 1, portalId: 2, occurredAt: 3 };
		return JSON.stringify([1, 2].map((eventId) => ({ ...event, eventId, pin: eventId * pin })));
	};
	expect(await door.send({ body: body(1234) })).toMatchObject({ status: 200, json: { new: 2 } });
	await until('they acted', async () => await Promise.resolve(door.acted.length === 2));
	for (let guess = 1; guess <= 10; guess++) {
		expect(await door.send({ body: body(guess) })).toMatchObject({ json: { refused: 2 } });
	}
	const closed = await door.send({ body: body(1234) });
	expect(closed.status).toBe(429);
	expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(0);
	expect(closed.json.duplicates).toBeUndefined();
});

describe('an event without an ID', () => {
	const mail = (id?: string) => ({ email: 'a@example.com', event: 'open', sg_event_id: id });
	const body = JSON.stringify([mail('a'), mail(), mail('c')]);

	it('does not lose the others', async () => {
		const door = await openDoor({ sender: 'sendGrid' });
		expect(await door.send({ body })).toMatchObject({
			status: 200,
			json: { new: 2, missingKeys: 1 },
		});
		await until('two acted', async () => await Promise.resolve(door.acted.length === 2));
		expect(await door.send({ body })).toMatchObject({ json: { new: 0, duplicates: 2 } });
		expect(door.acted).toHaveLength(2);
	});

	it('runs as well where that is chosen', async () => {
		const options = { onMissingKey: 'continueUnprotected' };
		const door = await openDoor({ sender: 'sendGrid', options });
		await door.send({ body });
		await until('three acted', async () => await Promise.resolve(door.acted.length === 3));
	});

	it('alone is a missing key', async () => {
		const door = await openDoor({ sender: 'sendGrid' });
		expect((await door.send({ body: JSON.stringify([mail(), mail()]) })).status).toBe(400);
	});
});

describe('WhatsApp', () => {
	const value = (part: object) => ({
		object: 'whatsapp_business_account',
		entry: [
			{
				id: '1',
				changes: [
					{
						field: 'messages',
						value: { messaging_product: 'whatsapp', metadata: { phone_number_id: '1' }, ...part },
					},
				],
			},
		],
	});
	const message = value({
		messages: [{ from: '1', id: 'wamid.A', timestamp: '1', type: 'text', text: { body: 'hi' } }],
	});
	const status = (state: string) =>
		value({ statuses: [{ id: 'wamid.R', status: state, timestamp: '1', recipient_id: '1' }] });

	it('statuses start a run only where they are chosen', async () => {
		const deliveries = [message, status('sent'), status('delivered'), status('read'), message];
		for (const [eventKinds, acts] of [
			[['message'], 1],
			[['message', 'status', 'other'], 4],
		] as const) {
			const door = await openDoor({ sender: 'whatsApp', eventKinds: [...eventKinds] });
			for (const delivery of deliveries) {
				expect((await door.send({ body: JSON.stringify(delivery) })).status).toBe(200);
			}
			expect(door.acted).toHaveLength(acts);
		}
	});
});

describe('Answers', () => {
	it('gives a sender the status that it understands', async () => {
		let go = (): void => undefined;
		const gate = new Promise<void>((resolve) => (go = resolve));
		const answers = { stillRunning: 202, missingKey: 200 };
		const door = await openDoor(
			{ sender: 'idempotencyKey', answers },
			{ before: async () => await gate },
		);
		expect((await door.send({ body: '{}' })).status).toBe(200);
		const init = { body: '{}', headers: { 'idempotency-key': 'k' } };
		const first = door.send(init);
		await until('it runs', async () => {
			const answer = await door.send(init);
			return answer.status === 202 && answer.json.status === 202;
		});
		go();
		expect((await first).status).toBe(200);
	});
});

it('answers the same content under another key as Answers says, also where it is refused', async () => {
	const door = await openDoor({
		sender: 'idempotencyKey',
		options: { sameContent: 'conflict' },
		answers: { sameContent: 200 },
	});
	const sent = async (key: string) =>
		await door.send({ body: '{"order":1}', headers: { 'idempotency-key': key } });
	expect((await sent('one')).json).not.toHaveProperty('title');
	const copy = await sent('two');
	expect(copy).toMatchObject({ status: 200, json: { status: 200 } });
	expect(String(copy.json.type)).toMatch(/#likely_duplicate$/);
	expect(door.acted).toHaveLength(1);
});

it('a test request without a key starts the workflow: its key can be written from it', async () => {
	const door = await openDoor({ sender: 'idempotencyKey' }, { mode: 'manual' });
	await door.send({ body: '{"order":1}' });
	expect(door.acted).toMatchObject([
		{ body: { order: 1 }, idempotency: { outcome: 'unprotected' } },
	]);
});

describe('hints of a test run', () => {
	const hintsOf = async (body: string, parameters = {}) => {
		const door = await openDoor(parameters, { mode: 'manual' });
		await door.send({ body });
		return door.server.executions[0]?.hints('Door').map(({ message }) => message) ?? [];
	};

	it('tell of a sender that signs where nothing verifies that, and of a missing key', async () => {
		const stripe = JSON.stringify({ id: 'evt_1', object: 'event' });
		expect(await hintsOf(stripe)).toEqual([expect.stringContaining('Stripe signs') as string]);
		expect(await hintsOf('{"order":1}', { sender: 'stripe' })).toEqual([
			expect.stringContaining('went on unprotected') as string,
			expect.stringContaining('Stripe signs') as string,
		]);
		expect(await hintsOf('{}', { sender: 'idempotencyKey' })).toEqual([
			expect.stringContaining('went on unprotected') as string,
		]);
	});
});

describe.each(['manual', 'webhook'] as const)('hints of a %s run', (mode) => {
	const hintsOf = async (parameters: INode['parameters'], parts: object = {}) => {
		const door = await openDoor({ sender: 'idempotencyKey', ...parameters }, { mode, ...parts });
		await door.send({ body: '{}', headers: { 'idempotency-key': 'k' } });
		return door.server.executions[0]?.hints('Door').map(({ message }) => message) ?? [];
	};

	it('tell of a fixed text as key', async () => {
		expect(await hintsOf({ keySource: 'expression', key: 'orderId' })).toEqual([
			expect.stringMatching(/^"Value" is the fixed text "orderId"/),
		]);
	});

	it('tell that nobody answers without a Commit', async () => {
		expect(await hintsOf({}, { withoutCommit: true })).toEqual([
			expect.stringMatching(/^There is no Idempotency Commit behind this node/),
		]);
		expect(await hintsOf({ responseMode: 'lastNode' }, { withoutCommit: true })).toEqual([]);
	});

	it('tell of a sender that sends again for longer than is remembered', async () => {
		const told = [expect.stringMatching(/^This sender may retry for 72 hours, .* for 48 only/)];
		const stripe = async (retentionHours: number) => {
			const door = await openDoor({ retentionHours }, { mode });
			await door.send({ body: JSON.stringify({ id: 'evt_1', object: 'event' }) });
			const hints = door.server.executions[0]?.hints('Door').map(({ message }) => message) ?? [];
			return hints.filter((message) => !message.startsWith('Stripe signs'));
		};
		expect(await stripe(48)).toEqual(told);
		expect(await stripe(72)).toEqual([]);
	});

	it('tell nothing of a workflow in order', async () => {
		expect(await hintsOf({})).toEqual([]);
	});
});

describe('a request that is answered before it runs', () => {
	const immediately = { responseMode: 'onReceived', sender: 'idempotencyKey' };

	it('is refused before that where it could not be kept whole', async () => {
		const door = await openDoor(immediately);
		// Random, so that it is not small when it is packed.
		const body = JSON.stringify({ noise: randomBytes(2 * MAX_KEPT_REQUEST).toString('base64') });
		const answer = await door.send({ body, headers: { 'idempotency-key': 'k' } });
		expect(answer.status).toBe(413);
		expect(door.acted).toEqual([]);
		const small = await door.send({ body: '{}', headers: { 'idempotency-key': 'k2' } });
		expect(small.status).toBe(202);
	});
});

it('a stored header that no response may have is left out: duplicates get the first answer', async () => {
	const headers = { location: 'https://a.example/\u{1f600}', etag: '"1"', link: 'a\nb' };
	const door = await openDoor(
		{ sender: 'idempotencyKey' },
		{ act: () => ({ statusCode: 201, headers, body: { made: true } }) },
	);
	const init = { body: '{}', headers: { 'idempotency-key': 'k' } };
	for (const answer of [await door.send(init), await door.send(init)]) {
		expect(answer).toMatchObject({ status: 201, json: { made: true } });
		expect(answer.headers.get('etag')).toBe('"1"');
		expect(answer.headers.get('location')).toBeNull();
	}
});

it('wrong settings of the authentication are told in the log, and the secret header to nobody', async () => {
	const door = await openDoor({ sender: 'idempotencyKey', authentication: 'headerAuth' });
	const answer = await door.send({ body: '{}', headers: { 'idempotency-key': 'k' } });
	expect(answer.status).toBe(500);
	expect(answer.json.detail).toBe('The log of n8n says what is wrong.');
});
