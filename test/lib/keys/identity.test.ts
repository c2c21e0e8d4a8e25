import fc from 'fast-check';
import { createHash, createHmac } from 'node:crypto';
import { CanonicalJsonError } from '../../../lib/keys/canonical-json';
import { changedFieldsOf, fieldDigestsOf, type Field } from '../../../lib/keys/field-digests';
import { fingerprintOf, identityOf, isMissingKey, ownerTokenOf } from '../../../lib/keys/identity';
import { ELSEWHERE, runElsewhere } from '../../support/run-elsewhere';

const sha = (text: string) => createHash('sha256').update(text);
const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text);

describe('identityOf', () => {
	const parts = { scope: ['wf1', 'node'], tenant: null, keyParts: ['evt_1'] };

	it('is SHA-256, or HMAC with a secret, over the canonical array', () => {
		const text = '["v1",["wf1","node"],null,["evt_1"]]';
		expect(identityOf(parts)).toBe(sha(text).digest('hex'));
		expect(identityOf({ ...parts, secret: '' })).toBe(sha(text).digest('hex'));
		expect(identityOf({ ...parts, secret: 's€cret' })).toBe(hmac('s€cret', text).digest('hex'));
		expect(identityOf({ ...parts, tenant: 'ACME', keyParts: { b: 1, a: '€' } })).toBe(
			sha('["v1",["wf1","node"],"ACME",{"a":"€","b":1}]').digest('hex'),
		);
	});

	it('tells apart what joined strings would mix up', () => {
		const ids = [
			['a', null, ['b', 'c']],
			['a', null, ['b,c']],
			['a', null, 'b","c'],
			['a', 'b', ['c']],
			['a', 'null', ['b', 'c']],
			['a', '', ['b', 'c']],
			[['a'], null, ['b', 'c']],
			['a', null, [['b', 'c']]],
			['a', null, ['1']],
			['a', null, [1]],
			['a', null, [true]],
			['a', null, ['true']],
			['a', null, ['é']],
			['a', null, ['e\u0301']],
			['a', null, [null]],
			['a', null, [0]],
			['a', null, [false]],
			['a', null, ['']],
			['a', null, []],
		].map(([scope, tenant, keyParts]) =>
			identityOf({ scope, tenant: tenant as string | null, keyParts }),
		);
		expect(new Set(ids).size).toBe(ids.length);
	});

	it('is one for equal parts, and another for others', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.jsonValue(), fc.option(fc.string()), (a, b, tenant) => {
				const of = (keyParts: unknown) => identityOf({ scope: 's', tenant, keyParts });
				expect(of(a)).toMatch(/^[0-9a-f]{64}$/);
				expect(of(JSON.parse(JSON.stringify(a)))).toBe(of(a));
				const same = JSON.stringify(a) === JSON.stringify(b);
				if (same) expect(of(a)).toBe(of(b));
				expect(identityOf({ scope: 's', tenant: `${tenant}x`, keyParts: a })).not.toBe(of(a));
			}),
		);
	});

	it('names the place within the part that JSON cannot hold', () => {
		try {
			identityOf({ scope: 's', tenant: null, keyParts: { a: [NaN] } });
		} catch (error) {
			expect(error).toBeInstanceOf(CanonicalJsonError);
			expect(error).toMatchObject({ path: '$.a[0]', problem: 'not_finite' });
		}
		expect.assertions(2);
	});
});

describe('fingerprintOf', () => {
	it('is versioned, over an array that no identity can have', () => {
		expect(fingerprintOf({ b: 2, a: [1] })).toBe(
			`v1:${sha('["fingerprint","v1",{"a":[1],"b":2}]').digest('base64url')}`,
		);
		expect(fingerprintOf(0, 'k')).toBe(
			`v1:${hmac('k', '["fingerprint","v1",0]').digest('base64url')}`,
		);
		expect(fingerprintOf(null)).toMatch(/^v1:[\w-]{43}$/);
	});
});

describe('ownerTokenOf', () => {
	const claimant = { nonce: 'n', executionId: '7', nodeId: 'id', runIndex: 0, itemIndex: 3 };

	it('is half of SHA-256 over the canonical array', () => {
		expect(ownerTokenOf(claimant)).toBe(sha('["n","7","id",0,3]').digest('hex').slice(0, 32));
	});

	it.each([
		{ nonce: 'm' },
		{ executionId: '8' },
		{ nodeId: 'i' },
		{ runIndex: 1 },
		{ itemIndex: 4 },
	])('differs with %p', (change) => {
		expect(ownerTokenOf({ ...claimant, ...change })).not.toBe(ownerTokenOf(claimant));
	});
});

