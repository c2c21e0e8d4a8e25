import { deliveryIdOf, type SenderValue } from '../../../lib/senders/delivery-ids';
import { MOST_EVENTS, splitDelivery } from '../../../lib/senders/split-delivery';
import { first, fixtureOf, type JsonObject } from './deliveries';

const idsOf = (json: unknown, sender: 'auto' | SenderValue = 'auto') =>
	splitDelivery({ json }, sender).events.map((event) => {
		const answer = deliveryIdOf({ json: event.json }, sender === 'auto' ? 'auto' : sender);
		return answer.found ? answer.id : answer.problem;
	});

const metadata = { phone_number_id: '1' };
const message = (id: string, from = '1650') => ({
	from,
	id,
	timestamp: '1769000000',
	type: 'text',
	text: { body: id },
});
const status = (id: string, kind: string) => ({
	id,
	status: kind,
	timestamp: '1769000000',
	recipient_id: '1650',
});
const value = (part: object) => ({ messaging_product: 'whatsapp', metadata, ...part });
const whatsApp = (...values: object[]) => ({
	headers: { 'x-hub-signature-256': 'sha256=00' },
	params: {},
	query: {},
	body: {
		object: 'whatsapp_business_account',
		entry: values.map((one) => ({ id: 'acc', changes: [{ field: 'messages', value: one }] })),
	},
});

describe('WhatsApp', () => {
	const batch = whatsApp(
		value({
			contacts: [{ wa_id: '1650' }, { wa_id: '1651' }],
			messages: [message('wamid.A'), message('wamid.B', '1651')],
			statuses: [status('wamid.R', 'sent')],
		}),
		value({ statuses: [status('wamid.R', 'read')] }),
		{ event: 'APPROVED', message_template_id: 1 },
	);

	it('gives each event its own ID, and tells its kind', () => {
		expect(idsOf(batch)).toEqual([
			'["message","wamid.A"]',
			'["message","wamid.B"]',
			'["status","wamid.R","sent","1650"]',
			'["status","wamid.R","read","1650"]',
			'missing',
		]);
		expect(splitDelivery({ json: batch }, 'whatsApp').events.map(({ kind }) => kind)).toEqual([
			'message',
			'message',
			'status',
			'status',
			'other',
		]);
	});

	it('leaves the fields of an event where they were, with the contact that wrote it', () => {
		const [, second] = splitDelivery({ json: batch }, 'auto').events;
		expect(second?.json).toEqual({
			...batch,
			body: {
				object: 'whatsapp_business_account',
				entry: [
					{
						id: 'acc',
						changes: [
							{
								field: 'messages',
								value: value({
									contacts: [{ wa_id: '1651' }],
									messages: [message('wamid.B', '1651')],
								}),
							},
						],
					},
				],
			},
		});
	});

	it("splits what n8n's WhatsApp Trigger emits", () => {
		const json = { ...value({ messages: [message('a'), message('b')] }), field: 'messages' };
		expect(idsOf(json)).toEqual(['["message","a"]', '["message","b"]']);
	});

	it('a repeat within another batch has the ID that it had alone', () => {
		const alone = whatsApp(value({ messages: [message('wamid.A')] }));
		expect(idsOf(alone)).toEqual(['["message","wamid.A"]']);
	});
});

describe.each([
	['hubSpot', [{ eventId: 1 }, { eventId: 2 }]],
	['sendGrid', [{ sg_event_id: 'a' }, { sg_event_id: 'b' }]],
] as const)('%s, a list of events', (sender, changes) => {
	const json = first(sender);
	const [event = {}] = json['body'] as JsonObject[];

	it('gives each its own ID, and keeps headers and the like', () => {
		const body = [event, ...changes.map((change) => ({ ...event, ...change }))];
		const split = splitDelivery({ json: { ...json, body } }, 'auto');
		expect(split.sender).toBe(sender);
		expect(split.events.map((each) => each.json)).toEqual(
			body.map((one) => ({ ...json, body: one })),
		);
		expect(new Set(idsOf({ ...json, body })).size).toBe(3);
		expect(idsOf({ ...json, body })[0]).toBe(fixtureOf(sender).id);
	});

	it('an empty list holds none', () => {
		expect(splitDelivery({ json: { ...json, body: [] } }, sender).events).toEqual([]);
	});
});

it('one event without an ID does not lose the others', () => {
	const event = (sg_event_id?: string) => ({ email: 'a@example.com', event: 'open', sg_event_id });
	const json = { headers: {}, body: [event('a'), event(), event('c')] };
	expect(idsOf(json, 'sendGrid')).toEqual(['a', 'missing', 'c']);
});

describe.each([
	['asana', 'events', { resource: { gid: 'other' } }],
	['line', 'events', { webhookEventId: 'other' }],
	['microsoftGraph', 'value', { id: 'other' }],
] as const)('%s, events within its body', (sender, list, change) => {
	const json = first(sender);
	const body = json['body'] as Record<string, JsonObject[]>;
	const [event = {}] = body[list] ?? [];

	it('gives each its own ID', () => {
		const both = { ...json, body: { ...body, [list]: [event, { ...event, ...change }] } };
		const ids = idsOf(both);
		expect(ids[0]).toBe(fixtureOf(sender).id);
		expect(ids).toHaveLength(2);
		expect(new Set(ids).size).toBe(2);
	});
});

it("leaves the deliveries of other senders, and what is nobody's, as they are", () => {
	for (const sender of ['stripe', 'github', 'pandaDoc', 'idempotencyKey'] as const) {
		const json = first(sender);
		expect(splitDelivery({ json }, 'auto')).toEqual({ sender, events: [{ kind: null, json }] });
	}
	for (const json of [null, 7, 'text', [], {}, { headers: {}, body: [1, 2] }]) {
		expect(splitDelivery({ json }, 'auto')).toEqual({
			sender: null,
			events: [{ kind: null, json }],
		});
	}
});

it('does not split a body of more events than any sender puts into one', () => {
	const body = Array.from({ length: MOST_EVENTS + 1 }, () => ({ sg_event_id: 'a', event: 'open' }));
	const json = { headers: {}, body };
	expect(splitDelivery({ json }, 'sendGrid').events).toEqual([{ kind: null, json }]);
	expect(idsOf(json, 'sendGrid')).toEqual(['must_split']);
});

it('never throws, whatever comes', () => {
	const odd = [undefined, { body: { entry: [null, 7, { changes: 'x' }] }, headers: {} }, [[]]];
	for (const json of odd) {
		for (const sender of ['whatsApp', 'hubSpot', 'asana', 'auto'] as const) {
			expect(() => splitDelivery({ json }, sender)).not.toThrow();
		}
	}
});
