import fc from 'fast-check';
import { DateTime, Duration } from 'luxon';
import { runInNewContext } from 'node:vm';
import { CanonicalJsonError, canonicalJson } from '../../../lib/keys/canonical-json';
import { loadCanonicalize } from '../../support/canonicalize-peer';
import { FAR_FROM_QUADRATIC, growthOf } from '../../support/growth';
import { ELSEWHERE, runElsewhere } from '../../support/run-elsewhere';

function refusalOf(value: unknown): CanonicalJsonError {
	let refusal: unknown;
	try {
		canonicalJson(value);
	} catch (error) {
		refusal = error;
	}
	if (refusal instanceof CanonicalJsonError) return refusal;
	throw new Error(`was not refused, but: ${String(refusal)}`);
}

/** The same value beside an index-like key, which only the careful writer can order. */
function carefulJson(value: unknown): string {
	const text = canonicalJson({ v: value, 10: 0, 9: 0 });
	expect(text.startsWith('{"10":0,"9":0,"v":')).toBe(true);
	return text.slice('{"10":0,"9":0,"v":'.length, -1);
}

describe('RFC 8785', () => {
	it.each([
		['0000000000000000', '0'],
		['8000000000000000', '0'],
		['0000000000000001', '5e-324'],
		['8000000000000001', '-5e-324'],
		['7fefffffffffffff', '1.7976931348623157e+308'],
		['ffefffffffffffff', '-1.7976931348623157e+308'],
		['4340000000000000', '9007199254740992'],
		['c340000000000000', '-9007199254740992'],
		['4430000000000000', '295147905179352830000'],
		['44b52d02c7e14af5', '9.999999999999997e+22'],
		['44b52d02c7e14af6', '1e+23'],
		['44b52d02c7e14af7', '1.0000000000000001e+23'],
		['444b1ae4d6e2ef4e', '999999999999999700000'],
		['444b1ae4d6e2ef4f', '999999999999999900000'],
		['444b1ae4d6e2ef50', '1e+21'],
		['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
		['3eb0c6f7a0b5ed8d', '0.000001'],
		['41b3de4355555553', '333333333.3333332'],
		['41b3de4355555554', '333333333.33333325'],
		['41b3de4355555555', '333333333.3333333'],
		['41b3de4355555556', '333333333.3333334'],
		['41b3de4355555557', '333333333.33333343'],
		['becbf647612f3696', '-0.0000033333333333333333'],
		['43143ff3c1cb0959', '1424953923781206.2'],
	])('appendix B: the number %s is %s', (hex, text) => {
		const number = Buffer.from(hex, 'hex').readDoubleBE();
		expect(canonicalJson(number)).toBe(text);
		expect(carefulJson(number)).toBe(text);
	});

	it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
		'appendix B: the number %s is refused',
		(hex) => {
			expect(refusalOf(Buffer.from(hex, 'hex').readDoubleBE()).problem).toBe('not_finite');
		},
	);

	it('section 3.2.2: the sample object', () => {
		const sample: unknown = JSON.parse(`{
			"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
			"string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
			"literals": [null, true, false]
		}`);
		const canonical =
			'7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d';
		expect(Buffer.from(canonicalJson(sample)).toString('hex')).toBe(canonical);
		expect(Buffer.from(carefulJson(sample)).toString('hex')).toBe(canonical);
	});

	it('section 3.2.3: keys are sorted by UTF-16 code units', () => {
		const sample = {
			'\u20ac': 'Euro Sign',
			'\r': 'Carriage Return',
			'\ufb33': 'Hebrew Letter Dalet With Dagesh',
			'1': 'One',
			'\ud83d\ude00': 'Emoji: Grinning Face',
			'\u0080': 'Control',
			'\u00f6': 'Latin Small Letter O With Diaeresis',
		};
		expect(
			Object.values(JSON.parse(canonicalJson(sample).replace('"1"', '"a1"')) as object),
		).toEqual([
			'Carriage Return',
			'One',
			'Control',
			'Latin Small Letter O With Diaeresis',
			'Euro Sign',
			'Emoji: Grinning Face',
			'Hebrew Letter Dalet With Dagesh',
		]);
		const withoutIndex = Object.fromEntries(Object.entries(sample).filter(([key]) => key !== '1'));
		expect(Object.values(JSON.parse(canonicalJson(withoutIndex)) as object).at(-1)).toMatch(
			/^Hebrew/,
		);
	});
});

