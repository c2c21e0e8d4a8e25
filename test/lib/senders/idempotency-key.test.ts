import * as fc from 'fast-check';

import { deliveryIdOf } from '../../../lib/senders/delivery-ids';
import { foundIn, refusalOf } from './deliveries';

describe('Idempotency-Key', () => {
	const keyOf = (value: unknown) =>
		deliveryIdOf({ json: { headers: { 'idempotency-key': value }, body: {} } }, 'idempotencyKey');
	const idOf = (value: unknown) => {
		const answer = keyOf(value);
		return answer.found ? answer.id : answer.problem;
	};

	it.each([
		['abc', 'abc'],
		['"abc"', 'abc'],
		['  "abc"\t', 'abc'],
		['"a\\"b\\\\c"', 'a"b\\c'],
		['a"b\\c', 'a"b\\c'],
		['" abc"', ' abc'],
		['a b,c', 'a b,c'],
		[['abc'], 'abc'],
		[['abc', '"abc"'], 'abc'],
		['x'.repeat(255), 'x'.repeat(255)],
		[`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
	])('%j is the key %j', (value, key) => {
		expect(idOf(value)).toBe(key);
	});

	it.each([
		'',
		'   ',
		'""',
		'"  "',
		'"abc',
		'"abc" "def"',
		'"abc", "abc"',
		'abc, abc',
		'"abc";q=1',
		'"a\\c"',
		'a\r\nSet-Cookie: x',
		'a\u0000b',
		'schlüssel',
		'x'.repeat(256),
		`"${'x'.repeat(256)}"`,
		'x'.repeat(1_000_000),
		' '.repeat(1_000_000) + 'x' + ' '.repeat(1_000_000) + 'y',
		['abc', 'def'],
		['abc', null, 7],
		7,
		{ toString: 'abc' },
		[['abc']],
	])('%# is refused', (value) => {
		expect(idOf(value)).toBe('malformed');
	});

	it.each([undefined, null, []])('%j is missing', (value) => {
		expect(idOf(value)).toBe('missing');
	});

	it('refuses two spellings of the header that differ in value', () => {
		const json = { headers: { 'Idempotency-Key': 'a', 'idempotency-key': 'b' }, body: {} };
		expect(refusalOf(json, 'auto').problem).toBe('malformed');
	});

	it('never cuts or repeats the value in its message', () => {
		const refusal = refusalOf({ headers: { 'idempotency-key': 'S3cret'.repeat(60) } }, 'auto');
		expect(refusal.message).not.toContain('S3cret');
		expect(refusal.message).toContain('255');
	});

	it('reads the header of a Kafka message whose producer set one', () => {
		const json = { message: 'm', topic: 't', headers: { 'Idempotency-Key': 'o-1' } };
		expect(foundIn(json, 'auto')).toMatchObject({ sender: 'idempotencyKey', id: 'o-1' });
	});

	it('any text survives being sent as an RFC 8941 string', () => {
		const key = fc.stringMatching(/^[\x20-\x7e]{1,120}$/).filter((text) => text.trim() !== '');
		fc.assert(
			fc.property(key, (text) => {
				expect(idOf(`"${text.replace(/["\\]/g, '\\$&')}"`)).toBe(text);
			}),
		);
	});
});
