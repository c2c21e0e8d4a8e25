import { isRecord, own, ownAt, textAt } from './delivery';
import { bodyField, type Field, readId, valueText } from './fields';
import { SLACK_THING } from './things';
import type { Sender } from './sender';

/** Senders whose id is in the body of a request that carries one event. */
export const BODY_SENDERS: readonly Sender[] = [
	{
		value: 'stripe',
		name: 'Stripe',
		description: 'Body field id (evt_…)',
		scopeIn: null,
		trap: 'data.object.id is the payment or invoice; Stripe-Signature is made for each attempt.',
		batched: null,
		retriesForHours: 72,
		callerChosen: false,
		source: 'https://docs.stripe.com/webhooks/process-undelivered-events',
		seen: 'vendor',
		headers: ['stripe-signature'],
		recognises: ({ body }) =>
			['event', 'v2.core.event'].includes(textAt(body, 'object')) &&
			textAt(body, 'id').startsWith('evt_'),
		read: (delivery) => {
			const reading = readId(delivery, { required: [bodyField('id')] });
			return reading.kind === 'id' && !reading.id.startsWith('evt_')
				? { kind: 'malformed', why: 'the body field id does not name an event (evt_…)' }
				: reading;
		},
	},
	{
		value: 'slack',
		name: 'Slack Events',
		description: 'Body field event_id',
		scopeIn: null,
		switchesOff:
			'where more than 95% of the deliveries of an hour fail, all events of the app are switched off',
		thing: SLACK_THING,
		trap: 'One message may come as several events (message and app_mention, or to several subscriptions), each with its own event_id: choose "What Happened". X-Slack-Retry-Num counts the attempts. Slash commands and buttons have no event ID; use Custom Value with trigger_id.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source:
			'https://github.com/slackapi/slack-api-specs/blob/master/events-api/slack_events_api_asyncapi_v2.json',
		seen: 'vendor',
		headers: ['x-slack-signature', 'x-slack-request-timestamp'],
		recognises: ({ body }) =>
			textAt(body, 'type') === 'event_callback' && textAt(body, 'api_app_id') !== '',
		behindTrigger:
			"n8n's Slack Trigger drops event_id. Use a Webhook node as the app's Request URL, or Custom Value with client_msg_id or event_ts and channel",
		looksLike: (json) => textAt(json, 'event_ts') !== '' && textAt(json, 'type') !== '',
		read: (delivery) => readId(delivery, { required: [bodyField('event_id')] }),
	},
	{
		value: 'paddle',
		name: 'Paddle',
		description: 'Body field event_id',
		scopeIn: null,
		trap: 'notification_id differs for each destination; data.id is the transaction.',
		batched: null,
		retriesForHours: 72,
		callerChosen: false,
		source: 'https://developer.paddle.com/webhooks/respond-to-webhooks',
		seen: 'vendor',
		headers: ['paddle-signature'],
		recognises: ({ body }) =>
			textAt(body, 'event_id').startsWith('evt_') &&
			textAt(body, 'notification_id').startsWith('ntf_'),
		read: (delivery) => readId(delivery, { required: [bodyField('event_id')] }),
	},
	{
		value: 'square',
		name: 'Square',
		description: 'Body field event_id',
		scopeIn: null,
		trap: 'data.id is the payment.',
		batched: null,
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://developer.squareup.com/docs/webhooks/step4manage',
		seen: 'vendor',
		headers: ['x-square-hmacsha256-signature'],
		recognises: ({ body }) =>
			textAt(body, 'merchant_id') !== '' &&
			textAt(body, 'event_id') !== '' &&
			isRecord(own(body, 'data')),
		read: (delivery) => readId(delivery, { required: [bodyField('event_id')] }),
	},
	{
		value: 'payPal',
		name: 'PayPal',
		description: 'Body field id (WH-…)',
		scopeIn: null,
		trap: 'resource.id is the payment; Paypal-Transmission-Id is not said to outlive an attempt.',
		batched: null,
		retriesForHours: 72,
		callerChosen: false,
		source:
			'https://github.com/paypal/paypal-rest-api-specifications/blob/main/openapi/notifications_webhooks_v1.json',
		seen: 'vendor',
		headers: ['paypal-transmission-id', 'paypal-transmission-sig'],
		recognises: ({ body }) => isPayPalEvent(body) && textAt(body, 'id').startsWith('WH-'),
		read: (delivery) =>
			isPayPalEvent(delivery.body)
				? readId(delivery, { required: [bodyField('id')] })
				: { kind: 'missing', why: 'the body is not a PayPal event (event_type, resource)' },
	},
	{
		value: 'typeform',
		name: 'Typeform',
		description: 'Body field event_id',
		scopeIn: null,
		trap: 'form_response.token names the response, and a partial and the full response share it. That a retry keeps event_id is not promised.',
		batched: null,
		retriesForHours: 11,
		callerChosen: false,
		source: 'https://www.typeform.com/developers/webhooks/',
		seen: 'secondary',
		headers: ['typeform-signature'],
		recognises: ({ body }) =>
			textAt(body, 'event_type').startsWith('form_response') &&
			isRecord(own(body, 'form_response')),
		behindTrigger:
			"n8n's Typeform Trigger drops event_id when Only Answers is on. Turn Only Answers off",
		read: (delivery) => readId(delivery, { required: [bodyField('event_id')] }),
	},
	{
		value: 'telegram',
		name: 'Telegram',
		description: 'Body field update_id',
		scopeIn: 'one bot, which the update does not name: one Guard for each bot',
		trap: 'message.message_id counts within a chat, and an edit keeps it.',
		batched: null,
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://core.telegram.org/bots/api#getting-updates',
		seen: 'secondary',
		headers: ['x-telegram-bot-api-secret-token'],
		recognises: ({ body }) => own(body, 'update_id') !== undefined,
		read: (delivery) => readId(delivery, { required: [bodyField('update_id')] }),
	},
	{
		value: 'mailgun',
		name: 'Mailgun',
		description: 'Body fields event-data.id and the day of event-data.timestamp',
		scopeIn: null,
		trap: 'The ID is unique within a day only. signature.token is that of the attempt.',
		batched: null,
		retriesForHours: 8,
		callerChosen: false,
		source: 'https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure',
		seen: 'vendor',
		headers: [],
		recognises: ({ body }) => isRecord(own(body, 'event-data')) && isRecord(own(body, 'signature')),
		read: (delivery) =>
			readId(delivery, { required: [bodyField('event-data', 'id'), MAILGUN_DAY] }),
	},
];

function isPayPalEvent(body: unknown): boolean {
	return textAt(body, 'event_type') !== '' && isRecord(own(body, 'resource'));
}

/** Mailgun's event time is in seconds, with a fraction; an id is unique within its (UTC) day. */
const MAILGUN_DAY: Field = {
	label: 'the body field event-data.timestamp',
	read: ({ body }) => {
		const seconds = ownAt(body, ['event-data', 'timestamp']);
		const day = typeof seconds === 'number' ? Math.floor(seconds / 86_400) : Number.NaN;
		return seconds === undefined
			? { kind: 'absent' }
			: valueText(day, 'the body field event-data.timestamp');
	},
};
