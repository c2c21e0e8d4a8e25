import { asList, type Delivery, isRecord, own } from './delivery';
import { readId, valueText, type Field } from './fields';
import type { Reading, Sender } from './sender';

/** Senders that put several events into one request. One event is read as it is; more must be split. */
export const BATCHED_SENDERS: readonly Sender[] = [
	{
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
	},
	{
		value: 'hubSpot',
		name: 'HubSpot',
		description: 'Fields eventId, subscriptionId and occurredAt of each event',
		scopeIn: 'the account: portalId',
		trap: 'eventId alone is not unique; attemptNumber counts the attempts; objectId is the contact or deal.',
		batched:
			'Put a Split Out node before the Guard: Fields To Split Out body, Include: No Other Fields',
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://developers.hubspot.com/docs/api/webhooks',
		seen: 'secondary',
		headers: ['x-hubspot-signature', 'x-hubspot-signature-v3'],
		recognises: ({ body }) => {
			const [first] = asList(body);
			return ['eventId', 'subscriptionId', 'portalId'].every(
				(key) => own(first, key) !== undefined,
			);
		},
		read: (delivery) =>
			oneEvent(asList(delivery.body), 'the body', (event) =>
				readId(delivery, {
					required: [of(event, 'eventId'), of(event, 'subscriptionId')],
					optional: [of(event, 'occurredAt')],
					scope: [of(event, 'portalId')],
				}),
			),
	},
	{
		value: 'sendGrid',
		name: 'SendGrid',
		description: 'Field sg_event_id of each event',
		scopeIn: null,
		trap: 'sg_message_id names the mail, and all of its events share it.',
		batched:
			'Put a Split Out node before the Guard: Fields To Split Out body, Include: No Other Fields',
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://docs.sendgrid.com/for-developers/tracking-events/troubleshooting',
		seen: 'vendor',
		headers: ['x-twilio-email-event-webhook-signature'],
		recognises: ({ body }) => {
			const [first] = asList(body);
			return own(first, 'sg_event_id') !== undefined && own(first, 'event') !== undefined;
		},
		read: (delivery) =>
			oneEvent(asList(delivery.body), 'the body', (event) =>
				readId(delivery, { required: [of(event, 'sg_event_id')] }),
			),
	},
];

function of(event: unknown, key: string): Field {
	const label = `the event's ${key}`;
	return { label, read: () => valueText(own(event, key), label) };
}

function oneEvent<Event>(
	events: readonly Event[],
	where: string,
	read: (event: Event) => Reading,
): Reading {
	const [first] = events;
	if (events.length > 1) {
		return { kind: 'must_split', why: `${where} holds ${events.length} events` };
	}
	return first === undefined ? { kind: 'missing', why: `${where} holds no event` } : read(first);
}

interface WhatsAppEvent {
	readonly kind: 'message' | 'status' | 'other';
	readonly event: unknown;
	readonly metadata: unknown;
}

function readWhatsApp(delivery: Delivery): Reading {
	return oneEvent(whatsAppEvents(delivery.body), 'the delivery', ({ kind, event, metadata }) => {
		if (kind === 'other') {
			return { kind: 'missing', why: 'the delivery holds neither a message nor a status' };
		}
		return readId(delivery, {
			tag: kind,
			required: kind === 'message' ? [of(event, 'id')] : [of(event, 'id'), of(event, 'status')],
			optional: kind === 'message' ? [] : [of(event, 'recipient_id')],
			scope: [of(metadata, 'phone_number_id')],
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

function kindOfSingle(node: unknown): WhatsAppEvent['kind'] {
	const has = (key: string) => own(node, key) !== undefined;
	if (!has('id') || !has('timestamp')) return 'other';
	if (has('status')) return 'status';
	return has('type') ? 'message' : 'other';
}
