import type { IDataObject } from 'n8n-workflow';

import { splitDelivery } from '../../../lib/senders/split-delivery';

/** What is split holds little more than what came: anybody can send a body of many events. */

const item = (body: unknown) => ({ json: { headers: {}, params: {}, query: {}, body } });
const MANY = 1_000;

it('of WhatsApp: no event has the contacts of all others', () => {
	const value = {
		messaging_product: 'whatsapp',
		metadata: { phone_number_id: '1' },
		contacts: Array.from({ length: MANY }, () => ({})),
		messages: Array.from({ length: MANY }, () => ({})),
	};
	const body = { object: 'whatsapp_business_account', entry: [{ changes: [{ value }] }] };
	const { events } = splitDelivery(item(body), 'auto');
	const lists = new Set(
		events.map(({ json }) => {
			const [entry] = (json as { body: { entry: IDataObject[] } }).body.entry;
			const [change] = (entry as { changes: Array<{ value: IDataObject }> }).changes;
			return change?.value.contacts as unknown[];
		}),
	);
	const places = [...lists].reduce((sum, list) => sum + list.length, 0);
	expect(places).toBeLessThanOrEqual(2 * MANY);
});

it.each([
	['LINE', { destination: 'U', events: [{ webhookEventId: 'e' }] }, 'events'],
	['Asana', { events: [{ user: {}, resource: { gid: '1' }, action: 'changed' }] }, 'events'],
	['Microsoft Graph', { value: [{ subscriptionId: 's', resource: 'r' }] }, 'value'],
])('of %s: no event has a copy of all other fields', (_, one, list) => {
	const [event] = (one as unknown as Record<string, unknown[]>)[list] ?? [];
	const fields = Object.fromEntries(Array.from({ length: 5 * MANY }, (__, i) => [`k${i}`, 0]));
	const body = { ...one, ...fields, [list]: Array.from({ length: MANY }, () => event) };
	const { events } = splitDelivery(item(body), 'auto');
	const bodies = new Set(events.map(({ json }) => (json as { body: object }).body));
	const copied = [...bodies].reduce((sum, each) => sum + Object.keys(each).length, 0);
	expect(copied).toBeLessThanOrEqual(2 * Object.keys(body).length);
});
