import type { IDataObject } from 'n8n-workflow';

/** Values that break what reads them carelessly. */

export const MB = 1_000_000;
export const deep = (levels: number): unknown =>
	JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
export const wide = (fields: number): IDataObject =>
	Object.fromEntries(Array.from({ length: fields }, (_, n) => [`field${n}`, n]));

/** What may be used as a key and as a payload, however odd. */
export const ODD: ReadonlyArray<readonly [name: string, value: () => unknown]> = [
	['10 MB of text', () => 'x'.repeat(10 * MB)],
	[
		'10 MB in many values',
		() => Array.from({ length: 200_000 }, (_, n) => `value ${n} `.repeat(4)),
	],
	['1,000 levels', () => deep(1_000)],
	['100,000 fields', () => wide(100_000)],
	['a name of 1 MB', () => ({ ['n'.repeat(MB)]: 1 })],
	['control characters', () => 'a\u0000b\n\r\t\u001b[2J\u2028\ufeff'],
	['__proto__', () => JSON.parse('{"__proto__":{"polluted":1},"a":1}') as unknown],
	['constructor', () => ({ constructor: { prototype: { polluted: 1 } }, toString: 'x' })],
	['1e400 as text', () => '1e400'],
	['a number above 2^53', () => 2 ** 53 + 2],
	['a tiny number', () => 5e-324],
	['text that is JSON', () => '["v1",null,{"a":"\\""}]'],
	['emoji and combining marks', () => '👩‍👩‍👧 é e\u0301 \u202e'],
];

/** Too many for an expression, which n8n copies by recursion; not for us. */
export const TOO_DEEP = ['20,000 levels', () => deep(20_000)] as const;

/** What has no JSON form, and how the message calls it. */
export const IMPOSSIBLE: ReadonlyArray<
	readonly [name: string, value: () => unknown, says: RegExp]
> = [
	['half of a surrogate pair', () => 'cut \ud83d', /half of a surrogate pair/],
	['1e400, which JSON.parse makes infinite', () => JSON.parse('1e400') as unknown, /Infinity/],
	['NaN', () => Number.NaN, /NaN/],
	['half of a pair as a name', () => ({ '\udc00': 1 }), /half of a surrogate pair/],
];
