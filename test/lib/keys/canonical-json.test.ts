import fc from 'fast-check';
import { canonicalJson } from '../../../lib/keys/canonical-json';
import { loadCanonicalize } from '../../support/canonicalize-peer';
import { FAR_FROM_QUADRATIC, growthOf } from '../../support/growth';
import { ELSEWHERE, runElsewhere } from '../../support/run-elsewhere';
import { refusalOf, carefulJson } from './canonical-json-harness';

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

it('gives a list the texts of its objects, however alike their keys are', () => {
	// Few names, in any order and number: lists in which keys repeat, and nearly do.
	const name = fc.constantFrom('a', 'b', 'c', 'd', 'a1');
	const one = fc.uniqueArray(fc.tuple(name, fc.integer()), { selector: ([key]) => key });
	const object = one.map((pairs) => Object.fromEntries(pairs));
	fc.assert(
		fc.property(fc.array(object, { minLength: 17, maxLength: 60 }), (list) => {
			expect(canonicalJson(list)).toBe(`[${list.map(carefulJson).join(',')}]`);
		}),
	);
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
