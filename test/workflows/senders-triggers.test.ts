import type { SenderValue } from '../../lib/senders/delivery-ids';
import { SENDERS, senderOf } from '../../lib/senders/delivery-ids';
import { bodyOf, first } from '../lib/senders/deliveries';
import type { Json, JsonObject } from '../lib/senders/deliveries';
import { routed } from './scenario';
import { DUPLICATE, gate, NEW } from './senders-harness';

/** Deliveries as n8n's own triggers and brokers emit them. */

describe("behind n8n's own triggers", () => {
	const emitted: Partial<Record<SenderValue, unknown>> = {
		shopify: bodyOf(first('shopify')),
		wooCommerce: bodyOf(first('wooCommerce')),
		slack: (bodyOf(first('slack')) as JsonObject)['event'],
		linear: bodyOf(first('linear')),
		jira: bodyOf(first('jira')),
		twilio: { type: 'com.twilio.messaging.message.sent', id: 'EV1', data: { messageSid: 'SM1' } },
		kafka: { message: '{"orderId":"o-771"}', topic: 'orders' },
	};

	test.each(Object.keys(emitted) as SenderValue[])(
		'%s: says what is missing and what to use, detected or chosen',
		async (sender) => {
			for (const how of ['auto', sender]) {
				const { send, acted } = gate({ sender: how });
				const { error } = await send(emitted[sender]);
				expect(error?.message).toMatch(/no delivery ID/i);
				expect(error?.message).toContain(senderOf(sender).behindTrigger);
				expect(error?.message).toMatch(/Trigger (drops|emits) .*\buse\b/i);
				expect(error?.context).toMatchObject({ itemIndex: 0 });
				expect(acted).toEqual([]);
			}
		},
	);

	test('every sender whose trigger drops the ID is among these, or in the next tests', () => {
		const told = SENDERS.filter(({ behindTrigger }) => behindTrigger !== undefined);
		expect(told.map(({ value }) => value).sort()).toEqual(
			[...Object.keys(emitted), 'rabbitMq', 'typeform'].sort(),
		);
	});

	test('Typeform with Only Answers', async () => {
		const { error } = await gate({ sender: 'typeform' }).send({ 'Your name?': 'Ada' });
		expect(error?.message).toContain('Turn Only Answers off');
	});

	test.each(['stripe', 'payPal', 'telegram', 'typeform'] as const)(
		'%s: the body is enough, and is the same key as the whole request',
		async (sender) => {
			const { send } = gate({ sender });
			expect(routed(await send(bodyOf(first(sender))))).toEqual(NEW);
			expect(routed(await send(first(sender)))).toEqual(DUPLICATE);
		},
	);
});

describe('brokers, as the triggers of n8n emit them', () => {
	const rabbit = (content: Json, messageId: string | undefined, deliveryTag: number) => ({
		fields: {
			consumerTag: 'amq.ctag-1',
			deliveryTag,
			redelivered: deliveryTag > 1,
			exchange: '',
			routingKey: 'orders',
		},
		properties: { headers: {}, ...(messageId === undefined ? {} : { messageId }) },
		content,
	});

	test.each<[string, Json]>([
		['content as text', '{"orderId":"o-771"}'],
		['content as JSON (option JSON Parse Body)', { orderId: 'o-771' }],
	])('RabbitMQ, %s', async (_name, content) => {
		const { send } = gate();
		expect(routed(await send(rabbit(content, 'm-1', 1)))).toEqual(NEW);
		expect(routed(await send(rabbit(content, 'm-1', 2)))).toEqual(DUPLICATE);
		expect(routed(await send(rabbit(content, 'm-2', 1)))).toEqual(NEW);
	});

	test('RabbitMQ without messageId, or with Only Content', async () => {
		for (const json of [rabbit({ orderId: 1 }, undefined, 1), { orderId: 1 }]) {
			const { error } = await gate({ sender: 'rabbitMq' }).send(json);
			expect(error?.message).toContain('properties.messageId is missing');
		}
		const { error } = await gate({ sender: 'rabbitMq' }).send({ orderId: 1 });
		expect(error?.message).toContain('Only Content');
	});

	test('Kafka: by the header of the producer, as the message says', async () => {
		const { send } = gate({ sender: 'idempotencyKey', compare: 'none' });
		const message = (key: string) => ({
			message: '{"orderId":"o-771"}',
			topic: 'orders',
			headers: { 'Idempotency-Key': key },
		});
		expect(routed(await send(message('o-771-paid')))).toEqual(NEW);
		expect(routed(await send(message('o-771-paid')))).toEqual(DUPLICATE);
		expect(routed(await send(message('o-771-shipped')))).toEqual(NEW);
	});

	test('Kafka: by an ID from the message, as the message says', async () => {
		const { send } = gate({
			keySource: 'expression',
			key: '={{ JSON.parse($json.message).orderId }}',
		});
		const message = (orderId: string) => ({
			message: JSON.stringify({ orderId }),
			topic: 'orders',
		});
		expect(routed(await send(message('1')))).toEqual(NEW);
		expect(routed(await send(message('1')))).toEqual(DUPLICATE);
		expect(routed(await send(message('2')))).toEqual(NEW);
	});
});
