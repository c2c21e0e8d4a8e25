import type { JsonObject } from './item';

/** Names under which senders put what identifies a request. */
const LIKELY = /(^|_|-|[a-z])(id|key|number|no|ref|reference|uuid)$/i;
const MOST_LOOKED_AT = 200;

/**
 * An expression for a field of the item that may identify the request, such as `{{ $json.body.orderId }}`: of its body first, then
 * of the item itself. Made up where nothing fits.
 */
export function exampleField(json: JsonObject): string {
	const places: ReadonlyArray<readonly [path: string, fields: unknown]> = [
		['$json.body', json.body],
		['$json', json],
	];
	for (const [path, fields] of places) {
		if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) continue;
		const named = Object.entries(fields).slice(0, MOST_LOOKED_AT);
		const found = named.find(
			([name, value]) => isPlainName(name) && LIKELY.test(name) && isScalar(value),
		);
		if (found !== undefined) return `{{ ${path}.${found[0]} }}`;
	}
	return '{{ $json.body.orderId }}';
}

const isPlainName = (name: string) => /^[A-Za-z_$][\w$]{0,60}$/.test(name);

const isScalar = (value: unknown) =>
	(typeof value === 'string' && value !== '') || typeof value === 'number';
