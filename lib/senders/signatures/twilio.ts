import { createHash, timingSafeEqual } from 'node:crypto';

import { attempt } from '../../core/attempt';
import { decoded, keyOf } from './encodings';

import { hmacVerifier } from './hmac';
import type { ProofReading, SignatureScheme } from './scheme';
import { doubt } from './scheme';
import { hasHeader, headerOf, type SignedRequest } from './signed-request';

/**
 * Twilio signs the URL and, of a form, its fields by name; of any other body, the URL has its SHA-256 in the parameter `bodySHA256`.
 * The port may stand in the URL or not.
 */
export const TWILIO: SignatureScheme = {
	where: 'the header X-Twilio-Signature',
	how: 'HMAC-SHA-1, base64, of the URL and the sorted form fields; of other bodies, of the URL with bodySHA256',
	secretIs: 'the Auth Token of the account',
	signsUrl: true,
	leavesOpen: 'the delivery ID (a header) and the time are not signed',
	source: 'https://github.com/twilio/twilio-node/blob/main/src/webhooks/webhooks.ts',
	seen: 'sdk',
	verifier: (secret) => hmacVerifier('sha1', keyOf(secret, 'text')),
	read: readTwilio,
};

const HEADER = 'x-twilio-signature';

function readTwilio(request: SignedRequest): ProofReading {
	const text = headerOf(request, HEADER);
	if (text === null) return doubt(hasHeader(request, HEADER) ? 'malformed' : 'missing');
	const signature = decoded(text, 'base64');
	if (signature === null) return doubt('malformed');
	const { url, rawBody } = request;
	if (url === null) return doubt('no_url');
	const parsed = attempt(() => new URL(url));
	if (!parsed.ok) return doubt('no_url');
	if (rawBody === null) return doubt('no_raw_body');
	const fields = signedFields(request, rawBody, parsed.value);
	if (fields === null) return doubt('wrong');
	return {
		ok: true,
		proof: {
			messages: portForms(url).map((form) => [form, fields]),
			signatures: [signature],
			signedAtMs: null,
		},
	};
}

/** What follows the URL. Null: a body that the signature does not cover, or not this one. */
function signedFields(request: SignedRequest, rawBody: Uint8Array, url: URL): string | null {
	const bodyDigest = url.searchParams.get('bodySHA256');
	if (bodyDigest !== null) {
		const given = decoded(bodyDigest, 'hex');
		const actual = createHash('sha256').update(rawBody).digest();
		return given?.length === actual.length && timingSafeEqual(given, actual) ? '' : null;
	}
	if (rawBody.length === 0) return '';
	const type = headerOf(request, 'content-type') ?? '';
	if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) return null;
	return sortedFields(new URLSearchParams(Buffer.from(rawBody).toString('utf8')));
}

/** Names in order, each with its values: a name with several is repeated, each different value once, in order. */
function sortedFields(fields: URLSearchParams): string {
	const names = [...new Set(fields.keys())].sort();
	return names
		.flatMap((name) => [...new Set(fields.getAll(name))].sort().map((value) => name + value))
		.join('');
}

/** With and without the standard port. */
function portForms(url: string): string[] {
	const [, scheme = '', host = '', rest = ''] = /^(https?:\/\/)([^/?#]*)(.*)$/is.exec(url) ?? [];
	if (scheme === '') return [url];
	const bare = host.replace(/:\d+$/, '');
	const port = scheme.toLowerCase() === 'https://' ? ':443' : ':80';
	const forms = [url, `${scheme}${bare}${rest}`, `${scheme}${bare}${port}${rest}`];
	return [...new Set(forms)];
}
