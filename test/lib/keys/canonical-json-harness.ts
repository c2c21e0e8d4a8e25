import { CanonicalJsonError, canonicalJson } from '../../../lib/keys/canonical-json';

/** The error by which a value is refused. */
export function refusalOf(value: unknown): CanonicalJsonError {
	let refusal: unknown;
	try {
		canonicalJson(value);
	} catch (error) {
		refusal = error;
	}
	if (refusal instanceof CanonicalJsonError) return refusal;
	throw new Error(`was not refused, but: ${String(refusal)}`);
}

/** The same value beside an index-like key, which only the careful writer can order. */
export function carefulJson(value: unknown): string {
	const text = canonicalJson({ v: value, 10: 0, 9: 0 });
	expect(text.startsWith('{"10":0,"9":0,"v":')).toBe(true);
	return text.slice('{"10":0,"9":0,"v":'.length, -1);
}
