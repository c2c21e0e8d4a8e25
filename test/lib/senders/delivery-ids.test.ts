import { createHash } from 'node:crypto';

import { deliveryIdOf, DETECTION_V1, SENDERS, senderOf } from '../../../lib/senders/delivery-ids';
import { ELSEWHERE, runElsewhere } from '../../support/run-elsewhere';
import {
	bodyOf,
	changed,
	first,
	fixtureOf,
	foundIn,
	patched,
	refusalOf,
	type JsonObject,
} from './deliveries';

describe('the table', () => {
	it('gives each sender once, and Detect knows each once, the caller-chosen key last', () => {
		const values = SENDERS.map(({ value }) => value);
		expect(new Set(values).size).toBe(values.length);
		expect(values.length).toBeGreaterThan(45);
		// Its requests are those of Standard Webhooks.
		expect([...DETECTION_V1, 'polar'].sort()).toEqual([...values].sort());
		expect(DETECTION_V1.at(-1)).toBe('idempotencyKey');
	});

	it('pins what Detect of version 1 does: changing this changes keys in flight', () => {
		const pinned = DETECTION_V1.map((value) => [value, senderOf(value).headers]);
		expect(createHash('sha256').update(JSON.stringify(pinned)).digest('hex')).toBe(
			'efdfac6167291d11796be5b7f1af4452f8f487cf20c006e7d81e6edd3130ef51',
		);
	});

	it('names no header for two senders', () => {
		const headers = SENDERS.flatMap((sender) => sender.headers);
		expect(new Set(headers).size).toBe(headers.length);
		expect(headers).toEqual(headers.map((name) => name.toLowerCase()));
	});

	it.each(SENDERS.map((sender) => [sender.value, sender] as const))(
		'%s has a source',
		(_, sender) => {
			expect(sender.source).toMatch(/^https:\/\//);
			expect(sender.trap).not.toBe('');
			expect(sender.retriesForHours === null || sender.retriesForHours > 0).toBe(true);
		},
	);

	it('says which keys a caller chooses, and which deliveries hold several events', () => {
		const valuesWhere = (test: (sender: (typeof SENDERS)[number]) => boolean) =>
			SENDERS.filter(test).map(({ value }) => value);
		expect(valuesWhere((sender) => sender.callerChosen)).toEqual(['idempotencyKey']);
		expect(valuesWhere((sender) => sender.batched !== null).sort()).toEqual([
			'asana',
			'hubSpot',
			'line',
			'microsoftGraph',
			'sendGrid',
			'whatsApp',
		]);
	});
});

describe.each(DETECTION_V1)('%s', (sender) => {
	const fixture = fixtureOf(sender);
	const expected = { found: true, sender, id: fixture.id, scope: fixture.scope };

	it.each(['auto', sender] as const)('is read (%s)', (how) => {
		expect(deliveryIdOf({ json: fixture.first }, how)).toEqual(expected);
	});

	it.each(['auto', sender] as const)('keeps its id over a retry (%s)', (how) => {
		const retry = patched(fixture.first, fixture.retry);
		expect(retry).not.toEqual(fixture.first);
		expect(deliveryIdOf({ json: retry }, how)).toEqual(expected);
	});

	it.each(['auto', sender] as const)('has another id for another event (%s)', (how) => {
		const other = foundIn(patched(fixture.first, fixture.other), how);
		expect(other.sender).toBe(sender);
		expect([other.scope, other.id]).not.toEqual([fixture.scope, fixture.id]);
	});

	it('reads header names of any case', () => {
		const headers = fixture.first['headers'];
		if (headers === undefined) return expect(fixture.first).not.toHaveProperty('headers');
		const shouted = Object.fromEntries(
			Object.entries(headers as JsonObject).map(([name, value]) => [name.toUpperCase(), value]),
		);
		expect(deliveryIdOf({ json: { ...fixture.first, headers: shouted } }, 'auto')).toEqual(
			expected,
		);
	});

	it('reads a body that is JSON text', () => {
		if (fixture.first['body'] === undefined)
			return expect(fixture.first).not.toHaveProperty('body');
		const raw = { ...fixture.first, body: JSON.stringify(fixture.first['body']) };
		expect(deliveryIdOf({ json: raw }, 'auto')).toEqual(expected);
	});
});

describe('detection', () => {
	it('knows senders by their body where no header tells', () => {
		const byBody = DETECTION_V1.filter((sender) => {
			const json = first(sender);
			if (json['body'] === undefined) return false;
			const answer = deliveryIdOf({ json: { ...json, headers: {} } }, 'auto');
			if (answer.found) expect(answer.sender).toBe(sender);
			return answer.found;
		});
		expect([...byBody].sort()).toEqual(
			[
				'asana',
				'calendly',
				'chargebee',
				'clickUp',
				'hubSpot',
				'intercom',
				'lemonSqueezy',
				'line',
				'microsoftGraph',
				'mollie',
				'monday',
				'notion',
				'pipedrive',
				'trello',
				'waha',
				'mailgun',
				'payPal',
				'paddle',
				'sendGrid',
				'slack',
				'square',
				'stripe',
				'telegram',
				'typeform',
				'whatsApp',
			].sort(),
		);
	});

	it('asks the recognised sender alone: no other id stands in for a missing one', () => {
		const json = changed('stripe', {
			headers: { 'idempotency-key': 'attacker', 'webhook-id': 'msg_1' },
			body: { id: null },
		});
		const refusal = refusalOf(json, 'auto');
		expect(refusal).toMatchObject({ problem: 'missing', tried: ['stripe'] });
		expect(refusal.message).toContain('Stripe');
	});

	it.each(DETECTION_V1.filter((sender) => sender !== 'idempotencyKey' && sender !== 'gitlab'))(
		'a caller cannot make a repeated delivery of %s new by adding Idempotency-Key',
		(sender) => {
			const { id } = fixtureOf(sender);
			const json = changed(sender, { headers: { 'Idempotency-Key': 'fresh' } });
			expect(foundIn(json, 'auto')).toMatchObject({ sender, id });
		},
	);

	it('takes GitLab for GitLab, although it sends Idempotency-Key, and says what an old one lacks', () => {
		expect(foundIn(first('gitlab'), 'auto').sender).toBe('gitlab');
		const old = changed('gitlab', { headers: { 'idempotency-key': null } });
		expect(refusalOf(old, 'auto')).toMatchObject({ problem: 'missing', tried: ['gitlab'] });
	});

	it('tells which senders were tried where nothing was found', () => {
		const refusal = refusalOf({ headers: {}, query: {}, body: { id: 7 } }, 'auto');
		expect(refusal).toMatchObject({ problem: 'missing', tried: DETECTION_V1 });
		expect(refusal.message).toBe('This item has no delivery ID of a known sender.');
	});

	it('looks only for what a node version knows', () => {
		const item = { json: first('linear') };
		expect(deliveryIdOf(item, 'auto', 'event', ['github', 'idempotencyKey'])).toMatchObject({
			found: false,
			tried: ['github', 'idempotencyKey'],
		});
	});

	it('does not guess from an ordinary body', () => {
		for (const body of [
			{ id: 'evt_1' },
			{ event_id: 'x' },
			{ id: 'WH-1' },
			{ messages: [{ id: 1 }] },
			{ eventId: 1 },
			[{ event: 'open' }],
		]) {
			expect(refusalOf({ headers: {}, body }, 'auto').tried).toEqual(DETECTION_V1);
		}
	});
});

describe("behind n8n's own triggers", () => {
	it.each([
		['shopify', bodyOf(first('shopify')), 'X-Shopify-Webhook-Id'],
		['wooCommerce', bodyOf(first('wooCommerce')), 'WooCommerce Trigger drops'],
		['slack', (bodyOf(first('slack')) as JsonObject)['event'], 'event_id'],
		['linear', bodyOf(first('linear')), 'Linear-Delivery'],
		['jira', bodyOf(first('jira')), 'X-Atlassian-Webhook-Identifier'],
		['kafka', { message: 'm', topic: 'orders' }, 'Return Headers'],
	] as const)(
		'%s: says what is missing and what to use, detected or chosen',
		(sender, json, words) => {
			for (const how of ['auto', sender] as const) {
				const refusal = refusalOf(json, how);
				expect(refusal.problem).toBe('missing');
				expect(refusal.message).toContain(words);
				expect(refusal.message).toMatch(/\buse\b/i);
			}
		},
	);

	it('does not blame a trigger where the request itself lacks the header', () => {
		const json = changed('linear', { headers: { 'linear-delivery': null } });
		expect(refusalOf(json, 'auto').message).not.toContain('Trigger');
	});

	it.each(['stripe', 'payPal', 'typeform', 'telegram'] as const)(
		'%s: the body is enough',
		(sender) => {
			const { id } = fixtureOf(sender);
			expect(foundIn(bodyOf(first(sender)), 'auto')).toMatchObject({ sender, id });
		},
	);

	it("HubSpot: n8n's trigger renames objectId, and the id stays", () => {
		const { objectId, ...event } = (bodyOf(first('hubSpot')) as JsonObject[])[0] ?? {};
		const answer = foundIn({ ...event, contactId: objectId }, 'auto');
		expect(answer).toMatchObject({ sender: 'hubSpot', id: fixtureOf('hubSpot').id });
	});
});

it('reads the same ids in every zone and language, also where a capital I is not the capital of i', () => {
	const script = `
		const { deliveryIdOf } = lib('senders/delivery-ids');
		const names = ['X-GITHUB-DELIVERY', 'X-SHOPIFY-WEBHOOK-ID', 'WEBHOOK-ID', 'IDEMPOTENCY-KEY'];
		const ids = names.map((name) => deliveryIdOf({ json: { headers: { [name]: 'id-I' }, body: {} } }, 'auto'));
		console.log(JSON.stringify(ids));`;
	const printed = runElsewhere(script, ELSEWHERE);
	expect(new Set(printed).size).toBe(1);
	expect(JSON.parse(printed[0] ?? '')).toMatchObject([
		{ found: true, sender: 'github', id: 'id-I' },
		{ found: true, sender: 'shopify', id: 'id-I' },
		{ found: true, sender: 'standardWebhooks', id: 'id-I' },
		{ found: true, sender: 'idempotencyKey', id: 'id-I' },
	]);
});
