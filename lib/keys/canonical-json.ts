import { isPlainObject, jsonViewOf, Refusal, type CanonicalJsonProblem } from './json-view';

export type { CanonicalJsonProblem } from './json-view';

/** Thrown for a value that JSON cannot hold. `path` leads to it from the root, as in `$.order.items[3].amount`. */
export class CanonicalJsonError extends Error {
	override readonly name = 'CanonicalJsonError';

	constructor(
		readonly path: string,
		readonly problem: CanonicalJsonProblem,
		detail: string,
	) {
		super(`${shortened(path)} ${detail}`);
	}
}

/** Nesting that is copied by recursion; also bounds what a cycle can cost before it is noticed. */
const FAST_DEPTH = 32;
/** Containers copied before the fast path gives up: shared references can multiply without end. */
const FAST_CONTAINERS = 250_000;
const MAX_DEPTH = 250_000;
/** The longest canonical text, in characters. */
export const MAX_CANONICAL_LENGTH = 2 ** 26;
const MAX_CONTAINERS = 2_000_000;
const SHORT = 2 ** 16;
/** Up to here a plain insertion sort beats `Array.prototype.sort`. */
const INSERTION_SORT_LENGTH = 24;
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,9})$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The canonical JSON text of a value, by RFC 8785 (JCS): keys sorted by UTF-16 code units, numbers and strings as
 * ECMAScript writes them, no white space. Equal values give equal text on every host, whatever its zone or language.
 *
 * - `undefined` is left out of objects, as JSON does, and refused in arrays and at the top.
 * - Dates and Luxon DateTimes become ISO text in UTC: the same instant gives the same text, whatever its zone.
 * - Boxed primitives count as their value. Another class instance gives what its `toJSON()` returns (asked once), else its own
 *   enumerable properties. One that shows nothing (a URL has `toJSON`; a RegExp, Promise or Error has not) is refused: all of
 *   them would become `{}`, and different values would pass for the same.
 * - Inherited and symbol-keyed properties are ignored; an own `__proto__` key is kept.
 *
 * @throws {CanonicalJsonError} for NaN, ±Infinity, BigInt, lone surrogates, cycles, functions, symbols, invalid dates, Map, Set,
 * binary data, more than 250,000 levels, 2,000,000 lists and objects or
 * 67,108,864 characters, and properties that throw when read.
 */
export function canonicalJson(value: unknown): string {
	// Most are names and keys.
	if (typeof value === 'string' && value.length < SHORT) {
		const json = JSON.stringify(value);
		return json.includes('\\ud') ? write(value) : json;
	}
	try {
		const json = JSON.stringify(sortedCopy(value, FAST_DEPTH, { left: FAST_CONTAINERS }));
		// JSON.stringify writes a lone surrogate as \udXXX; text with a backslash before "ud" looks alike.
		if (json.length <= MAX_CANONICAL_LENGTH && !json.includes('\\ud')) return json;
	} catch {
		// Whatever it was, the careful writer settles it, and knows where.
	}
	return write(value);
}

/**
 * A copy whose keys are inserted in sorted order, for the engine's own JSON.stringify: faster than any writer in JavaScript.
 * Throws on whatever such a copy cannot carry (keys that look like array indexes order themselves) or must not.
 */
function sortedCopy(value: unknown, depth: number, containers: { left: number }): unknown {
	switch (typeof value) {
		case 'string':
		case 'boolean':
			return value;
		case 'number':
			if (!Number.isFinite(value)) throw giveUp;
			return value;
		case 'object':
			break;
		default:
			throw giveUp;
	}
	if (value === null) return null;
	if (depth === 0 || --containers.left < 0) throw giveUp;

	const source = Array.isArray(value) || isPlainObject(value) ? value : jsonViewOf(value);
	if (typeof source !== 'object' || source === null) return sortedCopy(source, depth, containers);
	if (Array.isArray(source)) {
		const list: unknown[] = [];
		for (let i = 0; i < source.length; i++) {
			list.push(sortedCopy(source[i], depth - 1, containers));
		}
		return list;
	}

	const copy: Record<string, unknown> = {};
	for (const key of sortedKeysOf(source)) {
		const first = key.charCodeAt(0);
		if (first >= 48 && first <= 57 && ARRAY_INDEX.test(key)) throw giveUp;
		if (key === '__proto__') throw giveUp;
		const member = (source as Record<string, unknown>)[key];
		if (member !== undefined) copy[key] = sortedCopy(member, depth - 1, containers);
	}
	return copy;
}

const giveUp = new Error('not for the fast path');