describe('field digests', () => {
	const named = (names: readonly string[], value: unknown = 1): Field[] =>
		names.map((name) => [name, value] as const);
	const numbered = (count: number, from = 0) =>
		Array.from({ length: count }, (_, i) => `f${String(i + from).padStart(3, '0')}`);

	it('packs 3 bytes of name and 3 of name and value, sorted by name', () => {
		const packed = fieldDigestsOf([
			['b', { y: 1, x: 2 }],
			['gone', undefined],
			['a', null],
		]);
		const digest = (text: string) => sha(text).digest('hex').slice(0, 6);
		expect(packed.toString('hex')).toBe(
			digest('["field","v1","a"]') +
				digest('["field","v1","a",null]') +
				digest('["field","v1","b"]') +
				digest('["field","v1","b",{"x":2,"y":1}]'),
		);
		expect(fieldDigestsOf([])).toHaveLength(0);
		expect(fieldDigestsOf(named(numbered(33)))).toHaveLength(192);
	});

	it('shows nothing in common under another secret, and the same under the same', () => {
		const fields = named(['amount', 'currency']);
		const [none, one, two] = [undefined, 'one', 'two'].map((secret) =>
			fieldDigestsOf(fields, secret),
		);
		expect(fieldDigestsOf(fields, 'one')).toEqual(one);
		expect(fieldDigestsOf(fields, '')).toEqual(none);
		for (let at = 0; at < 12; at += 3) {
			const pieces = [none!, one!, two!].map((packed) => packed.toString('hex', at, at + 3));
			expect(new Set(pieces).size).toBe(3);
		}
		expect(changedFieldsOf(one!, fields, 'one')).toEqual({ changed: [], missing: 0 });
	});

	it('does not touch the list it is given', () => {
		const fields = Object.freeze(named(['b', 'a']));
		fieldDigestsOf(fields);
		expect(fields.map(([name]) => name)).toEqual(['b', 'a']);
	});

	it('names what changed or is new, in the order given, and counts what is gone', () => {
		const stored = fieldDigestsOf([
			['amount', 10],
			['currency', 'EUR'],
			['memo', 'x'],
			['gone', 1],
		]);
		expect(
			changedFieldsOf(stored, [
				['new', 1],
				['memo', 'x'],
				['currency', 'USD'],
				['amount', '10'],
				['gone', undefined],
			]),
		).toEqual({ changed: ['new', 'currency', 'amount'], missing: 1 });
		expect(changedFieldsOf(stored, [])).toEqual({ changed: [], missing: 4 });
		expect(changedFieldsOf(new Uint8Array(), named(['a']))).toEqual({ changed: ['a'], missing: 0 });
	});

	it('reads bytes that lie within a larger buffer, as stores return them', () => {
		const packed = fieldDigestsOf(named(['a', 'b']));
		const larger = new Uint8Array(packed.length + 20).fill(0xff);
		larger.set(packed, 7);
		expect(changedFieldsOf(larger.subarray(7, 7 + packed.length), named(['a', 'b']))).toEqual({
			changed: [],
			missing: 0,
		});
	});

	it('calls a field new behind 32 stored ones only where it must be', () => {
		const stored = fieldDigestsOf(named(numbered(40)));
		expect(changedFieldsOf(stored, named(numbered(40)))).toEqual({ changed: [], missing: 0 });
		expect(changedFieldsOf(stored, named([...numbered(40), 'f000a', 'zzz']))).toEqual({
			changed: ['f000a'],
			missing: 0,
		});
		expect(changedFieldsOf(stored, named(numbered(40), 2)).changed).toEqual(numbered(32));
		expect(changedFieldsOf(stored, named(numbered(5, 35)))).toEqual({ changed: [], missing: 32 });
	});

	it('never says anything false, whatever the fields', () => {
		const record = fc.dictionary(fc.string({ maxLength: 2 }), fc.nat({ max: 2 }), {
			maxKeys: 80,
			size: 'max',
		});
		fc.assert(
			fc.property(
				record,
				fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.nat({ max: 3 }))),
				fc.nat(),
				(before, changes, drop) => {
					const after: Record<string, number> = { ...before, ...Object.fromEntries(changes) };
					const dropped = Object.keys(after).filter((_, i) => drop % (i + 2) === 0);
					for (const name of dropped) delete after[name];
					const { changed, missing } = changedFieldsOf(
						fieldDigestsOf(Object.entries(before)),
						Object.entries(after),
					);
					for (const name of changed) {
						expect(Object.hasOwn(before, name) && before[name] === after[name]).toBe(false);
					}
					const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
					expect(missing).toBeLessThanOrEqual(gone.length);
					if (Object.keys(before).length < 32) {
						expect(missing).toBe(gone.length);
						expect(changed).toEqual(
							Object.keys(after).filter((n) => !Object.hasOwn(before, n) || before[n] !== after[n]),
						);
					}
				},
			),
			{ numRuns: 300 },
		);
	});
});

describe('isMissingKey', () => {
	it.each([
		undefined,
		null,
		'',
		' ',
		'\t\r\n',
		'\u00a0\ufeff',
		[],
		{},
		[[]],
		[null, ''],
		{ id: undefined },
		{ a: [{ b: ' ' }] },
	])('%p is missing', (value) => {
		expect(isMissingKey(value)).toBe(true);
	});

	it.each([
		0,
		-0,
		false,
		true,
		NaN,
		0n,
		'a',
		'0',
		' a ',
		'null',
		[0],
		[null, 'a'],
		{ a: false },
		new Date(0),
		Buffer.alloc(0),
		new Map(),
	])('%p is a value', (value) => {
		expect(isMissingKey(value)).toBe(false);
	});

	it('ends on cycles, shared references and depth', () => {
		const list: unknown[] = [null];
		list.push(list);
		expect(isMissingKey(list)).toBe(true);
		let nested: unknown = [];
		for (let i = 0; i < 20_000; i++) nested = [nested, nested];
		expect(isMissingKey(nested)).toBe(true);
	});
});

it('gives the same digests in every zone and language', () => {
	const script = `
		const { identityOf, fingerprintOf } = lib('keys/identity');
		const { fieldDigestsOf } = lib('keys/field-digests');
		console.log(identityOf({ scope: 'İı', tenant: 'I', keyParts: [new Date(1720000000000), 'é', 1.5], secret: 'ş' }));
		console.log(fingerprintOf({ I: 1, ı: 2, i: 3 }), fieldDigestsOf([['ı', 1], ['I', 2], ['i', 3], ['İ', 4]]).toString('hex'));`;
	const printed = runElsewhere(script, ELSEWHERE);
	expect(new Set(printed).size).toBe(1);
	expect(printed[0]).toContain(
		hmac('ş', '["v1","İı","I",["2024-07-03T09:46:40.000Z","é",1.5]]').digest('hex'),
	);
});