describe('against npm canonicalize', () => {
	const canonicalize = loadCanonicalize();
	const key = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.nat({ max: 1200 }).map(String),
		fc.constantFrom('__proto__', 'constructor', 'toString', '', '01', '4294967295', '-1', 'ı', 'I'),
	);
	const { node } = fc.letrec((tie) => ({
		node: fc.oneof(
			{ maxDepth: 6 },
			fc.string({ unit: 'binary' }),
			fc.string(),
			fc.double({ noNaN: true, noDefaultInfinity: true }),
			fc.integer(),
			fc.boolean(),
			fc.constantFrom(null, -0, '\\ud800', 'C:\\udata', '\u2028'),
			fc.array(tie('node')),
			fc.array(fc.tuple(key, tie('node'))).map((pairs) => Object.fromEntries(pairs)),
		),
	}));

	it('gives the same text for any JSON value, on both paths', () => {
		fc.assert(
			fc.property(fc.oneof(node, fc.jsonValue({ stringUnit: 'binary' })), (value) => {
				const expected = canonicalize(value);
				expect(canonicalJson(value)).toBe(expected);
				expect(carefulJson(value)).toBe(expected);
			}),
			{ numRuns: 2000 },
		);
	});

	it('gives the same text for objects of many keys, however they were inserted', () => {
		fc.assert(
			fc.property(fc.uniqueArray(key, { minLength: 20, maxLength: 60 }), (keys) => {
				const forwards = Object.fromEntries(keys.map((name, i) => [name, { [name]: i }]));
				const backwards = Object.fromEntries(
					keys.map((name, i) => [name, { [name]: i }] as const).reverse(),
				);
				expect(canonicalJson(forwards)).toBe(canonicalize(forwards));
				expect(canonicalJson(backwards)).toBe(canonicalJson(forwards));
			}),
		);
	});

	it('is a fixed point: parsed and written again, it does not change', () => {
		fc.assert(
			fc.property(node, (value) => {
				const text = canonicalJson(value);
				expect(canonicalJson(JSON.parse(text))).toBe(text);
			}),
		);
	});
});

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

describe('size', () => {
	const wideOf = (fields: number) =>
		Object.fromEntries(Array.from({ length: fields }, (_, i) => [`k${i * 7919}`, i]));
	const indexedOf = (fields: number) =>
		Object.fromEntries(Array.from({ length: fields }, (_, i) => [String(i), i]));
	const rowsOf = (rows: number) =>
		Array.from({ length: rows }, (_, i) => ({
			name: `row ${i} of many`,
			id: i,
			tags: ['alpha', 'beta "quoted"', 'gamma'],
			note: 'x'.repeat(120),
		}));

	it.each([
		['fields', wideOf],
		['fields with numbers for names', indexedOf],
		['rows', rowsOf],
	])('takes time that grows with the number of %s', (_, make) => {
		const growth = growthOf(5_000, (size) => {
			const value = make(size);
			return () => canonicalJson(value);
		});
		expect(growth).toBeLessThan(FAR_FROM_QUADRATIC);
	});

	it('writes 100,000 fields and 10 MB', () => {
		const wide = wideOf(100_000);
		expect(Object.keys(JSON.parse(canonicalJson(wide)) as object)).toEqual(
			Object.keys(wide).sort(),
		);
		expect(canonicalJson(indexedOf(100_000)).startsWith('{"0":0,"1":1,"10":10,"100":100,')).toBe(
			true,
		);
		const rows = rowsOf(50_000);
		const text = canonicalJson(rows);
		expect(text.length).toBeGreaterThan(10_000_000);
		expect(text).toBe(carefulJson(rows));
	});

	it.each([1, 1000])('refuses what shared references multiply without end (%i)', (size) => {
		let value: unknown = ['leaf'.repeat(size)];
		for (let i = 0; i < 60; i++) value = [value, value];
		// Written out it would never end.
		expect(refusalOf(value).problem).toBe('too_large');
	});
});

it('gives the same text in every zone and language', () => {
	const script = `
		const { canonicalJson } = lib('keys/canonical-json');
		const { DateTime } = require('luxon');
		console.log(canonicalJson({ ı: 1, i: 2, I: 3, İ: 4, z: 'i', ä: 1.5, Z: new Date(1720000000000),
			d: DateTime.fromMillis(1720000000000), e: 1e21, 5: [new Date(0)] }));`;
	const printed = runElsewhere(script, ELSEWHERE);
	expect(new Set(printed).size).toBe(1);
	expect(printed[0]).toContain('"d":"2024-07-03T09:46:40.000Z"');
});
