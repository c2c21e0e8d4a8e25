import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';

import type { Encoding, SecretForm } from './encodings';
import { decoded, keyOf } from './encodings';
import type { Proof, ProofReading, SignatureScheme, Verifier } from './scheme';
import { doubt, MOST_SIGNATURES } from './scheme';
import type { SignedRequest } from './signed-request';
import { hasHeader, headerOf } from './signed-request';
import type { Template } from './template';
import { filled, hasPlace, parseTemplate } from './template';
import type { TimeForm } from './timestamps';
import { timeOf } from './timestamps';

export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** How most senders sign: one HMAC over a text that a template names. */
export interface HmacTerms {
	/** The header with the signature, in lower case: of several, the one that came. */
	readonly headers: readonly string[];
	readonly algorithm: HmacAlgorithm;
	readonly encoding: Encoding;
	/** What stands before each signature: `sha256=`. */
	readonly prefix: string;
	/** What parts of the header are separated by, where it has several; null where it is one signature. */
	readonly separator: string | null;
	/** What is signed: `{timestamp}.{body}`. */
	readonly signed: string;
	/** Where the time is: a header of its own, or a part of the signature's header behind a prefix. */
	readonly timestamp: { readonly header: string; readonly form: TimeForm } | TimePart | null;
	/** The header with the ID that is signed. */
	readonly id?: string;
	readonly secret: SecretForm;
	/** Other ways in which the sender may have written the URL. */
	urlForms?(url: string): readonly string[];
}

interface TimePart {
	readonly prefix: string;
	readonly form: TimeForm;
}

export type SchemeWords = Pick<
	SignatureScheme,
	'where' | 'secretIs' | 'leavesOpen' | 'source' | 'seen'
>;

/** @throws RangeError for a template that names an unknown place */
export function hmacScheme(terms: HmacTerms, words: SchemeWords): SignatureScheme {
	const template = templateOf(terms.signed);
	return {
		...words,
		how: `${ALGORITHMS[terms.algorithm]}, ${terms.encoding}, of ${terms.signed}`,
		signsUrl: hasPlace(template, 'url'),
		verifier: (secret) => hmacVerifier(terms.algorithm, keyOf(secret, terms.secret)),
		read: (request) => readProof(terms, template, request),
	};
}

const ALGORITHMS: Readonly<Record<HmacAlgorithm, string>> = {
	sha1: 'HMAC-SHA-1',
	sha256: 'HMAC-SHA-256',
	sha384: 'HMAC-SHA-384',
	sha512: 'HMAC-SHA-512',
};

export function hmacVerifier(algorithm: HmacAlgorithm, key: Buffer | null): Verifier | null {
	if (key === null) return null;
	// Of a buffer Node.js finds out with much effort what kind of a key it is.
	const secretKey = createSecretKey(key);
	return ({ messages, signatures }) => {
		let fits = false;
		for (const message of messages) {
			const hmac = createHmac(algorithm, secretKey);
			for (const piece of message) hmac.update(piece);
			const expected = hmac.digest();
			for (const signature of signatures) {
				// Every one is compared, whatever came before it.
				const same = signature.length === expected.length && timingSafeEqual(signature, expected);
				fits = same || fits;
			}
		}
		return fits;
	};
}

function templateOf(signed: string): Template {
	const template = parseTemplate(signed);
	if ('unknown' in template) throw new RangeError(`There is no place ${template.unknown}`);
	return template;
}

function readProof(terms: HmacTerms, template: Template, request: SignedRequest): ProofReading {
	const [header, ...more] = terms.headers.filter((name) => hasHeader(request, name));
	if (header === undefined) return doubt('missing');
	const text = headerOf(request, header);
	// Two headers of one sender: which of them is meant is not ours to guess.
	if (text === null || more.length > 0) return doubt('malformed');
	const parts = terms.separator === null ? [text] : text.split(terms.separator);
	const signatures = signaturesIn(parts, terms);
	if (signatures === null) return doubt('malformed');

	const time = timeIn(terms, parts, request);
	if (!time.ok) return time;
	const id = terms.id === undefined ? '' : headerOf(request, terms.id);
	if (id === null || (terms.id !== undefined && id === '')) return doubt('malformed');
	if (!endsWhereItMust(template, id)) return doubt('malformed');
	const { rawBody, method } = request;
	if (rawBody === null && hasPlace(template, 'body')) return doubt('no_raw_body');
	const signsUrl = hasPlace(template, 'url');
	const url = signsUrl ? request.url : '';
	if (url === null) return doubt('no_url');

	const values = { body: rawBody ?? '', id, method, timestamp: time.text };
	const urls = signsUrl ? urlsOf(terms, url) : [url];
	const messages = urls.map((each) => filled(template, { ...values, url: each }));
	return { ok: true, proof: { messages, signatures, signedAtMs: time.atMs } };
}

/** An ID that holds what stands behind it in the text that is signed could reach into the body. */
function endsWhereItMust(template: Template, id: string): boolean {
	return template.every((piece, i) => {
		const next = template[i + 1];
		if (!('place' in piece) || piece.place !== 'id' || next === undefined) return true;
		return 'place' in next || !id.includes(next.text);
	});
}

function urlsOf({ urlForms }: HmacTerms, url: string): readonly string[] {
	return urlForms === undefined ? [url] : [...new Set(urlForms(url))];
}

/** Null: none is there, one is not of the form, or they are too many. */
function signaturesIn(
	parts: readonly string[],
	{ prefix, encoding }: Pick<HmacTerms, 'prefix' | 'encoding'>,
): Proof['signatures'] | null {
	const own = parts.map((part) => part.trim()).filter((part) => part.startsWith(prefix));
	if (own.length === 0 || own.length > MOST_SIGNATURES) return null;
	const signatures = own.map((part) => decoded(part.slice(prefix.length), encoding));
	return signatures.includes(null) ? null : (signatures as Buffer[]);
}

type Time =
	| { readonly ok: true; readonly text: string; readonly atMs: number | null }
	| ReturnType<typeof doubt>;

function timeIn({ timestamp }: HmacTerms, parts: readonly string[], request: SignedRequest): Time {
	if (timestamp === null) return { ok: true, text: '', atMs: null };
	const texts =
		'header' in timestamp
			? [headerOf(request, timestamp.header)].filter((text) => text !== null)
			: parts
					.map((part) => part.trim())
					.filter((part) => part.startsWith(timestamp.prefix))
					.map((part) => part.slice(timestamp.prefix.length));
	const [text, ...more] = texts;
	if (text === undefined) return doubt('no_timestamp');
	const atMs = more.length > 0 ? null : timeOf(text, timestamp.form);
	return atMs === null ? doubt('malformed') : { ok: true, text, atMs };
}
