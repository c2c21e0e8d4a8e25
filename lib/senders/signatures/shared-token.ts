import { createHash, timingSafeEqual } from 'node:crypto';

import type { SchemeWords } from './hmac';
import type { ProofReading, SignatureScheme, Verifier } from './scheme';
import { doubt } from './scheme';
import { hasHeader, headerOf, type SignedRequest } from './signed-request';

/** Senders that send the secret itself, in a header: it says who sends, and nothing about the body. */
export function tokenScheme(
	header: string,
	words: Omit<SchemeWords, 'leavesOpen'>,
): SignatureScheme {
	return {
		...words,
		how: 'the secret itself',
		signsUrl: false,
		leavesOpen: 'nothing is signed: whoever has seen one request can make any other',
		verifier: tokenVerifier,
		read: (request) => readToken(header, request),
	};
}

function readToken(header: string, request: SignedRequest): ProofReading {
	const token = headerOf(request, header);
	if (token === null) return doubt(hasHeader(request, header) ? 'malformed' : 'missing');
	return { ok: true, proof: { messages: [], signatures: [Buffer.from(token)], signedAtMs: null } };
}

/** Compares digests: how long it takes tells nothing, not even the length. */
export function tokenVerifier(secret: string): Verifier | null {
	const text = secret.trim();
	if (text === '') return null;
	const expected = sha256(text);
	return ({ signatures }) => signatures.some((given) => timingSafeEqual(sha256(given), expected));
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();
