import { DateTime, Duration } from 'luxon';
import { runInNewContext } from 'node:vm';
import { canonicalJson } from '../../../lib/keys/canonical-json';
import { refusalOf, carefulJson } from './canonical-json-harness';

/** Dates and other instances of classes. */

describe('dates and class instances', () => {
	it('writes one instant as one text, whatever holds it and whatever its zone', () => {
		const instant = new Date('2024-07-01T12:34:56.789Z');
		const same = [
			instant,
			DateTime.fromJSDate(instant),
			DateTime.fromJSDate(instant, { zone: 'Asia/Kathmandu' }),
			DateTime.fromJSDate(instant, { zone: 'America/St_Johns' }).setLocale('ar'),
			runInNewContext(`new Date(${instant.getTime()})`) as Date,
		];
		for (const value of same) {
			expect(canonicalJson({ at: value })).toBe('{"at":"2024-07-01T12:34:56.789Z"}');
			expect(carefulJson({ at: value })).toBe('{"at":"2024-07-01T12:34:56.789Z"}');
		}
	});

	it('is not taken in by data that calls itself a DateTime', () => {
		const fake = { isLuxonDateTime: true, toISO: 'no function', b: 1 };
		expect(canonicalJson(fake)).toBe('{"b":1,"isLuxonDateTime":true,"toISO":"no function"}');
	});

	it('asks a class for its JSON once, and a plain object never', () => {
		class Money {
			constructor(readonly cents: number) {}
			toJSON() {
				return { c: this.cents, by: new Wrapped() };
			}
		}
		class Wrapped {
			readonly inner = 1;
		}
		expect(canonicalJson(new Money(5))).toBe('{"by":{"inner":1},"c":5}');
		expect(carefulJson([new Money(5)])).toBe('[{"by":{"inner":1},"c":5}]');
		class Account {
			readonly inner = 2;
			toJSON() {
				return new Money(this.inner);
			}
		}
		expect(canonicalJson(new Account())).toBe('{"cents":2}');
		expect(carefulJson(new Account())).toBe('{"cents":2}');
		expect(canonicalJson(new URL('https://a.example/?b'))).toBe('"https://a.example/?b"');
		expect(canonicalJson(Duration.fromObject({ hours: 1 }))).toBe('"PT1H"');
		expect(refusalOf({ toJSON: () => 'sly' })).toMatchObject({
			problem: 'function',
			path: '$.toJSON',
		});
		class Nothing {
			readonly a = 1;
			toJSON() {
				return undefined;
			}
		}
		expect(refusalOf({ n: new Nothing() })).toMatchObject({ problem: 'undefined', path: '$.n' });
	});

	it('counts own enumerable properties, no inherited, symbol-keyed or hidden ones', () => {
		class Point {
			readonly y = 2;
			readonly x = 1;
			get sum() {
				return 3;
			}
		}
		const inherited = Object.assign(Object.create({ up: 1 }) as object, {
			own: 1,
			[Symbol('s')]: 2,
		});
		Object.defineProperty(inherited, 'hidden', { value: 1 });
		expect(canonicalJson([new Point(), inherited])).toBe('[{"x":1,"y":2},{"own":1}]');
	});

	it('keeps an own __proto__ key and takes objects of other realms and without prototype', () => {
		expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe(
			'{"__proto__":{"a":2},"b":1}',
		);
		expect(canonicalJson(Object.assign(Object.create(null) as object, { b: 1, a: [] }))).toBe(
			'{"a":[],"b":1}',
		);
		expect(canonicalJson(runInNewContext('({ b: {}, a: [1] })'))).toBe('{"a":[1],"b":{}}');
	});

	it('takes boxed primitives for their values', () => {
		expect(canonicalJson([new String('a'), new Number(-0), new Boolean(false)])).toBe(
			'["a",0,false]',
		);
		expect(refusalOf([new Number(NaN)])).toMatchObject({ problem: 'not_finite', path: '$[0]' });
	});

	it('leaves what it was given untouched', () => {
		const frozen = Object.freeze({ b: Object.freeze([2, Object.freeze({ d: 1, c: 2 })]), a: 1 });
		canonicalJson(frozen);
		expect(Object.keys(frozen)).toEqual(['b', 'a']);
	});
});
