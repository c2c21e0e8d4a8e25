import { createHash } from 'node:crypto';

import { deliveryIdOf } from '../../../lib/senders/delivery-ids';
import {
	bodyOf,
	changed,
	first,
	fixtureOf,
	foundIn,
	refusalOf,
	type Json,
	type JsonObject,
} from './deliveries';

describe('traps', () => {
	it('GitHub: the hook id and GitLab: the hook UUID are no ids', () => {
		expect(
			refusalOf(changed('github', { headers: { 'x-github-delivery': null } }), 'auto').problem,
		).toBe('missing');
	});

	it('Shopify: two webhooks of one action stay apart, although event id and order are the same', () => {
		const other = changed('shopify', { headers: { 'x-shopify-webhook-id': 'another' } });
		expect(foundIn(other, 'auto').id).toBe('another');
	});

	it('WooCommerce: deliveries of one second share the delivery id, and stay apart', () => {
		const patches: JsonObject[] = [
			{},
			{ headers: { 'x-wc-webhook-topic': 'order.created' } },
			{ body: { id: 728 } },
			{ headers: { 'x-wc-webhook-id': '8' } },
			{ headers: { 'x-wc-webhook-source': 'https://other.example.com/' } },
		];
		const ids = patches.map((patch) => {
			const { scope, id } = foundIn(changed('wooCommerce', patch), 'auto');
			return JSON.stringify([scope, id]);
		});
		expect(new Set(ids).size).toBe(ids.length);
	});

	it('Stripe: the object inside the event is no event', () => {
		const invoice = { json: { id: 'in_1', object: 'invoice' } };
		expect(deliveryIdOf(invoice, 'stripe')).toMatchObject({ problem: 'malformed' });
		expect(deliveryIdOf(invoice, 'auto')).toMatchObject({ problem: 'missing' });
	});

	it('PayPal: the resource inside the event is no event', () => {
		const capture = { id: '42311647XV020574X', status: 'COMPLETED' };
		expect(refusalOf(capture, 'payPal').problem).toBe('missing');
		expect(
			refusalOf({ headers: { 'paypal-transmission-id': 't' }, body: capture }, 'auto').tried,
		).toEqual(['payPal']);
	});

	it('HubSpot: an event id alone is not unique', () => {
		const event = (bodyOf(first('hubSpot')) as JsonObject[])[0];
		const ids = [{}, { subscriptionId: 9 }, { occurredAt: 9 }, { portalId: 9 }].map((other) => {
			const { scope, id } = foundIn({ ...event, ...other }, 'hubSpot');
			return JSON.stringify([scope, id]);
		});
		expect(new Set(ids).size).toBe(ids.length);
	});

	it('Mailgun: an id of another day is another event; without its time there is none', () => {
		const day = (timestamp: Json) =>
			deliveryIdOf({ json: changed('mailgun', { body: { 'event-data': { timestamp } } }) }, 'auto');
		const inADay = [day(1529006854.9), day(1529020799.9)].map(
			(answer) => answer.found && answer.id,
		);
		expect(new Set(inADay)).toEqual(new Set([fixtureOf('mailgun').id]));
		expect(day(1529020800)).toMatchObject({ found: true, id: expect.stringContaining('17697') });
		expect(day(null)).toMatchObject({ problem: 'missing' });
		expect(day('1529006854')).toMatchObject({ problem: 'malformed' });
	});

	it('Standard Webhooks: svix-id serves where webhook-id is absent', () => {
		const json = changed('standardWebhooks', {
			headers: { 'webhook-id': null, 'svix-id': 'msg_9' },
		});
		expect(foundIn(json, 'auto').id).toBe('msg_9');
	});

	it('SQS: a deduplication id made of the content names no message', () => {
		const content = '{"orderId":"o-771"}';
		const hash = createHash('sha256').update(content).digest('hex');
		const json = changed('sqs', { Body: content, Attributes: { MessageDeduplicationId: hash } });
		expect(foundIn(json, 'auto').id).toBe('["message","5fea7756-0ea4-451a-a703-a558b933e274"]');
	});

	it('SQS: the id falls back to the message id, and Lambda names work', () => {
		const standard = changed('sqs', {
			Attributes: { MessageDeduplicationId: null, MessageGroupId: null },
		});
		expect(foundIn(standard, 'auto')).toMatchObject({
			id: '["message","5fea7756-0ea4-451a-a703-a558b933e274"]',
			scope: null,
		});
		const lambda = {
			messageId: 'm1',
			receiptHandle: 'r',
			body: 'b',
			attributes: { MessageDeduplicationId: 'd1', MessageGroupId: 'g' },
			eventSourceARN: 'arn:aws:sqs:eu-west-1:1:q.fifo',
		};
		expect(foundIn(lambda, 'auto')).toMatchObject({
			sender: 'sqs',
			id: '["deduplication","d1"]',
			scope: '["arn:aws:sqs:eu-west-1:1:q.fifo","g"]',
		});
	});

	it('Kafka: the message key is no id, and neither is a topic alone', () => {
		const refusal = refusalOf({ message: 'm', topic: 'orders', key: 'customer-9' }, 'kafka');
		expect(refusal.problem).toBe('missing');
		expect(refusal.message).toMatch(/partition and .*offset is missing/);
		for (const offset of ['07', '-1', '1.5', 1.5, 'latest', 2 ** 53]) {
			expect(refusalOf(changed('kafka', { offset }), 'kafka').problem).toBe('malformed');
		}
		expect(foundIn(changed('kafka', { offset: 1745 }), 'kafka').id).toBe(fixtureOf('kafka').id);
	});

	it('RabbitMQ: a message without messageId has no id, whatever its delivery tag', () => {
		const json = changed('rabbitMq', { properties: { messageId: null } });
		expect(refusalOf(json, 'auto')).toMatchObject({ problem: 'missing', tried: ['rabbitMq'] });
	});
});
