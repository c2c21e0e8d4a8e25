import { asList, type Delivery, isRecord, mayCopy, own } from './delivery';
import { eventField, oneEvent, readId } from './fields';
import type { EventPart, Reading, Sender } from './sender';

export const WHATSAPP: Sender = {
	value: 'whatsApp',
	name: 'WhatsApp',
	description: 'Field messages[].id, or statuses[].id with its status and recipient',
	scopeIn: 'the phone number: metadata.phone_number_id',
	trap: 'A status carries the ID of the message it is about. entry[].id is the account.',
	batched:
		'Put Split Out nodes before the Guard, each with Include: No Other Fields: one for body.entry, one for changes, then one for value.messages (or value.statuses)',
	retriesForHours: 168,
	callerChosen: false,
	source: 'https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/',
	seen: 'secondary',
	headers: [],
	recognises: ({ body }) =>
		own(body, 'object') === 'whatsapp_business_account' ||
		own(body, 'messaging_product') === 'whatsapp' ||
		own(own(body, 'value'), 'messaging_product') === 'whatsapp',
	read: readWhatsApp,
	kinds: [
		{ value: 'message', name: 'Messages' },
		{ value: 'status', name: 'Statuses' },
		{ value: 'other', name: 'Other Changes' },
	],
	split: splitBody,
};

type Kind = 'message' | 'status' | 'other';

interface WhatsAppEvent {
	readonly kind: Kind;
	readonly event: unknown;
	readonly metadata: unknown;
}

function readWhatsApp(delivery: Delivery): Reading {
	return oneEvent(whatsAppEvents(delivery.body), 'the delivery', ({ kind, event, metadata }) => {
		if (kind === 'other') {
			return { kind: 'missing', why: 'the delivery holds neither a message nor a status' };
		}
		const isMessage = kind === 'message';
		return readId(delivery, {
			tag: kind,
			required: isMessage
				? [eventField(event, 'id')]
				: [eventField(event, 'id'), eventField(event, 'status')],
			optional: isMessage ? [] : [eventField(event, 'recipient_id')],
			scope: [eventField(metadata, 'phone_number_id')],
		});
	});
}

/** The events of a whole body, or of any part of it that Split Out or n8n's WhatsApp Trigger makes. */
function whatsAppEvents(body: unknown): WhatsAppEvent[] {
	const inside = (node: unknown, key: string) =>
		own(node, key) === undefined ? [node] : asList(own(node, key));
	return inside(body, 'entry')
		.flatMap((entry) => inside(entry, 'changes'))
		.flatMap((change) =>
			eventsOfValue(isRecord(own(change, 'value')) ? own(change, 'value') : change),
		);
}

function eventsOfValue(value: unknown): WhatsAppEvent[] {
	const metadata = own(value, 'metadata');
	const messages = asList(own(value, 'messages'));
	const statuses = asList(own(value, 'statuses'));
	if (messages.length + statuses.length === 0) {
		return [{ kind: kindOfSingle(value), event: value, metadata }];
	}
	return [
		...messages.map((event) => ({ kind: 'message', event, metadata }) as const),
		...statuses.map((event) => ({ kind: 'status', event, metadata }) as const),
	];
}

function kindOfSingle(node: unknown): Kind {
	const has = (key: string) => own(node, key) !== undefined;
	if (!has('id') || !has('timestamp')) return 'other';
	if (has('status')) return 'status';
	return has('type') ? 'message' : 'other';
}

/** Each event in an envelope of its own, so that the fields of a message are where they were in the whole body. */
function splitBody(body: unknown): readonly EventPart[] {
	return within(body, 'entry', (entry) => within(entry, 'changes', splitChange));
}

/** The parts of each element of a list, each as a copy of `node` that has that one element. */
function within(
	node: unknown,
	key: string,
	split: (element: unknown) => readonly EventPart[],
): readonly EventPart[] {
	if (!isRecord(node) || own(node, key) === undefined) return split(node);
	const parts = asList(own(node, key)).flatMap((element) => split(element));
	if (!mayCopy(node, parts.length)) return [{ kind: null, body: node }];
	return parts.map(({ kind, body }) => ({ kind, body: { ...node, [key]: [body] } }));
}

function splitChange(change: unknown): readonly EventPart[] {
	const value = own(change, 'value');
	if (!isRecord(change) || !isRecord(value)) return splitValue(change);
	const parts = splitValue(value);
	if (!mayCopy(change, parts.length)) return [{ kind: null, body: change }];
	return parts.map(({ kind, body }) => ({ kind, body: { ...change, value: body } }));
}

function splitValue(value: unknown): readonly EventPart[] {
	const events = eventsOfValue(value);
	if (
		!isRecord(value) ||
		events.every(({ event }) => event === value) ||
		!mayCopy(value, events.length)
	) {
		return [{ kind: events[0]?.kind ?? 'other', body: value }];
	}
	const rest = Object.fromEntries(
		Object.entries(value).filter(([name]) => !['messages', 'statuses', 'contacts'].includes(name)),
	);
	const contacts = contactsById(value['contacts']);
	return events.map(({ kind, event }): EventPart => {
		const list = kind === 'message' ? 'messages' : 'statuses';
		const of = contacts.get(own(event, 'from')) ?? value['contacts'];
		return {
			kind,
			body: { ...rest, ...(of === undefined ? {} : { contacts: of }), [list]: [event] },
		};
	});
}

/** Of several people, whoever wrote the message; else all. */
function contactsById(contacts: unknown): ReadonlyMap<unknown, readonly unknown[]> {
	const byId = new Map<unknown, unknown[]>();
	for (const contact of Array.isArray(contacts) ? (contacts as unknown[]) : []) {
		const id = own(contact, 'wa_id');
		const known = byId.get(id);
		if (id === undefined) continue;
		if (known === undefined) byId.set(id, [contact]);
		else known.push(contact);
	}
	return byId;
}
