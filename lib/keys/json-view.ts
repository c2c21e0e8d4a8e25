import { types } from 'node:util';
import { instantOf } from './event-time';

/** Why a value has no canonical JSON; a discriminant for callers, never shown as it is. */
export type CanonicalJsonProblem =
	| 'not_finite'
	| 'bigint'
	| 'lone_surrogate'
	| 'cycle'
	| 'function'
	| 'symbol'
	| 'undefined'
	| 'invalid_date'
	| 'map_or_set'
	| 'binary'
	| 'opaque_object'
	| 'too_deep'
	| 'too_large'
	| 'unreadable';

/** What is wrong with a value, thrown before it is known where it is. */
export class Refusal extends Error {
	constructor(
		readonly problem: CanonicalJsonProblem,
		readonly detail: string,
	) {
		super(detail);
	}
}

/** Whether own enumerable properties are all there is: a literal or parsed JSON, of any realm, or without prototype. */
export function isPlainObject(value: object): boolean {
	const prototype: unknown = Object.getPrototypeOf(value);
	if (prototype === Object.prototype || prototype === null) return true;
	return (
		Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
	);
}

/** What JSON holds of a class instance: text, another primitive, or an object whose own properties count. Its rules are those of `canonicalJson`. */
export function jsonViewOf(value: object, askToJson = true): unknown {
	const instant = instantOf(value);
	if (instant !== undefined) {
		if (Number.isNaN(instant)) throw new Refusal('invalid_date', 'is an invalid date.');
		return new Date(instant).toISOString();
	}
	if (types.isMap(value) || types.isSet(value)) {
		throw new Refusal(
			'map_or_set',
			'is a Map or Set, which JSON would show as empty. Pass Object.fromEntries(map) or [...set].',
		);
	}
	if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
		throw new Refusal(
			'binary',
			'is binary data. Pass its digest, or its text as in buffer.toString("base64").',
		);
	}
	if (types.isBoxedPrimitive(value)) return value.valueOf();

	const { toJSON } = value as { toJSON?: unknown };
	if (askToJson && typeof toJSON === 'function') {
		const view: unknown = toJSON.call(value);
		if (view === undefined) throw new Refusal('undefined', 'gives undefined as its JSON.');
		if (typeof view !== 'object' || view === null) return view;
		return Array.isArray(view) || isPlainObject(view) ? view : jsonViewOf(view, false);
	}
	if (types.isNativeError(value) || Object.keys(value).length === 0) {
		throw new Refusal(
			'opaque_object',
			`is an object (${Object.prototype.toString.call(value).slice(8, -1)}) whose content JSON cannot show. Pass the values it stands for.`,
		);
	}
	return value;
}
