/**
 * Items as JSON text, less what must not be stored. It walks and writes in one pass with its own stack: an item may be
 * nested deeper than JSON.stringify can go, hold live errors that lead to requests with their credentials, or
 * be far larger than what is kept. The input is never changed.
 */

import { types } from 'node:util';

import { looksLikeToken } from '../keys/claim-token';

/** Header names whose values are credentials. */
export const ALWAYS_REDACTED: readonly string[] = [
	'authorization',
	'cookie',
	'set-cookie',
	'proxy-authorization',
	'x-api-key',
	'x-gitlab-token',
	'x-telegram-bot-api-secret-token',
];

/** What a value that contains itself is cut to; n8n writes the same. */
const CIRCULAR = '[Circular Reference]';

export interface RedactionOptions {
	/** Further field names to remove, at any depth, whatever the case. */
	readonly redactFields: readonly string[];
	/** Fields named as headers with credentials are kept. */
	readonly keepsNames?: boolean;
	/** Top-level field of each item's json that the Guard added. What holds a claim token is removed at any depth. */
	readonly outputField: string;
	/** Characters after which writing stops. */
	readonly maxLength: number;
}

export interface WritableItem {
	readonly json: object;
	readonly binary?: object;
}

export type WrittenItems =
	| { readonly ok: true; readonly text: string }
	| { readonly ok: false; readonly problem: 'too_large' | 'unserializable' };

/**
 * The items as a JSON array of `{ json, binary? }`; nothing else of an item is kept. Values are written as JSON.stringify
 * would, except that a BigInt becomes its digits and a cycle is cut. Of an error (an Error anywhere, the object in
 * `json.error`, and deeper one under `error` that has a stack) only message, name, code and status are written, and it
 * is looked at no further. Never throws:
 * a getter, proxy or toJSON that does makes the items `unserializable`.
 */
export function writeRedacted(
	items: readonly WritableItem[],
	options: RedactionOptions,
): WrittenItems {
	try {
		const writer = new Writer(options);
		writer.raw('[');
		items.forEach((item, index) => {
			writer.raw(index === 0 ? '{"json":' : ',{"json":');
			writer.json(item.json);
			if (item.binary !== undefined && item.binary !== null) {
				writer.raw(',"binary":');
				writer.verbatim(item.binary);
			}
			writer.raw('}');
		});
		writer.raw(']');
		return { ok: true, text: writer.text };
	} catch (error) {
		return { ok: false, problem: error instanceof TooLarge ? 'too_large' : 'unserializable' };
	}
}

const ALWAYS_REMOVED: ReadonlySet<string> = new Set(ALWAYS_REDACTED);
const NO_NAMES: ReadonlySet<string> = new Set();

class TooLarge extends Error {}

/** An array or object that is being written. */
interface Frame {
	readonly source: object;
	/** Null for an array. */
	readonly keys: readonly string[] | null;
	readonly length: number;
	next: number;
	written: number;
}

interface Key {
	readonly text: string;
	readonly isRemoved: boolean;
}

class Writer {
	text = '';

	private readonly removed: ReadonlySet<string>;

	private readonly keys = new Map<string, Key>();

	constructor(private readonly options: RedactionOptions) {
		const always = options.keepsNames === true ? NO_NAMES : ALWAYS_REMOVED;
		const further = options.redactFields.map((name) => name.trim().toLowerCase());
		this.removed = further.length === 0 ? always : new Set([...always, ...further]);
	}

	raw(text: string): void {
		this.text += text;
		if (this.text.length > this.options.maxLength) throw new TooLarge();
	}

	/** The json of one item. */
	json(json: object): void {
		this.write(json, (key, value, isTop) => {
			if (isClaim(value)) return undefined;
			if (key === null) return value;
			if (this.key(key).isRemoved || (isTop && key === this.options.outputField)) return undefined;
			const isError = key === 'error' && (isTop || hasStack(value));
			return isError && isObject(value) && !Array.isArray(value) ? errorFields(value) : value;
		});
	}

