import { normalizedKey } from '../../../lib/keys/normalize-key';
import { ELSEWHERE, runElsewhere } from '../../support/run-elsewhere';

const ALL = { trim: true, lowerCase: true, unicode: true };
const NONE = { trim: false, lowerCase: false, unicode: false };

it('makes spellings of one thing one key', () => {
	const spellings = ['o-17', ' o-17', 'O-17', 'O-17\n', '\u3000O-17\u00a0'];
	expect(new Set(spellings.map((each) => normalizedKey(each, ALL)))).toEqual(new Set(['o-17']));
	expect(normalizedKey('Cafe\u0301', ALL)).toBe(normalizedKey('CAF\u00c9', ALL));
	expect(normalizedKey('\u212b', ALL)).toBe('\u00e5');
});

it('does each only where it is asked for', () => {
	expect(normalizedKey(' A\u0301 ', NONE)).toBe(' A\u0301 ');
	expect(normalizedKey(' A\u0301 ', { ...NONE, trim: true })).toBe('A\u0301');
	expect(normalizedKey(' A\u0301 ', { ...NONE, lowerCase: true })).toBe(' a\u0301 ');
	expect(normalizedKey(' A\u0301 ', { ...NONE, unicode: true })).toBe(' \u00c1 ');
});

it('reaches into lists and objects, and leaves names and all else as they are', () => {
	const date = new Date(0);
	const value = { Id: [' A ', 1, null, true, { B: 'C ' }], date, none: undefined };
	expect(normalizedKey(value, ALL)).toEqual({
		Id: ['a', 1, null, true, { B: 'c' }],
		date,
		none: undefined,
	});
	expect((normalizedKey(value, ALL) as { date: unknown }).date).toBe(date);
	for (const other of [7, null, undefined, true, 10n])
		expect(normalizedKey(other, ALL)).toBe(other);
});

it('leaves nothing of what is only blanks', () => {
	expect(normalizedKey(' \t\u3000', ALL)).toBe('');
});

it('keeps an own __proto__ a field', () => {
	const value = JSON.parse('{"__proto__": " A "}') as unknown;
	expect(JSON.stringify(normalizedKey(value, ALL))).toBe('{"__proto__":"a"}');
});

it('is the same in every zone and language, also where a capital I is not the capital of i', () => {
	const script = `
		const { normalizedKey } = lib('keys/normalize-key');
		console.log(JSON.stringify(normalizedKey(['ID-I', '\\u0130'], ${JSON.stringify(ALL)})));`;
	expect(new Set(runElsewhere(script, ELSEWHERE)).size).toBe(1);
});
