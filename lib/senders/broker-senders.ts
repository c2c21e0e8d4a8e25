import { createHash } from 'node:crypto';

import { type Delivery, isRecord, own, textAt } from './delivery';
import { bodyField, type Field, firstOf, header, jsonField, readId } from './fields';
import type { Reading, Sender } from './sender';

/** Message brokers: as n8n's trigger emits a message, or mapped to the named fields where there is none. */
export const BROKER_SENDERS: readonly Sender[] = [
	{
		value: 'rabbitMq',
		name: 'RabbitMQ',
		description: 'Field properties.messageId',
		scopeIn: 'the publishing application: properties.appId',
		trap: 'fields.deliveryTag counts within a channel; fields.redelivered tells the attempt. The publisher must set messageId.',
		batched: null,
		retriesForHours: null,
		callerChosen: false,
		source: 'https://www.rabbitmq.com/docs/publishers#message-properties',
		seen: 'vendor',
		headers: [],
		recognises: ({ json }) =>
			own(own(json, 'fields'), 'deliveryTag') !== undefined && isRecord(own(json, 'properties')),
		behindTrigger:
			"n8n's RabbitMQ Trigger drops the properties when Only Content is on, and the publisher must set messageId",
		read: (delivery) =>
			readId(delivery, {
				required: [jsonField('properties', 'messageId')],
				scope: [jsonField('properties', 'appId')],
			}),
	},
	{
		value: 'kafka',
		name: 'Kafka',
		description: 'Fields topic, partition and offset',
		scopeIn: 'the cluster, which the message does not name: one Guard for each cluster',
		trap: 'The message key is no ID: all messages about one thing share it. A topic made anew starts at offset 0.',
		batched: null,
		retriesForHours: null,
		callerChosen: false,
		source: 'https://kafka.apache.org/documentation/#intro_concepts_and_terms',
		seen: 'vendor',
		headers: [],
		recognises: ({ json }) =>
			['topic', 'partition', 'offset'].every((key) => own(json, key) !== undefined),
		behindTrigger:
			"n8n's Kafka Trigger emits message and topic without partition and offset. Let the producer set an Idempotency-Key header, turn on Return Headers and choose the sender Idempotency-Key Header, or use Custom Value with an ID from the message",
		looksLike: (json) => textAt(json, 'topic') !== '' && own(json, 'message') !== undefined,
		read: (delivery) =>
			readId(delivery, {
				required: [jsonField('topic'), counter('partition'), counter('offset')],
			}),
	},
	{
		value: 'sqs',
		name: 'Amazon SQS',
		description:
			'Field Attributes.MessageDeduplicationId, else MessageId (or the names that Lambda gives them)',
		scopeIn: 'the queue and message group: eventSourceARN and Attributes.MessageGroupId',
		trap: 'ReceiptHandle and ApproximateReceiveCount change with each receipt. A deduplication ID made from the content (SHA-256 of the body) is shared by all equal messages, so MessageId is used then.',
		batched: null,
		retriesForHours: 96,
		callerChosen: false,
		source:
			'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html',
		seen: 'vendor',
		headers: [],
		recognises: ({ body }) =>
			(own(body, 'MessageId') !== undefined && own(body, 'ReceiptHandle') !== undefined) ||
			(own(body, 'messageId') !== undefined && own(body, 'receiptHandle') !== undefined),
		read: readSqs,
	},
	{
		value: 'nats',
		name: 'NATS',
		description: 'Header Nats-Msg-Id',
		scopeIn: 'field stream',
		trap: 'The sequence numbers of a consumer change with each delivery.',
		batched: null,
		retriesForHours: null,
		callerChosen: false,
		source: 'https://docs.nats.io/nats-concepts/jetstream/headers',
		seen: 'vendor',
		headers: ['nats-msg-id'],
		read: (delivery) =>
			readId(delivery, { required: [header('Nats-Msg-Id')], scope: [jsonField('stream')] }),
	},
];

/** Clients give offsets as numbers or, since they have 64 bits, as text: `7`, never `07`. */
function counter(name: string): Field {
	const field = jsonField(name);
	return {
		label: field.label,
		read: (delivery) => {
			const text = field.read(delivery);
			return text.kind === 'text' && !/^(0|[1-9]\d*)$/.test(text.text)
				? { kind: 'malformed', why: `${field.label} is not a whole number` }
				: text;
		},
	};
}

function readSqs(delivery: Delivery): Reading {
	const deduplicationId = firstOf(
		bodyField('Attributes', 'MessageDeduplicationId'),
		bodyField('attributes', 'MessageDeduplicationId'),
	);
	const messageId = firstOf(bodyField('MessageId'), bodyField('messageId'));
	const chosen = deduplicationId.read(delivery);
	const named = chosen.kind !== 'absent' && !isHashOfBody(chosen, delivery);
	return readId(delivery, {
		tag: named ? 'deduplication' : 'message',
		required: [named ? deduplicationId : messageId],
		scope: [
			bodyField('eventSourceARN'),
			firstOf(bodyField('Attributes', 'MessageGroupId'), bodyField('attributes', 'MessageGroupId')),
		],
	});
}

function isHashOfBody(id: ReturnType<Field['read']>, { body }: Delivery): boolean {
	const content = own(body, 'Body') ?? own(body, 'body');
	return (
		id.kind === 'text' &&
		typeof content === 'string' &&
		createHash('sha256').update(content, 'utf8').digest('hex') === id.text.toLowerCase()
	);
}
