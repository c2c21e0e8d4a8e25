import type { SenderValue } from '../sender';
import type { SignedRequest } from '../signatures/signed-request';

/** What a handshake needs of a request. */
export interface HandshakeRequest extends SignedRequest {
	/** Parsed as n8n parses it; a name that comes twice has a list. */
	readonly query: Readonly<Record<string, unknown>>;
}

/** What the user has told of the sender. */
export interface HandshakeTerms {
	/** As with signatures: more than one while it is being changed. */
	readonly secrets: readonly string[];
	/** What Meta is told to send back; empty where there is none. */
	readonly verifyToken: string;
}

/** What the sender wants to hear. Never HTML: the type is text or JSON, and the values are bounded. */
export interface HandshakeAnswer {
	readonly kind: 'answer';
	readonly statusCode: 200 | 204;
	readonly contentType: 'application/json' | 'text/plain' | null;
	readonly body: string;
	readonly headers?: Readonly<Record<string, string>>;
}

/** It is a handshake, and can't be answered. `why` is for the log: a sentence without a full stop. */
export interface HandshakeRefusal {
	readonly kind: 'refused' | 'unanswerable';
	readonly why: string;
}

export type HandshakeResult = HandshakeAnswer | HandshakeRefusal;

/** How a sender makes sure that an address is its user's, before it sends events there. */
export interface Handshake {
	readonly sender: SenderValue;
	/** What comes and what is answered, in words, for the docs. */
	readonly words: string;
	/** Whether it comes with the sender's signature: it is then answered after that was checked. */
	readonly signed: boolean;
	/** The method that it comes with, where that is not POST. */
	readonly method?: 'GET' | 'HEAD';
	/** Null: the request is no handshake, by its exact shape. */
	answer(request: HandshakeRequest, terms: HandshakeTerms): HandshakeResult | null;
}

/** Longest value that is sent back. */
export const MAX_ECHO = 1_000;

export const text = (body: string): HandshakeAnswer => ({
	kind: 'answer',
	statusCode: 200,
	contentType: 'text/plain',
	body,
});

export const json = (value: unknown): HandshakeAnswer => ({
	kind: 'answer',
	statusCode: 200,
	contentType: 'application/json',
	body: JSON.stringify(value),
});

/** An answer without a body. */
export const empty = (
	statusCode: 200 | 204,
	headers: Readonly<Record<string, string>> = {},
): HandshakeAnswer => ({ kind: 'answer', statusCode, contentType: null, body: '', headers });

/** Text that may be sent back: printable, and no longer than a challenge is. */
export function isEchoable(value: unknown): value is string {
	return (
		typeof value === 'string' &&
		value !== '' &&
		value.length <= MAX_ECHO &&
		/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(value)
	);
}

/** Whether a body is an object with exactly these fields. */
export function hasExactly(body: unknown, fields: readonly string[]): boolean {
	if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
	const names = Object.keys(body);
	return names.length === fields.length && fields.every((name) => Object.hasOwn(body, name));
}
