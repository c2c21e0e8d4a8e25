import { asList, type Delivery, isRecord, mayCopy, own, ownAt } from './delivery';
import { eventField, oneEvent, readId } from './fields';
import type { EventPart, Reading, Sender } from './sender';
import { WHATSAPP } from './whatsapp';

/** Senders that put several events into one request. One event is read as it is; more must be split. */
export const BATCHED_SENDERS: readonly Sender[] = [
	WHATSAPP,
	{
		value: 'hubSpot',
		name: 'HubSpot',
		description: 'Fields eventId, subscriptionId and occurredAt of each event',
		scopeIn: 'the account: portalId',
		trap: 'eventId alone is not unique; attemptNumber counts the attempts; objectId is the contact or deal.',
		batched: splitOut('body'),
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
					required: [eventField(event, 'eventId'), eventField(event, 'subscriptionId')],
					optional: [eventField(event, 'occurredAt')],
					scope: [eventField(event, 'portalId')],
				}),
			),
		split: splitList,
	},
	{
		value: 'sendGrid',
		name: 'SendGrid',
		description: 'Field sg_event_id of each event',
		scopeIn: null,
		trap: 'sg_message_id names the mail, and all of its events share it. Unsubscribes may come without sg_event_id.',
		batched: splitOut('body'),
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
				readId(delivery, { required: [eventField(event, 'sg_event_id')] }),
			),
		split: splitList,
	},
	{
		value: 'asana',
		name: 'Asana',
		description:
			'Fields action, resource, parent, user, created_at and change of each event: it gives no ID',
		scopeIn: null,
		trap: 'resource.gid is the task, and all of its events share it. Events without any are a heartbeat.',
		batched: splitOut('body.events'),
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://developers.asana.com/docs/webhooks-guide',
		seen: 'vendor',
		switchesOff: 'a webhook is deleted after 24 hours of failures',
		unverified: 'that a retry keeps created_at',
		headers: ['x-hook-signature'],
		recognises: ({ body }) => {
			const [first] = asList(own(body, 'events'));
			return own(first, 'resource') !== undefined && own(first, 'action') !== undefined;
		},
		read: (delivery) =>
			oneEvent(eventsIn(delivery, 'events', 'resource'), 'the body', (event) =>
				readId(delivery, {
					required: [
						eventField(event, 'action'),
						eventField(event, 'resource', 'gid'),
						eventField(event, 'created_at'),
					],
					optional: [
						eventField(event, 'parent', 'gid'),
						eventField(event, 'user', 'gid'),
						eventField(event, 'change', 'field'),
						eventField(event, 'change', 'action'),
						eventField(event, 'change', 'new_value', 'gid'),
						eventField(event, 'change', 'added_value', 'gid'),
						eventField(event, 'change', 'removed_value', 'gid'),
					],
				}),
			),
		split: (body) => splitWithin(body, 'events'),
	},
	{
		value: 'line',
		name: 'LINE',
		description: 'Field webhookEventId of each event',
		scopeIn: 'the bot: destination',
		trap: 'message.id is the message; replyToken is for answering; deliveryContext.isRedelivery tells the attempt.',
		batched: splitOut('body.events'),
		retriesForHours: null,
		callerChosen: false,
		source: 'https://developers.line.biz/en/docs/messaging-api/receiving-messages',
		seen: 'vendor',
		switchesOff: 'a bot that fails for a long time is sent nothing more',
		headers: ['x-line-signature'],
		recognises: ({ body }) => {
			const [first] = asList(own(body, 'events'));
			return own(first, 'webhookEventId') !== undefined;
		},
		read: (delivery) =>
			oneEvent(eventsIn(delivery, 'events', 'webhookEventId'), 'the body', (event) =>
				readId(delivery, {
					required: [eventField(event, 'webhookEventId')],
					scope: [eventField(delivery.body, 'destination')],
				}),
			),
		split: (body) => splitWithin(body, 'events'),
	},
	{
		value: 'microsoftGraph',
		name: 'Microsoft Graph',
		description:
			'Field id of each notification, else its subscription, kind, resource and @odata.etag',
		scopeIn: 'the subscription: subscriptionId',
		trap: 'resourceData.id is the message or file, and all of its changes share it. A change without id and @odata.etag has no ID.',
		batched: splitOut('body.value'),
		retriesForHours: 4,
		callerChosen: false,
		source: 'https://learn.microsoft.com/en-us/graph/api/resources/changenotification',
		seen: 'secondary',
		unverified: 'for how long it retries',
		headers: [],
		recognises: ({ body }) => {
			const [first] = asList(own(body, 'value'));
			return (
				own(first, 'subscriptionId') !== undefined &&
				(own(first, 'changeType') !== undefined || own(first, 'lifecycleEvent') !== undefined)
			);
		},
		read: (delivery) =>
			oneEvent(eventsIn(delivery, 'value', 'subscriptionId'), 'the body', (event) =>
				readNotification(delivery, event),
			),
		split: (body) => splitWithin(body, 'value'),
	},
];

function splitOut(field: string): string {
	return `Put a Split Out node before the Guard: Fields To Split Out ${field}, Include: No Other Fields`;
}

/** The events of a body that lists them, or the one that the body itself is. */
function eventsIn({ body }: Delivery, list: string, field: string): readonly unknown[] {
	return own(body, field) === undefined ? asList(own(body, list)) : [body];
}

function readNotification(delivery: Delivery, event: unknown): Reading {
	const scope = [eventField(event, 'subscriptionId')];
	if (own(event, 'id') !== undefined) {
		return readId(delivery, { tag: 'id', required: [eventField(event, 'id')], scope });
	}
	const kind = own(event, 'changeType') === undefined ? 'lifecycleEvent' : 'changeType';
	// A thing is made once, and may change often.
	const happensOnce = ownAt(event, ['changeType']) === 'created';
	const etag = eventField(event, 'resourceData', '@odata.etag');
	return readId(delivery, {
		tag: 'change',
		required: [
			eventField(event, kind),
			eventField(event, 'resource'),
			...(happensOnce ? [] : [etag]),
		],
		scope,
	});
}

/** A body that is a list of events: each is a body. */
function splitList(body: unknown): readonly EventPart[] {
	return (Array.isArray(body) ? (body as unknown[]) : [body]).map((event) => ({
		kind: null,
		body: event,
	}));
}

/** A body that has a list of events: each in a copy of the body that has it alone. */
function splitWithin(body: unknown, list: string): readonly EventPart[] {
	const events = own(body, list);
	if (!isRecord(body) || !Array.isArray(events) || !mayCopy(body, events.length))
		return [{ kind: null, body }];
	return (events as unknown[]).map((event) => ({ kind: null, body: { ...body, [list]: [event] } }));
}
