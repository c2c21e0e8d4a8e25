import { createPublicKey, verify, type KeyObject } from 'node:crypto';

import { attempt } from '../../core/attempt';
import { decoded, type Encoding } from './encodings';
import type { ProofReading, SignatureScheme, Verifier } from './scheme';
import { doubt } from './scheme';
import type { SchemeWords } from './hmac';
import { hasHeader, headerOf, type SignedRequest } from './signed-request';
import { timeOf } from './timestamps';

/** Senders that sign with a private key of theirs: the user copies the public one, which is no secret. */
export interface PublicKeyTerms {
	readonly algorithm: 'ecdsa-sha256' | 'ed25519';
	/** Headers, in lower case. `{timestamp}{body}` is signed. */
	readonly header: string;
	readonly encoding: Encoding;
	readonly timestampHeader: string;
}

export function publicKeyScheme(terms: PublicKeyTerms, words: SchemeWords): SignatureScheme {
	const name = terms.algorithm === 'ed25519' ? 'Ed25519' : 'ECDSA with SHA-256';
	return {
		...words,
		how: `${name}, ${terms.encoding}, of {timestamp}{body}`,
		signsUrl: false,
		keyIsPublic: true,
		verifier: (secret) => verifierUnder(terms.algorithm, secret),
		read: (request) => readProof(terms, request),
	};
}

function readProof(terms: PublicKeyTerms, request: SignedRequest): ProofReading {
	const text = headerOf(request, terms.header);
	if (text === null) return doubt(hasHeader(request, terms.header) ? 'malformed' : 'missing');
	const signature = decoded(text, terms.encoding);
	const timestamp = headerOf(request, terms.timestampHeader);
	if (timestamp === null) return doubt('no_timestamp');
	const signedAtMs = timeOf(timestamp, 's');
	if (signature === null || signedAtMs === null) return doubt('malformed');
	if (request.rawBody === null) return doubt('no_raw_body');
	return {
		ok: true,
		proof: { messages: [[timestamp, request.rawBody]], signatures: [signature], signedAtMs },
	};
}

function verifierUnder(algorithm: PublicKeyTerms['algorithm'], publicKey: string): Verifier | null {
	const key = algorithm === 'ed25519' ? ed25519Key(publicKey) : ecKey(publicKey);
	if (key === null) return null;
	const digest = algorithm === 'ed25519' ? null : 'sha256';
	return ({ messages, signatures }) =>
		messages.some((message) => {
			const bytes = Buffer.concat(message.map((piece) => Buffer.from(piece)));
			return signatures.some((signature) => {
				// What is no signature at all is refused by an error.
				const verified = attempt(() => verify(digest, bytes, key, signature));
				return verified.ok && verified.value;
			});
		});
}

/** 32 bytes in hex. */
function ed25519Key(text: string): KeyObject | null {
	const bytes = decoded(text.trim(), 'hex');
	if (bytes?.length !== 32) return null;
	const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
	const made = attempt(() => createPublicKey({ key: jwk, format: 'jwk' }));
	return made.ok ? made.value : null;
}

/** SubjectPublicKeyInfo in base64, with or without the lines of a PEM around it. */
function ecKey(text: string): KeyObject | null {
	const inner = text.replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '').replace(/\s/g, '');
	const der = decoded(inner, 'base64');
	if (der === null) return null;
	const made = attempt(() => createPublicKey({ key: der, format: 'der', type: 'spki' }));
	return made.ok && made.value.asymmetricKeyType === 'ec' ? made.value : null;
}
