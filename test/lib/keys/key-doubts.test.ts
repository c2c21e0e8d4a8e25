import { keyDoubtsOf } from '../../../lib/keys/key-doubts';

const none = { unsafeInteger: null, volatileField: null, absentWord: null };

describe('doubtful keys', () => {
	it.each([
		['text', 'order-1'],
		['a safe integer', Number.MAX_SAFE_INTEGER],
		['a fraction', 0.1],
		['null', null],
		['plain fields', { id: 1, amount: 10, attempted: true, timestampFormat: 'iso', ids: [1, 2] }],
	])('has none for %s', (_, value) => {
		expect(keyDoubtsOf(value)).toEqual(none);
	});

	it('names the place of a number that JSON rounded', () => {
		const parsed: unknown = JSON.parse('{"body":{"items":[1,{"id":9007199254740993}]}}');
		expect(keyDoubtsOf(parsed)).toEqual({ ...none, unsafeInteger: 'body.items[1].id' });
		expect(keyDoubtsOf(1e300).unsafeInteger).toBe('');
	});

	it.each([
		'timestamp',
		'time_stamp',
		'nonce',
		'signature',
		'attempt',
		'attemptNumber',
		'retry_count',
		'sentAt',
		'delivered_at',
		'X-Signature',
	])('names the field %s, which each delivery changes', (name) => {
		expect(keyDoubtsOf({ body: { [name]: 1 } }).volatileField).toBe(`body.${name}`);
	});

	it.each([
		['order-undefined', 'undefined'],
		['undefined', 'undefined'],
		['null/7', 'null'],
		['a:NaN', 'NaN'],
		['key [object Object]', '[object Object]'],
	])('%s holds the word for what is not there', (text, absentWord) => {
		expect(keyDoubtsOf(text)).toEqual({ ...none, absentWord });
	});

	it.each(['nullable', 'undefinedBehaviour', 'xNaN', 'éundefined', 'order-7', { a: 'undefined' }])(
		'%p does not',
		(value) => {
			expect(keyDoubtsOf(value)).toEqual(none);
		},
	);

	it('ends on huge, deep and cyclic values', () => {
		const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`f${i}`, i]));
		let deep: unknown = 1;
		for (let i = 0; i < 20_000; i++) deep = { deep };
		const cyclic: Record<string, unknown> = {};
		cyclic.self = cyclic;
		for (const value of [wide, deep, cyclic]) expect(keyDoubtsOf(value)).toEqual(none);
	});
});
