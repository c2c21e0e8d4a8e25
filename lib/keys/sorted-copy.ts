import { isPlainObject, jsonViewOf } from './json-view';

/** Nesting that is copied by recursion; also bounds what a cycle can cost before it is noticed. */
const FAST_DEPTH = 32;
/** Containers copied before the fast path gives up: shared references can multiply without end. */
const FAST_CONTAINERS = 250_000;
/** With fewer it does not pay to remember their keys; and of so many kinds they are remembered. */
const FEW_CONTAINERS = 16;
const MAX_KINDS = 1_000;
/** Up to here a plain insertion sort beats `Array.prototype.sort`. */
const INSERTION_SORT_LENGTH = 24;
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,9})$/;

/**
 * A copy whose keys are inserted in sorted order, for the engine's own JSON.stringify: faster than any writer in JavaScript.
 * Throws on whatever such a copy cannot carry (keys that look like array indexes order themselves) or must not.
 */
export function sortedCopy(value: unknown): unknown {
	return copyOf(value, FAST_DEPTH, new Copying());
}

function copyOf(value: unknown, depth: number, copying: Copying): unknown {
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
	if (depth === 0 || --copying.left < 0) throw giveUp;

	const source = Array.isArray(value) || isPlainObject(value) ? value : jsonViewOf(value);
	if (typeof source !== 'object' || source === null) return copyOf(source, depth, copying);
	if (Array.isArray(source)) {
		const list: unknown[] = [];
		for (let i = 0; i < source.length; i++) {
			list.push(copyOf(source[i], depth - 1, copying));
		}
		return list;
	}

	const copy: Record<string, unknown> = {};
	for (const key of copying.keysOf(source)) {
		const member = (source as Record<string, unknown>)[key];
		if (member !== undefined) copy[key] = copyOf(member, depth - 1, copying);
	}
	return copy;
}

/** What is known while one value is copied. */
class Copying {
	/** Containers that may still be copied. */
	left = FAST_CONTAINERS;

	private seen: Map<string, { keys: readonly string[]; sorted: readonly string[] }> | undefined;

	/**
	 * The keys in order. In a list each object mostly has those of the one before: they are found by the first one.
	 *
	 * @throws giveUp for keys that a copy can't carry in order
	 */
	keysOf(source: object): readonly string[] {
		const keys = Object.keys(source);
		const [first] = keys;
		if (first === undefined) return keys;
		const seen = this.seen?.get(first);
		if (seen !== undefined && areSame(seen.keys, keys)) return seen.sorted;
		if (keys.some(isOrderedByItself)) throw giveUp;
		if (this.left > FAST_CONTAINERS - FEW_CONTAINERS) return sortKeys(keys);
		const sorted = sortKeys([...keys]);
		this.seen ??= new Map();
		if (this.seen.size < MAX_KINDS) this.seen.set(first, { keys, sorted });
		return sorted;
	}
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
	if (some.length !== others.length) return false;
	for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
	return true;
}

function isOrderedByItself(key: string): boolean {
	const first = key.charCodeAt(0);
	return (first >= 48 && first <= 57 && ARRAY_INDEX.test(key)) || key === '__proto__';
}

const giveUp = new Error('not for the fast path');

/** Own enumerable keys by UTF-16 code units, which is how `<` and `sort()` compare strings. */
export function sortedKeysOf(value: object): string[] {
	return sortKeys(Object.keys(value));
}

/** Sorts the list itself. */
function sortKeys(keys: string[]): string[] {
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
