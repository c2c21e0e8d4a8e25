/** What may be stored: names, texts and sizes. One rule for every store; each check gives what is wrong, or null. */

/** The longest namespace, workflow ID, execution ID or notice, in UTF-16 units. */
export const MAX_NAME_LENGTH = 200;

/** The longest key as its user knows it, and the longest reason; both are shown to people, and address nothing. */
export const MAX_TEXT_LENGTH = 2_000;

/** The digests of some hundred fields. */
export const MAX_DIGESTS_BYTES = 4_096;

/** The largest result, as it is encoded. Redis takes 512 MiB. */
export const MAX_RESULT_BYTES = 256 * 1024 * 1024;

/** A search for what must not be there is faster than a match of what may, and one for single ranges faster than for several. */
const NOT_HEX = /[^0-f]|[:-`]/;
const NOT_PLAIN = /[^\x20-\x7e]/;
// eslint-disable-next-line no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const CONSUMER = /^[A-Za-z0-9_-]{1,64}$/;

export function identityProblem(name: string, identity: string): string | null {
	return identity.length === 64 && !NOT_HEX.test(identity)
		? null
		: `${name} must be 64 hexadecimal digits in lower case`;
}

/** What we make ourselves: digests, owner tokens. */
export function tokenProblem(name: string, token: string): string | null {
	return token.length <= MAX_NAME_LENGTH && !NOT_PLAIN.test(token)
		? null
		: `${name} must be at most 200 plain characters (ASCII)`;
}

/** Names that others may choose. Line breaks would be told apart by one store and not by another. */
export function nameProblem(name: string, text: string): string | null {
	if (text.length > MAX_NAME_LENGTH) return `${name} must be at most ${MAX_NAME_LENGTH} characters`;
	if (CONTROL.test(text)) return `${name} must have no line breaks or control characters`;
	return text.isWellFormed() ? null : `${name} must have no half characters`;
}

/** The name of a counter. */
export function tallyProblem(name: string): string | null {
	return name.length <= MAX_TEXT_LENGTH && !CONTROL.test(name) && name.isWellFormed()
		? null
		: `name must be at most ${MAX_TEXT_LENGTH} characters, and have no control or half characters`;
}

export function consumerProblem(consumer: string, what = 'consumer'): string | null {
	return CONSUMER.test(consumer)
		? null
		: `${what} must be 1 to 64 letters, digits, hyphens or underscores`;
}

export function bytesProblem(name: string, bytes: Uint8Array | null, most: number): string | null {
	if (bytes === null || bytes.length <= most) return null;
	return `${name} must be at most ${most.toLocaleString('en-US')} bytes`;
}

/** Latest time that is taken: the end of what a date can hold, in ms. */
const LATEST_MS = 8.64e15;

/** A moment, in ms since 1970. */
export function timeProblem(name: string, ms: number): string | null {
	return ms >= 0 && ms <= LATEST_MS ? null : `${name} must be a time in milliseconds since 1970`;
}

/** A text for people as it is kept: no longer than is taken, and with no half characters. */
export function keptText(text: string): string {
	if (text.length <= MAX_TEXT_LENGTH && text.isWellFormed()) return text;
	return text.slice(0, MAX_TEXT_LENGTH).toWellFormed();
}

/** An HTTP status as it is kept: 0 for what is none. */
export function keptStatus(statusCode: number): number {
	return Number.isInteger(statusCode) && statusCode > 0 && statusCode < 1_000 ? statusCode : 0;
}
