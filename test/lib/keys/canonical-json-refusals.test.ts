import { DateTime } from 'luxon';
import { canonicalJson } from '../../../lib/keys/canonical-json';
import { FAR_FROM_QUADRATIC, growthOf } from '../../support/growth';
import { refusalOf, carefulJson } from './canonical-json-harness';

/** What has no canonical text: values that JSON has no word for, cycles, and what is too deep. */

describe('what JSON has no word for', () => {
	it('leaves undefined out of objects and refuses it elsewhere', () => {
		expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
		expect(carefulJson({ b: undefined, a: 1, c: undefined })).toBe('{"a":1}');
		expect(canonicalJson({ a: undefined })).toBe('{}');
		expect(refusalOf([1, undefined])).toMatchObject({ problem: 'undefined', path: '$[1]' });
		expect(refusalOf(new Array(3))).toMatchObject({ problem: 'undefined', path: '$[0]' });
		expect(refusalOf(undefined)).toMatchObject({ problem: 'undefined', path: '$' });
	});

	it.each([
		['not_finite', NaN],
		['not_finite', Infinity],
		['not_finite', -Infinity],
		['bigint', 10n],
		['lone_surrogate', 'cut \ud83d'],
		['lone_surrogate', '\ude00 cut'],
		['lone_surrogate', '\ude00\ud83d'],
		['function', () => 1],
		['symbol', Symbol('s')],
		['invalid_date', new Date(NaN)],
		['invalid_date', DateTime.invalid('test')],
		['map_or_set', new Map([['a', 1]])],
		['map_or_set', new Set([1])],
		['binary', Buffer.from('abc')],
		['binary', new Uint8Array(2)],
		['binary', new Float64Array(2)],
		['binary', new DataView(new ArrayBuffer(2))],
		['binary', new ArrayBuffer(2)],
		['opaque_object', /a/],
		['opaque_object', Promise.resolve(1)],
		['opaque_object', new WeakMap()],
		['opaque_object', Object.assign(new Error('lost message'), { code: 'E' })],
		['opaque_object', new (class Empty {})()],
		['symbol', Object(Symbol('boxed'))],
		['bigint', Object(1n)],
		['unreadable', Object.defineProperty({}, 'x', { enumerable: true, get: () => fail() })],
	] as const)('refuses as %s and says where', (problem, value) => {
		const error = refusalOf({ order: { items: [0, { 'unit price': value }] } });
		const path = '$.order.items[1]["unit price"]';
		expect(error).toMatchObject({ name: 'CanonicalJsonError', problem });
		expect(error.path).toBe(problem === 'unreadable' ? `${path}.x` : path);
		expect(error.message.startsWith(error.path)).toBe(true);
		expect(error.message.length).toBeGreaterThan(error.path.length + 10);
		expect(refusalOf(value).path).toBe(problem === 'unreadable' ? '$.x' : '$');
	});

	function fail(): never {
		throw new TypeError('no such thing');
	}

	it('says what to do about a Map, a Set and binary data', () => {
		expect(refusalOf(new Map()).message).toContain('Object.fromEntries(map)');
		expect(refusalOf(Buffer.alloc(1)).message).toContain('toString("base64")');
	});

	it('refuses lone surrogates in keys, and takes pairs and escaped look-alikes', () => {
		expect(refusalOf({ a: { '\ud800': 1 } })).toMatchObject({ problem: 'lone_surrogate' });
		expect(refusalOf({ 1: 2, '\udfff': 1 })).toMatchObject({ problem: 'lone_surrogate' });
		expect(canonicalJson({ '😀': '😀', path: 'C:\\udata\\ud800' })).toBe(
			'{"path":"C:\\\\udata\\\\ud800","😀":"😀"}',
		);
	});

	it('keeps long paths readable in the message and whole in path', () => {
		let value: unknown = NaN;
		for (let i = 0; i < 500; i++) value = { level: value };
		const error = refusalOf(value);
		expect(error.path).toBe(`$${'.level'.repeat(500)}`);
		expect(error.message.length).toBeLessThan(300);
	});
});

describe('cycles and depth', () => {
	it('refuses cycles, through objects, arrays and toJSON', () => {
		const object: Record<string, unknown> = { z: 1 };
		object.a = { b: [0, object] };
		expect(refusalOf(object)).toMatchObject({ problem: 'cycle', path: '$.a.b[1]' });
		const list: unknown[] = [];
		list.push(list);
		expect(refusalOf(list)).toMatchObject({ problem: 'cycle', path: '$[0]' });
		class Ouroboros {
			toJSON() {
				return { tail: this };
			}
		}
		expect(refusalOf(new Ouroboros())).toMatchObject({ problem: 'cycle', path: '$.tail' });
	});

	it('notices a cycle behind many fields, in time that grows with them', () => {
		const growth = growthOf(500, (size) => {
			const wide: Record<string, unknown> = {};
			for (let i = 0; i < size; i++) wide[`k${i}`] = i;
			wide.zzz = wide;
			return () => expect(refusalOf(wide).problem).toBe('cycle');
		});
		expect(growth).toBeLessThan(FAR_FROM_QUADRATIC);
	});

	it('takes the same object twice: that is no cycle', () => {
		const shared = { x: [1] };
		expect(canonicalJson({ a: shared, b: [shared, shared] })).toBe(
			'{"a":{"x":[1]},"b":[{"x":[1]},{"x":[1]}]}',
		);
		expect(carefulJson([shared, shared])).toBe('[{"x":[1]},{"x":[1]}]');
	});

	it.each([31, 32, 33, 34, 20_000, 200_000])('writes lists %i levels deep', (depth) => {
		const text = '['.repeat(depth) + ']'.repeat(depth);
		expect(canonicalJson(JSON.parse(text)) === text).toBe(true);
	});

	it('writes objects 20,000 levels deep, and names a fault at the bottom', () => {
		let value: unknown = 1;
		let bad: unknown = 1n;
		for (let i = 0; i < 20_000; i++) {
			value = { b: 2, a: value };
			bad = [bad];
		}
		const text = canonicalJson(value);
		expect(text === '{"a":'.repeat(20_000) + '1' + ',"b":2}'.repeat(20_000)).toBe(true);
		expect(refusalOf(bad).path).toBe(`$${'[0]'.repeat(20_000)}`);
	});

	it('refuses what toJSON nests without end', () => {
		class Endless {
			toJSON() {
				return [new Endless()];
			}
		}
		expect(refusalOf(new Endless()).problem).toBe('too_deep');
	});
});
