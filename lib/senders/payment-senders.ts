import { isRecord, own, ownAt, textAt } from './delivery';
import { bodyField, header, readId } from './fields';
import type { Sender } from './sender';

/** Payments and subscriptions, besides those that were here first. */
export const PAYMENT_SENDERS: readonly Sender[] = [
	{
		value: 'chargebee',
		name: 'Chargebee',
		description: 'Body field id (ev_…)',
		scopeIn: 'one Chargebee site, which the event does not name: one Guard for each site',
		trap: 'content.subscription.id and its like name the thing, and all of its events share it. webhook_status counts the attempts.',
		batched: null,
		retriesForHours: 72,
		callerChosen: false,
		source: 'https://www.chargebee.com/docs/webhook_settings.html',
		seen: 'secondary',
		headers: [],
		recognises: ({ body }) =>
			textAt(body, 'id').startsWith('ev_') &&
			textAt(body, 'event_type') !== '' &&
			isRecord(own(body, 'content')),
		read: (delivery) => readId(delivery, { required: [bodyField('id')] }),
	},
	{
		value: 'lemonSqueezy',
		name: 'Lemon Squeezy',
		description:
			'Body fields meta.event_name, data.type, data.id and data.attributes.updated_at: it gives no ID',
		scopeIn: 'the store: data.attributes.store_id',
		trap: 'Two changes of one thing within a second look alike. data.id alone is the order or subscription.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://docs.lemonsqueezy.com/help/webhooks/webhook-requests',
		seen: 'vendor',
		headers: [],
		recognises: ({ body }) =>
			textAt(own(body, 'meta'), 'event_name') !== '' &&
			isRecord(ownAt(body, ['data', 'attributes'])),
		read: (delivery) =>
			readId(delivery, {
				required: [
					bodyField('meta', 'event_name'),
					bodyField('data', 'type'),
					bodyField('data', 'id'),
					bodyField('data', 'attributes', 'updated_at'),
				],
				scope: [bodyField('data', 'attributes', 'store_id')],
			}),
	},
	{
		value: 'mollie',
		name: 'Mollie',
		description: 'Body field id (event_…) of next-gen webhooks',
		scopeIn: null,
		trap: "Classic webhooks send the payment's ID (tr_…) for each of its changes: fetch the payment first, then use Custom Value with its ID and status. entityId is the payment.",
		batched: null,
		retriesForHours: 26,
		callerChosen: false,
		source: 'https://docs.mollie.com/reference/webhooks-new',
		seen: 'secondary',
		unverified: 'for how long it retries',
		headers: ['x-mollie-signature'],
		recognises: ({ body }) =>
			textAt(body, 'resource') === 'event' && textAt(body, 'id').startsWith('event_'),
		read: (delivery) => {
			const reading = readId(delivery, { required: [bodyField('id')] });
			return reading.kind === 'id' && !reading.id.startsWith('event_')
				? {
						kind: 'missing',
						why: 'the body names a payment or the like, not an event: fetch it, and use Custom Value with its ID and status',
					}
				: reading;
		},
	},
	{
		value: 'polar',
		name: 'Polar',
		description: 'Header webhook-id',
		scopeIn: null,
		trap: 'It follows Standard Webhooks; choose it by name for the secret of an older endpoint (polar_whs_…). data.id is the order.',
		batched: null,
		retriesForHours: 4,
		callerChosen: false,
		source: 'https://github.com/polarsource/polar/blob/main/server/polar/webhook/tasks.py',
		seen: 'vendor',
		switchesOff: 'after 10 failed deliveries in a row',
		unverified: 'when it switches off',
		headers: [],
		read: (delivery) => readId(delivery, { required: [header('webhook-id')] }),
	},
	{
		value: 'razorpay',
		name: 'Razorpay',
		description: 'Header X-Razorpay-Event-Id',
		scopeIn: null,
		trap: 'payload.payment.entity.id is the payment, and each of its states has an event.',
		batched: null,
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://razorpay.com/docs/webhooks/best-practices',
		seen: 'vendor',
		switchesOff: 'after 24 hours of failures',
		headers: ['x-razorpay-event-id', 'x-razorpay-signature'],
		read: (delivery) => readId(delivery, { required: [header('X-Razorpay-Event-Id')] }),
	},
];
