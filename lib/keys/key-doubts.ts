/** What makes a value a doubtful key. */
export interface KeyDoubts {
	/** A whole number beyond 2^53: JSON parsers round it, so that two different numbers may be one key. */
	readonly unsafeInteger: string | null;
	/** A field whose name says that each delivery changes it. */
	readonly volatileField: string | null;
	/** What JavaScript writes into a text for a value that is not there: `order-undefined`. */
	readonly absentWord: string | null;
}

/** Names of what a sender changes from one delivery of an event to the next. */
const VOLATILE =
	/^(x[-_])?(time_?stamp|ts|nonce|signature|sig|hmac|attempt(s|_?(number|count|no))?|retry(_?(count|num|number|attempt))?|retries|delivery_?(attempt|count|time)|(sent|delivered|received|dispatched|requested)_?(at|on|time)|request_?(id|time)|trace_?id|now)$/i;

const ABSENT = /(?<![\p{L}\p{N}])(?:undefined|null|NaN|\[object Object\])(?![\p{L}\p{N}])/u;
/** A key that was put together is short. */
const LONGEST_TEXT = 1_000;

const MOST_VALUES = 20_000;

/** Whether a field of this name looks as if each delivery changed it. */
export const isVolatileName = (name: string): boolean => VOLATILE.test(name);

/** Looks through `value` for the first of each; at most 20,000 values, so that a huge payload costs no more than a large one. */
export function keyDoubtsOf(value: unknown): KeyDoubts {
	let unsafeInteger: string | null = null;
	let volatileField: string | null = null;
	const todo: Array<readonly [path: string, value: unknown]> = [['', value]];
	for (let seen = 0; seen < MOST_VALUES; seen++) {
		const next = todo.pop();
		if (next === undefined) break;
		const [path, current] = next;
		if (
			typeof current === 'number' &&
			Number.isInteger(current) &&
			!Number.isSafeInteger(current)
		) {
			unsafeInteger ??= path;
		}
		if (typeof current !== 'object' || current === null) continue;
		const isList = Array.isArray(current);
		for (const name of Object.keys(current)) {
			if (todo.length > MOST_VALUES) break;
			const inner = (current as Readonly<Record<string, unknown>>)[name];
			const innerPath = isList ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
			if (!isList && VOLATILE.test(name)) volatileField ??= innerPath;
			todo.push([innerPath, inner]);
		}
	}
	const absentWord =
		typeof value === 'string' && value.length <= LONGEST_TEXT ? ABSENT.exec(value)?.[0] : undefined;
	return { unsafeInteger, volatileField, absentWord: absentWord ?? null };
}
