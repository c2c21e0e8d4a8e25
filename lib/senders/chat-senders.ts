import { isRecord, own, ownAt, textAt, type Delivery } from './delivery';
import { bodyField, firstOf, header, readId } from './fields';
import type { Reading, Sender } from './sender';

/** Chat, calls and support, besides those that were here first. */
export const CHAT_SENDERS: readonly Sender[] = [
	{
		value: 'discord',
		name: 'Discord',
		description:
			'Body field id of an interaction; event.type, event.timestamp and what it is about of an event',
		scopeIn: 'the application: application_id',
		trap: 'data.id is the command. token is for answering.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://docs.discord.com/developers/events/webhook-events',
		seen: 'vendor',
		switchesOff: 'where it fails too often, or does not refuse wrong signatures',
		unverified: 'for how long it retries',
		headers: ['x-signature-ed25519', 'x-signature-timestamp'],
		read: readDiscord,
	},
	{
		value: 'intercom',
		name: 'Intercom',
		description: 'Body field id (notif_…)',
		scopeIn: 'the app: app_id',
		trap: 'data.item.id is the conversation or contact; delivery_attempts counts.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://developers.intercom.com/docs/webhooks/webhook-notifications',
		seen: 'secondary',
		switchesOff:
			'after seven days of errors (private apps), and for 15 minutes after 1,000 errors in a row',
		unverified: 'for how long it retries',
		headers: [],
		recognises: ({ body }) =>
			textAt(body, 'type') === 'notification_event' && textAt(body, 'topic') !== '',
		read: (delivery) =>
			readId(delivery, { required: [bodyField('id')], scope: [bodyField('app_id')] }),
	},
	{
		value: 'twitch',
		name: 'Twitch EventSub',
		description: 'Header Twitch-Eventsub-Message-Id',
		scopeIn: null,
		trap: 'Twitch-Eventsub-Message-Retry counts. subscription.id names the subscription.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://dev.twitch.tv/docs/eventsub/handling-webhook-events/',
		seen: 'secondary',
		switchesOff: 'a subscription that fails too often is revoked',
		unverified: 'for how long it retries',
		headers: ['twitch-eventsub-message-id', 'twitch-eventsub-message-type'],
		read: (delivery) => readId(delivery, { required: [header('Twitch-Eventsub-Message-Id')] }),
	},
	{
		value: 'waha',
		name: 'WAHA',
		description: 'Body field id (evt_…)',
		scopeIn: 'the session: session',
		trap: 'message and message.any tell of one message in two events: subscribe to one of them, or use Custom Value with payload.id.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://waha.devlike.pro/docs/how-to/events/',
		seen: 'secondary',
		headers: ['x-webhook-hmac', 'x-webhook-request-id'],
		recognises: ({ body }) =>
			textAt(body, 'event') !== '' &&
			textAt(body, 'session') !== '' &&
			textAt(body, 'id').startsWith('evt_'),
		read: (delivery) =>
			readId(delivery, { required: [bodyField('id')], scope: [bodyField('session')] }),
	},
	{
		value: 'zendesk',
		name: 'Zendesk',
		description: 'Header X-Zendesk-Webhook-Invocation-Id',
		scopeIn: null,
		trap: 'X-Zendesk-Webhook-Id names the webhook. Zendesk tries again after 409, 429, 503 and timeouts only.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://developer.zendesk.com/api-reference/webhooks/introduction',
		seen: 'secondary',
		unverified: 'that a retry keeps the invocation ID',
		headers: ['x-zendesk-webhook-invocation-id', 'x-zendesk-webhook-signature'],
		read: (delivery) => readId(delivery, { required: [header('X-Zendesk-Webhook-Invocation-Id')] }),
	},
	{
		value: 'zoom',
		name: 'Zoom',
		description:
			'Body fields event, event_ts, payload.object.uuid (or id, or call_id) and its participant: it gives no ID',
		scopeIn: 'the account: payload.account_id',
		trap: 'payload.object.id is the meeting, which may be held again; x-zm-request-timestamp is that of the attempt.',
		batched: null,
		retriesForHours: 2,
		callerChosen: false,
		source: 'https://developers.zoom.us/blog/webhook-delays',
		seen: 'vendor',
		unverified: 'that a retry keeps event_ts',
		headers: ['x-zm-signature', 'x-zm-request-timestamp'],
		read: (delivery) =>
			readId(delivery, {
				required: [bodyField('event'), bodyField('event_ts')],
				optional: [
					firstOf(
						bodyField('payload', 'object', 'uuid'),
						bodyField('payload', 'object', 'id'),
						bodyField('payload', 'object', 'call_id'),
					),
					firstOf(
						bodyField('payload', 'object', 'participant', 'participant_uuid'),
						bodyField('payload', 'object', 'participant', 'user_id'),
					),
				],
				scope: [bodyField('payload', 'account_id')],
			}),
	},
];

function readDiscord(delivery: Delivery): Reading {
	const scope = [bodyField('application_id')];
	if (!isRecord(own(delivery.body, 'event'))) {
		return readId(delivery, { required: [bodyField('id')], scope });
	}
	const about = (...path: string[]) => bodyField('event', 'data', ...path);
	const hasId = ownAt(delivery.body, ['event', 'data', 'id']) !== undefined;
	return readId(delivery, {
		tag: 'event',
		required: [bodyField('event', 'type'), bodyField('event', 'timestamp')],
		optional: [hasId ? about('id') : about('user', 'id')],
		scope,
	});
}