	/** Binary data, whose property names are the user's. */
	verbatim(binary: object): void {
		this.write(binary, (_key, value) => value);
	}

	private write(
		given: object,
		kept: (key: string | null, value: unknown, isTop: boolean) => unknown,
	): void {
		const stack: Frame[] = [];
		const ancestors = new Set<object>();
		const enter = (source: object): void => {
			const keys = Array.isArray(source) ? null : Object.keys(source);
			const length = Array.isArray(source) ? source.length : (keys?.length ?? 0);
			stack.push({ source, keys, length, next: 0, written: 0 });
			ancestors.add(source);
			this.raw(keys === null ? '[' : '{');
		};

		const root = plain(given, '');
		if (!isObject(root) || Array.isArray(root)) throw new TypeError('json or binary is no object');
		enter(root);
		for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
			const { source, keys } = frame;
			if (frame.next === frame.length) {
				this.raw(keys === null ? ']' : '}');
				ancestors.delete(source);
				stack.pop();
				continue;
			}
			const key = keys === null ? String(frame.next) : (keys[frame.next] ?? '');
			frame.next++;
			const found = (source as Record<string, unknown>)[key];
			const value = plain(kept(keys === null ? null : key, found, source === root), key);
			if (value === undefined && keys !== null) continue;

			if (frame.written++ > 0) this.raw(',');
			if (keys !== null) this.raw(this.key(key).text);
			if (!isObject(value)) this.scalar(value);
			else if (ancestors.has(value)) this.scalar(CIRCULAR);
			else enter(value);
		}
	}

	private scalar(value: unknown): void {
		if (typeof value === 'string' && value.length > this.options.maxLength) throw new TooLarge();
		this.raw(JSON.stringify(value) ?? 'null');
	}

	private key(name: string): Key {
		let key = this.keys.get(name);
		if (key === undefined) {
			key = {
				text: `${JSON.stringify(name)}:`,
				isRemoved: this.removed.has(name.toLowerCase()),
			};
			this.keys.set(name, key);
		}
		return key;
	}
}

/**
 * A claim token, or the Guard's details with one: whoever gets a result must not be able to end its claim. They get deep into items,
 * by an Aggregate for one.
 */
function isClaim(value: unknown): boolean {
	if (typeof value === 'string') return value.startsWith('idem1.') && looksLikeToken(value);
	if (!isObject(value) || Array.isArray(value)) return false;
	const { token, fence } = value as { token?: unknown; fence?: unknown };
	return typeof fence === 'number' && looksLikeToken(token);
}

/** What stands for a value in JSON; undefined for what JSON leaves out. */
function plain(value: unknown, key: string): unknown {
	if (!isObject(value)) return plainScalar(value);
	if (isErrorObject(value)) return errorFields(value);
	const { toJSON } = value as { toJSON?: unknown };
	if (typeof toJSON !== 'function') return value;
	const replaced: unknown = toJSON.call(value, key);
	if (!isObject(replaced)) return plainScalar(replaced);
	return isErrorObject(replaced) ? errorFields(replaced) : replaced;
}

function plainScalar(value: unknown): unknown {
	if (typeof value === 'bigint') return value.toString();
	return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}

const isErrorObject = (value: object): boolean =>
	value instanceof Error || types.isNativeError(value);

const hasStack = (value: unknown): boolean =>
	isObject(value) && typeof (value as { stack?: unknown }).stack === 'string';

/** n8n's NodeApiError knows the status as `httpCode`, in digits. */
function errorFields(error: object): object {
	const { message, name, code, status, httpCode } = error as Record<string, unknown>;
	const digits = typeof httpCode === 'string' || typeof httpCode === 'number' ? `${httpCode}` : '';
	return {
		message: textOrNumber(message),
		name: textOrNumber(name),
		code: textOrNumber(code),
		status: textOrNumber(status) ?? (/^[1-5]\d\d$/.test(digits) ? Number(digits) : undefined),
	};
}

const textOrNumber = (value: unknown): unknown =>
	typeof value === 'string' || typeof value === 'number' ? value : undefined;
