import * as fc from 'fast-check';

import {
	deliveryIdOf,
	DETECTION_V1,
	SENDERS,
	senderOf,
	type DeliveryId,
	type SenderValue,
} from '../../../lib/senders/delivery-ids';
import { first, foundIn, refusalOf } from './deliveries';

describe('values that are no ids', () => {
	const telegram = (id: unknown) => deliveryIdOf({ json: { update_id: id } }, 'auto');
	const github = (id: unknown) =>
		deliveryIdOf({ json: { headers: { 'x-github-delivery': id }, body: {} } }, 'auto');

	it.each([
		2 ** 53,
		1.5,
		Number.NaN,
		Infinity,
		{},
		[],
		[1],
		true,
		'',
		' \n',
		'   ',
		'\u3000',
		'a\u0000',
		'\ud800',
		1n,
	])('update_id %p is malformed', (id) => {
		expect(telegram(id)).toMatchObject({ found: false, problem: 'malformed', tried: ['telegram'] });
	});

	it('reads numbers as text', () => {
		expect(telegram(0)).toMatchObject({ id: '0' });
		expect(telegram(Number.MAX_SAFE_INTEGER)).toMatchObject({ id: '9007199254740991' });
	});

	it('refuses digits that JSON lost on the way', () => {
		const raw = { headers: {}, body: '{"update_id": 9007199254740993}' };
		expect(refusalOf(raw, 'auto').problem).toBe('malformed');
	});

	it.each([
		'',
		' ',
		'a, a',
		'a b',
		'a\r\nX: y',
		'é',
		'x'.repeat(256),
		{},
		['a', 'b'],
		[['a']],
		true,
	])('a header %p is malformed', (id) => {
		expect(github(id)).toMatchObject({ found: false, problem: 'malformed', tried: ['github'] });
	});

	it.each([[['a']], ['\ta '], ['a']])('a header %p is a', (id) => {
		expect(github(id)).toMatchObject({ id: 'a' });
	});

	it('reaches nothing inherited', () => {
		const json = JSON.parse(
			'{"__proto__":{"update_id":1},"headers":{"__proto__":{"x-github-delivery":"a"}},"body":{"__proto__":{"update_id":2}}}',
		) as unknown;
		expect(deliveryIdOf({ json }, 'auto')).toMatchObject({ found: false, tried: DETECTION_V1 });
		const inherited = Object.create({ update_id: 1, event_id: 'x' }) as unknown;
		expect(deliveryIdOf({ json: inherited }, 'telegram').found).toBe(false);
		expect(deliveryIdOf({ json: inherited }, 'square').found).toBe(false);
	});

	it('answers for a sender that the table does not have', () => {
		for (const value of ['nobody', '__proto__', 'constructor', '']) {
			const answer = deliveryIdOf({ json: first('github') }, value as SenderValue);
			expect(answer).toMatchObject({ found: false, problem: 'missing' });
			expect(() => senderOf(value as SenderValue)).toThrow(RangeError);
		}
	});
});

