import { bodyOf, first, fixtureOf, foundIn, refusalOf, type JsonObject } from './deliveries';

describe('WhatsApp', () => {
	const message = {
		from: '16505551234',
		id: 'wamid.A',
		timestamp: '1749416383',
		type: 'text',
		text: { body: 'Hi' },
	};
	const status = { id: 'wamid.A', status: 'read', timestamp: '1750030080', recipient_id: '1650' };
	const metadata = { phone_number_id: '106540352242922' };
	const value = (part: object) => ({ messaging_product: 'whatsapp', metadata, ...part });
	const request = (...values: object[]) => ({
		headers: {},
		body: {
			object: 'whatsapp_business_account',
			entry: values.map((one) => ({ id: 'account', changes: [{ value: one, field: 'messages' }] })),
		},
	});

	it('keeps a message and the statuses about it apart', () => {
		const ids = [
			request(value({ messages: [message] })),
			request(value({ statuses: [status] })),
			request(value({ statuses: [{ ...status, status: 'delivered' }] })),
			request(value({ statuses: [{ ...status, recipient_id: '1651' }] })),
			request(value({ statuses: [status], metadata: { phone_number_id: '2' } })),
		].map((json) => JSON.stringify([foundIn(json, 'auto').scope, foundIn(json, 'auto').id]));
		expect(new Set(ids).size).toBe(ids.length);
	});

	it.each([
		['two messages', request(value({ messages: [message, { ...message, id: 'wamid.B' }] }))],
		['a message and a status', request(value({ messages: [message], statuses: [status] }))],
		['two entries', request(value({ messages: [message] }), value({ statuses: [status] }))],
		[
			'a message and another change',
			request(value({ messages: [message] }), { event: 'APPROVED' }),
		],
	])('%s must be split, and the message says how', (_, json) => {
		const refusal = refusalOf(json, 'auto');
		expect(refusal).toMatchObject({ problem: 'must_split', tried: ['whatsApp'] });
		expect(refusal.message).toContain('holds 2 events');
		expect(refusal.message).toContain('Split Out');
		expect(refusal.message).toContain('body.entry');
	});

	it("reads every part that Split Out or n8n's WhatsApp Trigger makes of it", () => {
		const whole = request(value({ messages: [message] }));
		const [entry] = whole.body.entry;
		const [change] = entry?.changes ?? [];
		const id = '["message","wamid.A"]';
		expect(foundIn(whole, 'auto').id).toBe(id);
		expect(foundIn(entry, 'whatsApp').id).toBe(id);
		expect(foundIn(change, 'auto').id).toBe(id);
		expect(foundIn({ ...value({ messages: [message] }), field: 'messages' }, 'auto').id).toBe(id);
		expect(foundIn(message, 'whatsApp').id).toBe(id);
		expect(foundIn(status, 'whatsApp').id).toBe('["status","wamid.A","read","1650"]');
	});

	it('takes neither the account nor a template change for an event', () => {
		for (const json of [
			request({ event: 'APPROVED', message_template_id: 1 }),
			request(),
			{ id: 'account', changes: [] },
			{ id: 'account', timestamp: 1 },
			{ id: 'page', type: 'page' },
			{ id: 'ticket', status: 'open' },
		]) {
			expect(refusalOf(json, 'whatsApp').problem).toBe('missing');
		}
	});
});

describe.each([
	['hubSpot', { eventId: 101 }],
	['sendGrid', { sg_event_id: 'another' }],
] as const)('a batch of %s', (sender, second) => {
	const json = first(sender);
	const event = (bodyOf(json) as JsonObject[])[0] ?? {};

	it('must be split where it holds several events', () => {
		const refusal = refusalOf({ ...json, body: [event, { ...event, ...second }] }, 'auto');
		expect(refusal).toMatchObject({ problem: 'must_split', tried: [sender] });
		expect(refusal.message).toContain('Fields To Split Out body');
	});

	it('is missing where it holds none', () => {
		expect(refusalOf({ ...json, body: [] }, 'auto').problem).toBe('missing');
	});

	it('reads one element, alone or with the headers still there', () => {
		const { id } = fixtureOf(sender);
		expect(foundIn(event, 'auto')).toMatchObject({ sender, id });
		expect(foundIn({ ...json, body: event }, sender).id).toBe(id);
	});
});
