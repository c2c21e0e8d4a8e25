import type { Delivery } from './delivery';
import { MAX_ID_LENGTH, tooLong, trimHeader } from './fields';
import type { Reading, Sender } from './sender';

const LABEL = 'the header Idempotency-Key';
/** An encoded string is at most twice as long as its text, plus the quotes. */
const MAX_ENCODED_LENGTH = 2 * MAX_ID_LENGTH + 2;

/**
 * The key that a client chose. The header is an RFC 8941 string (`"abc"`); most clients send the bare
 * text (`abc`), and both are the same key. Source: draft-ietf-httpapi-idempotency-key-header.
 * Returns the key, or an Error that says what is wrong with it.
 */
export function parseIdempotencyKey(raw: string): string | Error {
	const value = trimHeader(raw);
	if (value === '') return new Error(`${LABEL} is empty`);
	if (value.length > MAX_ENCODED_LENGTH) return new Error(tooLong(LABEL));
	const key = value.startsWith('"') ? quoted(value) : bare(value);
	if (key === null) {
		return new Error(
			`${LABEL} is not one string: it came more than once, has a stray quote or characters beyond printable ASCII`,
		);
	}
	if (key.trim() === '') return new Error(`${LABEL} is empty`);
	return key.length > MAX_ID_LENGTH ? new Error(tooLong(LABEL)) : key;
}

function quoted(value: string): string | null {
	const inner = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(value)?.[1];
	return inner === undefined ? null : inner.replace(/\\(["\\])/g, '$1');
}

/** Node joins a header that came twice by a comma and a space. */
function bare(value: string): string | null {
	return /^[\x20-\x7e]+$/.test(value) && !value.includes(', ') ? value : null;
}

function read(delivery: Delivery): Reading {
	const keys = delivery
		.header('idempotency-key')
		.map((value) =>
			typeof value === 'string' ? parseIdempotencyKey(value) : new Error(`${LABEL} is not text`),
		);
	const [key] = keys;
	if (key === undefined) return { kind: 'missing', why: `${LABEL} is missing` };
	const refused = keys.find((other): other is Error => other instanceof Error);
	if (refused) return { kind: 'malformed', why: refused.message };
	if (key instanceof Error || keys.some((other) => other !== key)) {
		return { kind: 'malformed', why: `${LABEL} came more than once, with different values` };
	}
	return { kind: 'id', id: key, scope: null };
}

export const IDEMPOTENCY_KEY: Sender = {
	value: 'idempotencyKey',
	name: 'Idempotency-Key Header',
	description: 'Header Idempotency-Key',
	scopeIn: 'the caller: set a tenant where several callers share the webhook',
	trap: 'Two callers may pick the same key.',
	batched: null,
	retriesForHours: null,
	callerChosen: true,
	source: 'https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/',
	seen: 'vendor',
	headers: [],
	recognises: (delivery) => delivery.header('idempotency-key').length > 0,
	read,
};
