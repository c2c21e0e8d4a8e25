import type { Attempt } from '../core/attempt';
import { attempt } from '../core/attempt';
import { canonicalJson, MAX_CANONICAL_LENGTH, sortedKeysOf } from './canonical-json';
import { isPlainObject } from './json-view';

/** Of how many fields digests are kept: the first by name, in UTF-16 code units. */
export const MAX_FIELD_DIGESTS = 32;

/** A value as canonical text, and the texts of its fields that this text is made of: each is written once, and digested twice. */
export interface CanonicalParts {
	readonly text: string;
	/** At least those of which digests are kept. */
	readonly fields: readonly CanonicalField[];
}

export type CanonicalField = readonly [name: string, text: string];

export type Field = readonly [name: string, value: unknown];

/**
 * The parts of a list of names and values, `[["method","POST"]]`. Fields that are `undefined` do not exist.
 *
 * @throws {CanonicalJsonError} with a path within the list
 */
export function partsOfPairs(pairs: readonly Field[]): CanonicalParts {
	const parted = attempt((): CanonicalParts => {
		const fields = pairs.map(([name, value]): CanonicalField => [name, canonicalJson(value)]);
		const members = fields.map(([name, text]) => `[${canonicalJson(name)},${text}]`);
		return { text: `[${members.join(',')}]`, fields };
	});
	return checked(parted, pairs, pairs);
}

/**
 * The parts of an object. Its fields are its members; where a member in `opened` is an object itself, its members, called
 * `<name>.<member>`.
 *
 * @param topFields the same fields with their values
 * @throws {CanonicalJsonError} with a path within the object
 */
export function partsOfObject(
	value: Readonly<Record<string, unknown>>,
	opened: ReadonlySet<string>,
	topFields: () => readonly Field[],
): CanonicalParts {
	const parted = attempt((): CanonicalParts => {
		const fields: CanonicalField[] = [];
		return { text: objectText(value, '', opened, fields), fields };
	});
	return checked(parted, value, topFields);
}

const NONE: ReadonlySet<string> = new Set();

function objectText(
	value: Readonly<Record<string, unknown>>,
	prefix: string,
	opened: ReadonlySet<string>,
	fields: CanonicalField[],
): string {
	let members = '';
	let kept = 0;
	for (const key of sortedKeysOf(value)) {
		const member = value[key];
		if (member === undefined) continue;
		let text: string;
		if (opened.has(key) && isObject(member)) {
			// What a class instance shows is for the careful way below.
			if (!isPlainObject(member)) throw new TypeError('not plain');
			text = objectText(member, `${key}.`, NONE, fields);
		} else {
			text = canonicalJson(member);
			// They come by name: of a huge object no more are needed.
			if (kept++ < MAX_FIELD_DIGESTS) fields.push([prefix + key, text]);
		}
		members += `${members === '' ? '' : ','}${canonicalJson(key)}:${text}`;
	}
	return `{${members}}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The parts; or, where they could not be made or are too long, what the whole is refused for, with its place in the whole. */
function checked(
	parted: Attempt<CanonicalParts>,
	whole: unknown,
	fields: readonly Field[] | (() => readonly Field[]),
): CanonicalParts {
	if (parted.ok && parted.value.text.length <= MAX_CANONICAL_LENGTH) return parted.value;
	const text = canonicalJson(whole);
	const present = (typeof fields === 'function' ? fields() : fields).filter(
		([, value]) => value !== undefined,
	);
	return { text, fields: present.map(([name, value]) => [name, canonicalJson(value)]) };
}