describe('whatever comes', () => {
	const headerNames = SENDERS.flatMap((sender) => sender.headers).concat('idempotency-key');
	const fieldNames = [
		'id event_id update_id eventId subscriptionId portalId object entry changes value messages',
		'statuses messaging_product status type timestamp event-data signature sg_event_id event topic',
		'partition offset fields properties messageId MessageId ReceiptHandle Attributes resource',
		'event_type form_response body headers message __proto__ constructor toString',
	].flatMap((line) => line.split(' '));
	const leaf = fc.oneof(
		fc.string({ unit: 'binary', maxLength: 8 }),
		fc.constantFrom('evt_1', 'WH-1', 'whatsapp', 'whatsapp_business_account', 'event', ' ', ''),
		fc.integer(),
		fc.double(),
		fc.boolean(),
		fc.constant(null),
		fc.constant(undefined),
	);
	const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
		tree: fc.oneof(
			{ maxDepth: 5 },
			leaf,
			fc.array(tie('tree'), { maxLength: 3 }),
			fc.dictionary(fc.oneof(fc.constantFrom(...fieldNames), fc.string()), tie('tree'), {
				maxKeys: 6,
			}),
		),
	}));
	const headers = fc.oneof(
		fc.dictionary(fc.constantFrom(...headerNames), tree, { maxKeys: 4 }),
		tree,
	);
	/** A real delivery with one of its values, at any depth, replaced by anything. */
	const spoiled = fc
		.tuple(
			fc.constantFrom(...DETECTION_V1),
			fc.array(fc.nat(), { minLength: 2, maxLength: 6 }),
			tree,
		)
		.map(([sender, choices, value]) => spoil(first(sender), choices, value));
	const json = fc.oneof(
		fc.record({ headers, body: fc.oneof(tree, fc.json()), query: tree }),
		tree,
		{ arbitrary: spoiled, weight: 2 },
	);
	const how = fc.oneof(fc.constant('auto' as const), fc.constantFrom(...DETECTION_V1));

	function spoil(target: unknown, [choice, ...rest]: readonly number[], value: unknown): unknown {
		if (typeof target !== 'object' || target === null || choice === undefined) return value;
		const keys = Object.keys(target);
		const key = keys[choice % keys.length];
		if (key === undefined) return value;
		const changedPart = spoil((target as Record<string, unknown>)[key], rest, value);
		return Array.isArray(target)
			? target.map((part: unknown, index) => (String(index) === key ? changedPart : part))
			: { ...target, [key]: changedPart };
	}

	function wellFormed(answer: DeliveryId): boolean {
		return answer.found
			? answer.id.trim() !== '' && (answer.scope === null || answer.scope !== '')
			: answer.tried.length > 0 && answer.message.endsWith('.');
	}

	it('never throws and never gives an empty id', () => {
		let found = 0;
		fc.assert(
			fc.property(json, how, (item, sender) => {
				const answer = deliveryIdOf({ json: item }, sender);
				if (answer.found) found++;
				expect(wellFormed(answer)).toBe(true);
			}),
			{ numRuns: 3_000 },
		);
		expect(found).toBeGreaterThan(300);
	});

	// A pattern that tries again at every place would not come to its end.
	it('ends for huge and deep input', () => {
		const deep = `${'{"entry":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
		const big = 'x'.repeat(10_000_000);
		const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`h${i}`, big]));
		const bodies = [deep, JSON.parse(deep), big, `{"id":"${big}"}`, [big], ' '.repeat(1e7), many];
		for (const sender of ['auto', 'whatsApp'] as const) {
			for (const body of bodies as unknown[]) {
				const answer = deliveryIdOf({ json: { headers: body, body } }, sender);
				expect(wellFormed(answer)).toBe(true);
			}
		}
	});

	const part = fc.string({
		unit: fc.constantFrom('a', '"', ',', '[', ']', '\\', 'b'),
		minLength: 1,
	});
	it.each([
		['kafka', (a: string, b: string) => ({ topic: a, partition: 1, offset: 2, other: b })],
		['rabbitMq', (a: string, b: string) => ({ properties: { messageId: a, appId: b } })],
		['sqs', (a: string, b: string) => ({ MessageId: a, Attributes: { MessageGroupId: b } })],
		['hubSpot', (a: string, b: string) => ({ eventId: a, subscriptionId: b })],
		['hubSpot', (a: string, b: string) => ({ eventId: a, subscriptionId: 1, portalId: b })],
		['whatsApp', (a: string, b: string) => ({ statuses: [{ id: a, status: b }] })],
		['mailgun', (a: string) => ({ 'event-data': { id: a, timestamp: 1 } })],
	] as const)('%s: different parts never give the same pair of scope and id', (sender, make) => {
		const used = (a: string, b: string) =>
			JSON.stringify(sender === 'kafka' || sender === 'mailgun' ? [a] : [a, b]);
		const pairs = fc.tuple(part, part, part, part);
		fc.assert(
			fc.property(pairs, ([a, b, c, d]) => {
				const one = foundIn(make(a, b), sender);
				const two = foundIn(make(c, d), sender);
				const samePair = one.id === two.id && one.scope === two.scope;
				expect(samePair).toBe(used(a, b) === used(c, d));
			}),
			{ numRuns: 300 },
		);
	});

	it('WhatsApp: a message and a status never share an id', () => {
		fc.assert(
			fc.property(part, part, part, (a, b, c) => {
				const message = foundIn({ messages: [{ id: a }] }, 'whatsApp');
				const status = foundIn({ statuses: [{ id: b, status: c }] }, 'whatsApp');
				expect(message.id).not.toBe(status.id);
			}),
		);
	});
});
