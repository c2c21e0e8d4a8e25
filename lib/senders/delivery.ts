/** A delivery as the senders' table reads it, made from one n8n item. */
export interface Delivery {
	/** The item's json as it is. */
	readonly json: unknown;
	/** Whether the item still has the request's headers. n8n's own triggers mostly drop them. */
	readonly hasHeaders: boolean;
	/** Whether the json is that of a request, with its body beside the headers. */
	readonly isRequest: boolean;
	/** The request's body (parsed where it is JSON text), or the json itself where that is the body. */
	readonly body: unknown;
	/** Every value of a header; `name` in lower case. Names that differ in case alone are one header. */
	header(name: string): readonly unknown[];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property, or undefined: names like `__proto__` and `constructor` reach nothing inherited. */
export function own(value: unknown, key: string): unknown {
	return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function ownAt(value: unknown, path: readonly string[]): unknown {
	return path.reduce(own, value);
}

/** An own property that is text, else the empty text. */
export function textAt(value: unknown, key: string): string {
	const text = own(value, key);
	return typeof text === 'string' ? text : '';
}

/** Fields that the parts of a split body may have in all, beside their events: each part has a copy of them. */
const MOST_COPIED = 1_000_000;

/** Whether each of so many parts may have a copy of an object. No sender's body has many events and many fields. */
export function mayCopy(node: object, times: number): boolean {
	return times < 2 || Object.keys(node).length * times <= MOST_COPIED;
}

/** A list stays one, one thing becomes a list of one, nothing becomes an empty list. */
export function asList(value: unknown): readonly unknown[] {
	if (value === undefined || value === null) return [];
	return Array.isArray(value) ? value : [value];
}

/**
 * Reads the json of n8n's Webhook node (`headers`, `query`, `body`, …), of a broker trigger, or a
 * bare body. Never throws.
 */
export function deliveryOf(json: unknown): Delivery {
	const headers = own(json, 'headers');
	const hasHeaders = isRecord(headers);
	const isRequest = hasHeaders && isRecord(json) && Object.hasOwn(json, 'body');
	const byName = new Map<string, unknown[]>();
	for (const [name, value] of hasHeaders ? Object.entries(headers) : []) {
		const known = byName.get(name.toLowerCase()) ?? [];
		for (const one of asList(value)) known.push(one);
		if (known.length > 0) byName.set(name.toLowerCase(), known);
	}
	return {
		json,
		hasHeaders,
		isRequest,
		body: isRequest ? parsedBody(own(json, 'body')) : json,
		header: (name) => byName.get(name) ?? [],
	};
}

function parsedBody(body: unknown): unknown {
	if (typeof body !== 'string' || !/^\s*[[{]/.test(body)) return body;
	try {
		return JSON.parse(body) as unknown;
	} catch {
		return body;
	}
}
