/** A request as a signature is checked on it: the bytes as they came, and what surrounds them. */
export interface SignedRequest {
	/** In upper case. */
	readonly method: string;
	/** The address that the sender called, query included; null where nobody knows it. */
	readonly url: string | null;
	/** Names in lower case. A header that came twice is a list, or its values joined by a comma. */
	readonly headers: Readonly<Record<string, unknown>>;
	/** The body as it came, decompressed; null where it is no longer known (multipart). */
	readonly rawBody: Uint8Array | null;
	/** The same, parsed. Only what is also in `rawBody` may be read from it. */
	readonly body: unknown;
}

/** A header that came once, without blanks around it; else null. */
export function headerOf({ headers }: SignedRequest, name: string): string | null {
	const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
	const [only, ...more] = Array.isArray(value) ? (value as unknown[]) : [value];
	return typeof only === 'string' && more.length === 0 ? only.trim() : null;
}

/** Whether a header came at all, in whatever form. */
export function hasHeader({ headers }: SignedRequest, name: string): boolean {
	return Object.hasOwn(headers, name) && headers[name] !== undefined;
}