/** Own enumerable keys by UTF-16 code units, which is how `<` and `sort()` compare strings. */
export function sortedKeysOf(value: object): string[] {
	const keys = Object.keys(value);
	if (keys.length > INSERTION_SORT_LENGTH) return keys.sort();
	for (let i = 1; i < keys.length; i++) {
		const key = keys[i]!;
		let j = i - 1;
		while (j >= 0 && keys[j]! > key) {
			keys[j + 1] = keys[j]!;
			j--;
		}
		keys[j + 1] = key;
	}
	return keys;
}

interface Frame {
	/** The value as it was met, to recognize it further down: a cycle. */
	readonly met: object;
	readonly members: Readonly<Record<string, unknown>> | readonly unknown[];
	/** null for an array. */
	readonly keys: readonly string[] | null;
	next: number;
	empty: boolean;
}

/** The careful writer: any keys, any depth, and it knows where it is when something is refused. */
function write(root: unknown): string {
	const frames: Frame[] = [];
	const open = new Set<object>();
	let out = '';
	let containers = 0;

	const begin = (value: unknown): void => {
		if (typeof value !== 'object' || value === null) {
			out += scalarJson(value);
			return;
		}
		if (open.has(value)) throw new Refusal('cycle', 'contains itself: JSON cannot hold a cycle.');
		const view = Array.isArray(value) || isPlainObject(value) ? value : jsonViewOf(value);
		if (typeof view !== 'object' || view === null) {
			out += scalarJson(view);
			return;
		}
		if (frames.length === MAX_DEPTH) {
			throw new Refusal('too_deep', `is nested deeper than ${MAX_DEPTH} levels.`);
		}
		if (out.length > MAX_CANONICAL_LENGTH || ++containers > MAX_CONTAINERS) throw tooLarge();
		const keys = Array.isArray(view) ? null : sortedKeysOf(view);
		out += keys === null ? '[' : '{';
		open.add(value);
		frames.push({ met: value, members: view as Frame['members'], keys, next: 0, empty: true });
	};

	const advance = (frame: Frame): void => {
		const { keys, members } = frame;
		const index = frame.next++;
		if (keys === null) {
			const list = members as readonly unknown[];
			if (index < list.length) {
				if (index > 0) out += ',';
				begin(list[index]);
				return;
			}
			out += ']';
		} else {
			const key = keys[index];
			if (key !== undefined) {
				const member = (members as Readonly<Record<string, unknown>>)[key];
				if (member === undefined) return;
				out += (frame.empty ? '' : ',') + stringJson(key) + ':';
				frame.empty = false;
				begin(member);
				return;
			}
			out += '}';
		}
		open.delete(frame.met);
		frames.pop();
	};

	const refusal = refusalOf(() => {
		begin(root);
		for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) advance(frame);
		if (out.length > MAX_CANONICAL_LENGTH) throw tooLarge();
	});
	if (refusal !== null) {
		throw new CanonicalJsonError(pathOf(frames), refusal.problem, refusal.detail);
	}
	return out;
}

function refusalOf(work: () => void): Refusal | null {
	try {
		work();
		return null;
	} catch (error) {
		if (error instanceof Refusal) return error;
		return new Refusal('unreadable', `cannot be read: ${String(error)}.`);
	}
}

function tooLarge(): Refusal {
	return new Refusal(
		'too_large',
		`is beyond the ${MAX_CANONICAL_LENGTH} characters or ${MAX_CONTAINERS} lists and objects that are compared.`,
	);
}

function scalarJson(value: unknown): string {
	switch (typeof value) {
		case 'string':
			return stringJson(value);
		case 'number':
			if (Number.isFinite(value)) return JSON.stringify(value);
			throw new Refusal('not_finite', `is ${value}, which is no JSON number.`);
		case 'boolean':
			return value ? 'true' : 'false';
		case 'bigint':
			throw new Refusal('bigint', 'is a BigInt, which JSON cannot hold. Pass it as text.');
		case 'undefined':
			throw new Refusal('undefined', 'is undefined. Use null where nothing is meant.');
		case 'function':
			throw new Refusal('function', 'is a function, which JSON cannot hold.');
		case 'symbol':
			throw new Refusal('symbol', 'is a symbol, which JSON cannot hold.');
		default:
			return 'null';
	}
}

function stringJson(text: string): string {
	const json = JSON.stringify(text);
	if (json.includes('\\ud') && LONE_SURROGATE.test(text)) {
		throw new Refusal(
			'lone_surrogate',
			'holds half of a surrogate pair, which no UTF-8 text can hold. It was cut in the middle of a character.',
		);
	}
	return json;
}

function pathOf(frames: readonly Frame[]): string {
	let path = '$';
	for (const { keys, next } of frames) {
		const key = keys === null ? undefined : keys[next - 1];
		if (key === undefined) path += `[${next - 1}]`;
		else path += /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
	}
	return path;
}

function shortened(path: string): string {
	return path.length <= 200 ? path : `${path.slice(0, 90)}…${path.slice(-90)}`;
}
