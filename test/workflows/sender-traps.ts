import type { SenderValue } from '../../lib/senders/delivery-ids';

/**
 * What is easily taken for the ID: the same in another event (`shared`, under another name after an arrow), or changed by a retry (`changes`); from the traps of the
 * senders' table.
 */
export const TRAPS: Partial<Record<SenderValue, { shared?: string[]; changes?: string[] }>> = {
	contentful: {
		shared: ['body.sys.id'],
		changes: ['headers.x-contentful-webhook-request-attempt'],
	},
	github: { shared: ['headers.x-github-hook-id', 'body.issue.id'] },
	gitlab: { shared: ['headers.x-gitlab-webhook-uuid', 'headers.x-gitlab-event-uuid'] },
	hubSpot: { shared: ['body.0.eventId', 'body.0.objectId'], changes: ['body.0.attemptNumber'] },
	idempotencyKey: { shared: ['body.orderId'], changes: ['headers.x-request-id'] },
	jira: { shared: ['body.issue.id'], changes: ['headers.x-atlassian-webhook-retry'] },
	kafka: { shared: ['key', 'topic', 'partition'], changes: ['timestamp'] },
	linear: { shared: ['body.webhookId', 'body.data.id'], changes: ['body.webhookTimestamp'] },
	mailgun: { shared: ['body.event-data.id'], changes: ['body.signature.token'] },
	nats: { shared: ['seq'], changes: ['deliveryCount'] },
	paddle: { shared: ['body.data.id', 'body.notification_id'], changes: ['body.notification_id'] },
	pandaDoc: { shared: ['body.0.data.id'], changes: ['query.signature'] },
	payPal: { shared: ['body.resource.id'], changes: ['headers.paypal-transmission-id'] },
	rabbitMq: {
		shared: ['fields.deliveryTag'],
		changes: ['fields.deliveryTag', 'fields.redelivered'],
	},
	sendGrid: { shared: ['body.0.sg_message_id'] },
	shopify: { shared: ['headers.x-shopify-event-id', 'body.id'] },
	slack: { shared: ['body.team_id'], changes: ['headers.x-slack-retry-num'] },
	sqs: { shared: ['MessageId', 'ReceiptHandle'], changes: ['MessageId', 'ReceiptHandle'] },
	square: { shared: ['body.data.id'], changes: ['headers.square-retry-number'] },
	standardWebhooks: {
		shared: ['headers.webhook-timestamp'],
		changes: ['headers.webhook-timestamp'],
	},
	stripe: { shared: ['body.data.object.id'], changes: ['headers.stripe-signature'] },
	telegram: { shared: ['body.message.message_id → body.edited_message.message_id'] },
	twilio: { shared: ['body.MessageSid'], changes: ['headers.x-twilio-signature'] },
	typeform: { shared: ['body.form_response.token'], changes: ['headers.typeform-signature'] },
	whatsApp: { shared: ['body.entry.0.id', 'body.entry.0.changes.0.value.statuses.0.id'] },
	wooCommerce: { shared: ['headers.x-wc-webhook-delivery-id', 'headers.x-wc-webhook-id'] },
	asana: { shared: ['body.events.0.user.gid'], changes: ['headers.x-hook-signature'] },
	baserow: { shared: ['headers.x-baserow-delivery'], changes: ['headers.user-agent'] },
	calendly: { shared: ['body.payload.uri'], changes: ['headers.calendly-webhook-signature'] },
	chargebee: { shared: ['body.content.subscription.id'], changes: ['body.webhook_status'] },
	clickUp: { shared: ['body.task_id', 'body.webhook_id'] },
	discord: { shared: ['body.data.id', 'body.token'], changes: ['headers.x-signature-timestamp'] },
	intercom: { shared: ['body.data.item.id'], changes: ['body.delivery_attempts'] },
	lemonSqueezy: { shared: ['body.meta.event_name', 'body.data.type'] },
	line: {
		shared: ['body.events.0.message.id'],
		changes: ['body.events.0.deliveryContext.isRedelivery'],
	},
	microsoftGraph: { shared: ['body.value.0.resourceData.id', 'body.value.0.resource'] },
	mollie: { shared: ['body.entityId'], changes: ['headers.x-mollie-signature'] },
	monday: { shared: ['body.event.pulseId', 'body.event.subscriptionId'] },
	notion: { shared: ['body.entity.id'], changes: ['body.attempt_number'] },
	pipedrive: { shared: ['body.meta.entity_id'], changes: ['body.meta.attempt'] },
	razorpay: {
		shared: ['body.payload.payment.entity.id'],
		changes: ['headers.x-razorpay-signature'],
	},
	trello: { shared: ['body.model.id', 'body.action.data.card.id'] },
	twitch: {
		shared: ['body.subscription.id'],
		changes: ['headers.twitch-eventsub-message-retry'],
	},
	waha: { shared: ['body.payload.id'], changes: ['headers.x-webhook-request-id'] },
	zendesk: {
		shared: ['headers.x-zendesk-webhook-id'],
		changes: ['headers.x-zendesk-webhook-signature-timestamp'],
	},
	zoom: { shared: ['body.payload.object.id'], changes: ['headers.x-zm-request-timestamp'] },
};
