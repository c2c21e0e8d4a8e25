import { asList, isRecord, own, ownAt, textAt, type Delivery } from './delivery';
import { bodyField, firstOf, header, readId, valueText, type Field } from './fields';
import type { Sender } from './sender';

/** Tasks, tables, calendars and customers, one event a request. */
export const WORK_SENDERS: readonly Sender[] = [
	{
		value: 'baserow',
		name: 'Baserow',
		description: 'Header X-Baserow-Delivery and body field batch_id',
		scopeIn: null,
		trap: 'A large change comes in several requests with one delivery ID and a batch_id each. items[].id is the row.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source:
			'https://github.com/baserow/baserow/blob/develop/backend/src/baserow/contrib/database/webhooks/tasks.py',
		seen: 'vendor',
		switchesOff: 'after 8 failures in a row (BASEROW_WEBHOOKS_MAX_CONSECUTIVE_TRIGGER_FAILURES)',
		headers: ['x-baserow-delivery', 'x-baserow-event'],
		read: (delivery) =>
			readId(delivery, {
				required: [header('X-Baserow-Delivery')],
				optional: [bodyField('batch_id')],
			}),
	},
	{
		value: 'calendly',
		name: 'Calendly',
		description: 'Body fields event, created_at and payload.uri: it gives no ID',
		scopeIn: null,
		trap: 'payload.uri is the invitee, whose booking and cancellation share it. Calendly-Webhook-Signature is made for each attempt.',
		batched: null,
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://developer.calendly.com/docs/webhooks/overview',
		seen: 'vendor',
		switchesOff: 'after 24 hours of failures; at once on 410',
		unverified: 'that a retry keeps created_at',
		headers: ['calendly-webhook-signature'],
		recognises: ({ body }) => textAt(own(body, 'payload'), 'uri').includes('calendly.com'),
		read: (delivery) =>
			readId(delivery, {
				required: [bodyField('event'), bodyField('created_at'), bodyField('payload', 'uri')],
			}),
	},
	{
		value: 'clickUp',
		name: 'ClickUp',
		description: 'Body fields event and history_items[].id',
		scopeIn: 'the webhook: webhook_id',
		trap: 'task_id is the task, and all of its events share it. Events without history_items (a deleted task) have no ID: use Custom Value with event and task_id.',
		batched: null,
		retriesForHours: null,
		callerChosen: false,
		source: 'https://developer.clickup.com/docs/webhookhealth',
		seen: 'vendor',
		switchesOff: 'after 100 events that failed five times each; at once on 410',
		headers: [],
		recognises: ({ body }) =>
			textAt(body, 'webhook_id') !== '' &&
			textAt(body, 'event') !== '' &&
			Array.isArray(own(body, 'history_items')),
		read: (delivery) =>
			readId(delivery, {
				required: [bodyField('event'), HISTORY_IDS],
				scope: [bodyField('webhook_id')],
			}),
	},
	{
		value: 'monday',
		name: 'monday.com',
		description: 'Body field event.triggerUuid',
		scopeIn: null,
		trap: 'event.pulseId is the item; event.subscriptionId names the webhook.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://developer.monday.com/api-reference/reference/webhooks',
		seen: 'secondary',
		headers: [],
		recognises: ({ body }) => textAt(own(body, 'event'), 'triggerUuid') !== '',
		read: (delivery) => readId(delivery, { required: [bodyField('event', 'triggerUuid')] }),
	},
	{
		value: 'notion',
		name: 'Notion',
		description: 'Body field id',
		scopeIn: 'the subscription: subscription_id',
		trap: 'entity.id is the page; attempt_number counts. The first request carries the verification_token alone: read it in that execution.',
		batched: null,
		retriesForHours: 24,
		callerChosen: false,
		source: 'https://developers.notion.com/reference/webhooks',
		seen: 'secondary',
		unverified: 'for how long it retries',
		headers: ['x-notion-signature'],
		recognises: ({ body }) =>
			isRecord(own(body, 'entity')) && textAt(body, 'subscription_id') !== '',
		read: (delivery) =>
			readId(delivery, {
				required: [firstOf(bodyField('id'), bodyField('verification_token'))],
				scope: [bodyField('subscription_id')],
			}),
	},
	{
		value: 'pipedrive',
		name: 'Pipedrive',
		description: 'Body fields meta.id and meta.correlation_id of webhooks v2',
		scopeIn: 'the webhook: meta.webhook_id',
		trap: 'meta.entity_id (of v1: meta.id) is the deal; meta.attempt counts. Webhooks v1 give no ID.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://pipedrive.readme.io/docs/guide-for-webhooks-v2',
		seen: 'secondary',
		unverified: 'that a retry keeps both IDs',
		headers: [],
		recognises: ({ body }) =>
			textAt(own(body, 'meta'), 'correlation_id') !== '' &&
			ownAt(body, ['meta', 'webhook_id']) !== undefined,
		read: (delivery) =>
			readId(delivery, {
				required: [bodyField('meta', 'id'), bodyField('meta', 'correlation_id')],
				scope: [bodyField('meta', 'webhook_id')],
			}),
	},
	{
		value: 'trello',
		name: 'Trello',
		description: 'Body field action.id',
		scopeIn: null,
		trap: 'model.id is the board or card; action.data.card.id the card. Trello asks with HEAD before it makes a webhook: add that method.',
		batched: null,
		retriesForHours: 1,
		callerChosen: false,
		source: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks',
		seen: 'vendor',
		switchesOff: 'after 30 days and 1,000 failures in a row',
		unverified: 'for how long it retries, and when it switches off',
		headers: ['x-trello-webhook'],
		recognises: ({ body }) =>
			textAt(own(body, 'action'), 'idMemberCreator') !== '' && isRecord(own(body, 'model')),
		read: (delivery) => readId(delivery, { required: [bodyField('action', 'id')] }),
	},
];

/** The IDs of all changes that one request tells of. */
const HISTORY_IDS: Field = {
	label: 'the body field history_items[].id',
	read: (delivery: Delivery) => {
		const label = 'the body field history_items[].id';
		const ids = asList(own(delivery.body, 'history_items')).map((item) => own(item, 'id'));
		if (ids.length === 0) return { kind: 'absent' };
		if (ids.length === 1) return valueText(ids[0], label);
		const texts = ids.map((id) => valueText(id, label));
		const bad = texts.find((text) => text.kind !== 'text');
		if (bad !== undefined) return bad;
		// Many changes at once make a long text: the first and the number of them tell one request from another.
		return valueText(`${texts.length} from ${String(ids[0])} to ${String(ids.at(-1))}`, label);
	},
};
