import fc from 'fast-check';
import { valueAtPath, withoutPaths } from '../../../lib/keys/field-paths';

describe('valueAtPath', () => {
	const source = {
		id: 0,
		empty: '',
		items: [{ id: 'a' }, { id: 'b', tags: [['x', 'y']] }],
		customer: { 'first.name': 'Ada', address: { zip: null } },
		'customer.id': 'literal',
		'items[1]': { id: 'literal item' },
		'a.b': { c: 1, 'c.d': 2 },
		a: { b: { c: 'shadowed' }, e: 3 },
		'x[y]': 4,
		'p.q': { r: 'short' },
		'p.q.r': 'long',
		'': { '': 5 },
	};

	it.each<[string, unknown]>([
		['id', 0],
		['empty', ''],
		['items[0].id', 'a'],
		['items.0.id', 'a'],
		['items.1.id', 'b'],
		['items.1.tags[0][1]', 'y'],
		['items.1.tags.0.1', 'y'],
		['items[1].tags[0][1]', undefined],
		['items[1].id', 'literal item'],
		['customer.id', 'literal'],
		['customer.first.name', 'Ada'],
		['customer.address.zip', null],
		['customer.address.zip.code', undefined],
		['a.b.c', 1],
		['a.b.c.d', 2],
		['a.e', 3],
		['x[y]', 4],
		['p.q.r', 'long'],
		['', { '': 5 }],
		['.', 5],
		['items', source.items],
		['nothing', undefined],
		['items.length', undefined],
		['items[2].id', undefined],
		['items[-1].id', undefined],
		['items[00].id', undefined],
		['items[].id', undefined],
		['id.toFixed', undefined],
		['empty.length', undefined],
		['constructor', undefined],
		['__proto__', undefined],
		['customer.hasOwnProperty', undefined],
		['customer..id', undefined],
		['items[0', undefined],
	])('%p', (path, value) => {
		expect(valueAtPath(source, path)).toEqual(value);
	});

	it('reads own __proto__ keys, lists at the top, and nothing from what is no object', () => {
		expect(valueAtPath(JSON.parse('{"__proto__":{"a":1}}'), '__proto__.a')).toBe(1);
		expect(valueAtPath([{ id: 1 }], '[0].id')).toBe(1);
		expect(valueAtPath([{ id: 1 }], '0.id')).toBe(1);
		for (const nothing of [undefined, null, 'text', 5, true]) {
			expect(valueAtPath(nothing, 'a')).toBeUndefined();
			expect(valueAtPath(nothing, '0')).toBeUndefined();
		}
	});

	it('finds any key of any object by its own name', () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), fc.anything(), (outer, inner, value) => {
				expect(valueAtPath({ [outer]: value }, outer)).toBe(value);
				fc.pre(!/[[\]]/.test(outer + inner));
				const nested = { [outer]: { [inner]: value } };
				expect(valueAtPath(nested, `${outer}.${inner}`)).toBe(value);
			}),
		);
	});
});

describe('withoutPaths', () => {
	const source = () => ({
		id: 1,
		meta: { sentAt: 't', keep: true },
		'meta.sentAt': 'literal',
		items: [
			{ sku: 'a', at: 1, sub: [{ at: 1, n: 1 }] },
			{ sku: 'b', at: 2, sub: [] },
			{ sku: 'c', at: 3 },
		],
		byKey: { x: { at: 1, n: 1 }, y: { at: 2, n: 2 } },
	});

	it.each<[string, string[], (expected: ReturnType<typeof source>) => unknown]>([
		['a field', ['id'], (s) => ({ ...s, id: undefined })],
		[
			'the literal key before the path',
			['meta.sentAt'],
			(s) => ({ ...s, 'meta.sentAt': undefined }),
		],
		['a nested field', ['meta.keep'], (s) => ({ ...s, meta: { sentAt: 't' } })],
		[
			'items of the list as it was given',
			['items[0]', 'items.1'],
			(s) => ({ ...s, items: [s.items[2]] }),
		],
		[
			'a field of one item',
			['items[2].at'],
			(s) => ({ ...s, items: [s.items[0], s.items[1], { sku: 'c' }] }),
		],
		[
			'a field of each item',
			['items[].at', 'items.*.sub[*].at'],
			(s) => ({
				...s,
				items: [{ sku: 'a', sub: [{ n: 1 }] }, { sku: 'b', sub: [] }, { sku: 'c' }],
			}),
		],
		['every item', ['items[]'], (s) => ({ ...s, items: [] })],
		[
			'a field below each key',
			['byKey.*.at'],
			(s) => ({ ...s, byKey: { x: { n: 1 }, y: { n: 2 } } }),
		],
		[
			'the whole where a part is listed too',
			['byKey.x.at', 'byKey.x', 'byKey.x.n'],
			(s) => ({ ...s, byKey: { y: s.byKey.y } }),
		],
		[
			'nothing where there is nothing',
			['no', 'id.x', 'items.at', 'items[9]', 'byKey[].at', 'items.length', 'toString'],
			(s) => s,
		],
	])('removes %s', (_name, paths, expected) => {
		const given = source();
		expect(withoutPaths(given, paths)).toEqual(expected(source()));
		expect(given).toEqual(source());
		expect(withoutPaths(given, [...paths].reverse())).toEqual(expected(source()));
	});

	it('shares what it does not change', () => {
		const given = source();
		const copy = withoutPaths(given, ['meta.keep']) as typeof given;
		expect(copy).not.toBe(given);
		expect(copy.items).toBe(given.items);
		expect(withoutPaths(given, ['no.such', 'meta.no', 'items[].no'])).toBe(given);
		expect(withoutPaths(given, [])).toBe(given);
	});

	it('keeps own __proto__ keys, dates, key order, and an own key that looks like a wildcard', () => {
		const given: unknown = JSON.parse('{"b":1,"__proto__":{"x":1,"y":2},"a":2}');
		expect(JSON.stringify(withoutPaths(given, ['b']))).toBe('{"__proto__":{"x":1,"y":2},"a":2}');
		expect(JSON.stringify(withoutPaths(given, ['__proto__.x']))).toBe(
			'{"b":1,"__proto__":{"y":2},"a":2}',
		);
		const date = new Date();
		expect(withoutPaths({ date, x: 1 }, ['x', 'date.y'])).toEqual({ date });
		expect(withoutPaths({ '*': { a: 1 }, b: { a: 1 } }, ['*.a'])).toEqual({ '*': {}, b: { a: 1 } });
	});

	it('ignores what a list holds beside its items', () => {
		const list = Object.assign([1, 2], { extra: 3 });
		expect(withoutPaths({ list }, ['list[0]'])).toEqual({ list: [2] });
	});

	it('gives anything that is no container back', () => {
		for (const value of [undefined, null, 0, 'text'])
			expect(withoutPaths(value, ['a', '*'])).toBe(value);
	});

	it('leaves nothing at a removed path, and everything else as it was', () => {
		fc.assert(
			fc.property(
				fc.dictionary(
					fc.stringMatching(/^[a-z]$/),
					fc.dictionary(fc.stringMatching(/^[a-z]$/), fc.nat()),
				),
				(given) => {
					for (const [outer, members] of Object.entries(given)) {
						for (const inner of Object.keys(members)) {
							const result = withoutPaths(given, [`${outer}.${inner}`]) as typeof given;
							expect(valueAtPath(result, `${outer}.${inner}`)).toBeUndefined();
							expect(inner in result[outer]!).toBe(false);
							expect(result).toEqual({ ...given, [outer]: { ...members, [inner]: undefined } });
						}
					}
				},
			),
		);
	});
});
