import { isPlainObject } from './json-view';

/** One step of a path, and where its text starts and ends: a literal key may span several. */
interface Step {
	readonly name: string;
	readonly from: number;
	readonly to: number;
}

/**
 * The value at a dot path, over own enumerable properties only; undefined where there is none. `items[0].id` and `items.0.id` are the
 * same. An own key that contains the dots wins over the path through them, at each level the longest.
 */
export function valueAtPath(source: unknown, path: string): unknown {
	return valueFrom(source, path, stepsOf(path), 0);
}

/**
 * As {@link valueAtPath}, but the first step is a key of its own: none that contains the dots is taken before it. Whoever may add a key
 * there, as a caller whose body is spread beside a verified claim, can't stand in for the claim.
 */
export function valueInField(source: unknown, path: string): unknown {
	const steps = stepsOf(path);
	const { name } = steps[0]!;
	if (typeof source !== 'object' || source === null || !isOwn(source, name)) return undefined;
	return valueFrom((source as Record<string, unknown>)[name], path, steps, 1);
}

function valueFrom(source: unknown, path: string, steps: readonly Step[], from: number): unknown {
	let value = source;
	for (let at = from; at < steps.length; ) {
		const found = memberAt(value, path, steps, at);
		if (found === null) return undefined;
		value = (value as Record<string, unknown>)[found.key];
		at = found.next;
	}
	return value;
}

/**
 * The value without what is at the dot paths. What is given stays untouched; parts without exclusions are shared with it.
 *
 * Paths are those of {@link valueAtPath}. Through a list they go by index (of the list as given; the items after a removed one move
 * up), or through each item by `[]`, `[*]` or `*`; `*` also stands for each key of an object. Only lists and plain objects are
 * entered: a Date or another class instance stays whole.
 */
export function withoutPaths(value: unknown, paths: readonly string[]): unknown {
	const removal: Removal = new Map();
	for (const path of paths) markRemovals(value, path, stepsOf(path), 0, removal);
	return without(value, removal);
}

/**
 * Only what is at the dot paths, in the shape that it has in the value: lists keep the items that are named, in their order. Paths
 * are those of {@link withoutPaths}; what is given stays untouched.
 */
export function onlyPaths(value: unknown, paths: readonly string[]): unknown {
	const named: Removal = new Map();
	for (const path of paths) markRemovals(value, path, stepsOf(path), 0, named);
	return only(value, named);
}

/** What to remove (or to keep) below a container, by key: the whole member, or what is listed in turn. */
type Removal = Map<string, Removal | 'whole'>;

function markRemovals(
	value: unknown,
	path: string,
	steps: readonly Step[],
	at: number,
	removal: Removal,
): void {
	if (!isContainer(value)) return;
	const found = memberAt(value, path, steps, at);
	const keys = found !== null ? [found.key] : wildcardKeys(value, steps[at]!);
	const next = found !== null ? found.next : at + 1;
	for (const key of keys) {
		const marked = removal.get(key);
		if (marked === 'whole') continue;
		if (next === steps.length) {
			removal.set(key, 'whole');
			continue;
		}
		const below: Removal = marked ?? new Map();
		markRemovals(value[key], path, steps, next, below);
		if (below.size > 0) removal.set(key, below);
	}
}

function without(value: unknown, removal: Removal): unknown {
	if (removal.size === 0 || !isContainer(value)) return value;
	const kept = (key: string): boolean => removal.get(key) !== 'whole';
	const member = (key: string): unknown => {
		const below = removal.get(key);
		return below instanceof Map ? without(value[key], below) : value[key];
	};
	if (Array.isArray(value)) {
		return Array.from(value.keys(), String).filter(kept).map(member);
	}
	return Object.fromEntries(
		Object.keys(value)
			.filter(kept)
			.map((key) => [key, member(key)]),
	);
}

function only(value: unknown, named: Removal): unknown {
	if (!isContainer(value)) return value;
	const member = (key: string): unknown => {
		const below = named.get(key);
		return below instanceof Map ? only(value[key], below) : value[key];
	};
	const kept = Object.keys(value).filter((key) => named.has(key));
	return Array.isArray(value)
		? kept.map(member)
		: Object.fromEntries(kept.map((key) => [key, member(key)]));
}

function isContainer(value: unknown): value is Record<string, unknown> {
	return (
		typeof value === 'object' && value !== null && (Array.isArray(value) || isPlainObject(value))
	);
}

/** The own key that the path names from this step on, the longest first, and the step after it. */
function memberAt(
	value: unknown,
	path: string,
	steps: readonly Step[],
	at: number,
): { key: string; next: number } | null {
	if (typeof value !== 'object' || value === null) return null;
	const first = steps[at]!;
	for (let last = steps.length - 1; last > at; last--) {
		const literal = path.slice(first.from, steps[last]!.to);
		if (isOwn(value, literal)) return { key: literal, next: last + 1 };
	}
	return isOwn(value, first.name) ? { key: first.name, next: at + 1 } : null;
}

function isOwn(value: object, key: string): boolean {
	return Object.prototype.propertyIsEnumerable.call(value, key);
}

function wildcardKeys(value: Record<string, unknown>, step: Step): string[] {
	if (step.name === '*') return Object.keys(value);
	return step.name === '[]' && Array.isArray(value) ? Object.keys(value) : [];
}

/** `a.b[0]` as steps a, b, 0. Brackets count at the end of a name and around digits, `*` or nothing; else they are text. */
function stepsOf(path: string): Step[] {
	const steps: Step[] = [];
	let from = 0;
	for (const part of path.split('.')) {
		const brackets = /(?:\[(?:\d+|\*|)\])+$/.exec(part)?.[0] ?? '';
		const name = part.slice(0, part.length - brackets.length);
		let at = from + name.length;
		if (name !== '' || brackets === '') steps.push({ name, from, to: at });
		for (const bracket of brackets.match(/\[[^\]]*\]/g) ?? []) {
			const inside = bracket.slice(1, -1);
			steps.push({ name: inside === '' ? '[]' : inside, from: at, to: at + bracket.length });
			at += bracket.length;
		}
		from = at + 1;
	}
	return steps;
}
