/**
 * What an HTTP response, or an error, says about the action behind it: the "Finish" table of docs/guarantees.md.
 * Only status, codes and Retry-After are read, and never the message or the request: the words returned may
 * be shown to a caller. Nothing here throws, whatever it is given.
 */
import { STATUS_CODES } from 'node:http';

import {
	addressesOf,
	errorCodes,
	errorHeaders,
	errorsOf,
	errorStatus,
	field,
	hasOwn,
	header,
	isAddressOf,
	isObject,
	requestedUrl,
	showsRedirect,
} from './error-evidence';

export interface ResponseEvidence {
	/** The item's json. */
	readonly json: unknown;
	/** The item's own error (n8n keeps it beside json), live or serialized. */
	readonly itemError?: unknown;
	/** The item came over a node's error output. */
	readonly fromErrorOutput: boolean;
}

export interface ResponseRules {
	/** A final refusal (4xx) is given to duplicates, or frees the key. */
	readonly failedResponses: 'replay' | 'release';
	/** Nobody knows: held for review, or freed because the downstream honours our key. */
	readonly unknownResponses: 'hold' | 'release';
	/** Our key went downstream, so that its 409 may mean "still running". */
	readonly ownKeyPassedDownstream?: boolean;
	/** The node retries on failure: only its last try is seen, so an error says nothing of the tries before. */
	readonly lastTryOnly?: boolean;
	/** The URL of the request, where it is fixed: an error about another address says nothing of it. */
	readonly ownUrl?: string;
	/** The node gives the body of any answer and hides its status: no error is no success. */
	readonly statusHidden?: boolean;
	/** n8n's "Retry execution": the Guard did not run again, so the run may complete or park, no more. */
	readonly retriedRun?: boolean;
	/** Milliseconds since 1970; for a Retry-After date whose response has no Date. */
	readonly now?: number;
}

export const DEFAULT_RESPONSE_RULES: ResponseRules = Object.freeze({
	failedResponses: 'replay',
	unknownResponses: 'hold',
});

export interface ResponseOutcome {
	readonly outcome: 'completed' | 'failed' | 'released' | 'unknown';
	readonly statusCode?: number;
	/** Only with `released`, and only where the answer named it; otherwise the store's backoff grows. */
	readonly retryAfterMs?: number;
	/** In words, e.g. "HTTP 429 Too Many Requests". */
	readonly reason: string;
	/** Of several: some were done, and others were not. */
	readonly isMixed?: true;
}

const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;

/** Refused for now: the same request may pass later. */
const REFUSED_FOR_NOW = new Set([401, 403, 408, 425, 429]);

/** Carried out, and what came of it is to be seen elsewhere. */
const SEE_OTHER = new Set([301, 302, 303]);

/** Not carried out here: the whole request is to be sent elsewhere (RFC 9110, 15.4.8 and 15.4.9). */
const SENT_ELSEWHERE = new Set([307, 308]);

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Failures of a TLS handshake, before which Node sends nothing of the request: certificate checks
 * (https://nodejs.org/api/tls.html#x509-certificate-error-codes), Node's own, and OpenSSL's alerts.
 */
const TLS_HANDSHAKE = new Set([
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'ERR_SSL_NO_CIPHERS_AVAILABLE',
	'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
	'ERR_SSL_NO_SHARED_CIPHER',
	'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
	'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
	'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
	'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
	'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
	'ERR_SSL_UNSUPPORTED_PROTOCOL',
	'ERR_SSL_WRONG_VERSION_NUMBER',
	'ERR_TLS_CERT_ALTNAME_FORMAT',
	'ERR_TLS_CERT_ALTNAME_INVALID',
	'ERR_TLS_INVALID_PROTOCOL_VERSION',
	'ERR_TLS_PROTOCOL_VERSION_CONFLICT',
	'HOSTNAME_MISMATCH',
	'INVALID_CA',
	'INVALID_PURPOSE',
	'PATH_LENGTH_EXCEEDED',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
	'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
	'UNABLE_TO_GET_CRL',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** EPROTO covers a broken stream as well; only these of OpenSSL's reasons belong to the handshake alone. */
const EPROTO_IN_HANDSHAKE =
	/:(wrong version number|unsupported protocol|no shared cipher|(tlsv1|sslv3|ssl\/tls) alert (protocol version|handshake failure)|tlsv1 unrecognized name):/;

const SENT_ANSWER_LOST = new Set(['ETIMEDOUT', 'ECONNABORTED', 'ECONNRESET', 'EPIPE']);

/** Reads the outcome from one item. Order: status of a full response, status of the error, code of the error. */
export function responseOutcome(seen: ResponseEvidence, rules: ResponseRules): ResponseOutcome {
	const { retryAfterMs, ...told } = asProven(asSeen(seen, rules), rules);
	return told.outcome === 'released' && retryAfterMs !== undefined
		? { ...told, retryAfterMs }
		: told;
}

function asSeen(seen: ResponseEvidence, rules: ResponseRules): ResponseOutcome {
	const errors = errorsOf(seen);
	if (errors.length === 0 && !seen.fromErrorOutput) {
		const status = fullResponseStatus(seen.json);
		if (status !== undefined) return outcomeOfStatus(status, field(seen.json, 'headers'), rules);
		return rules.statusHidden
			? { outcome: 'unknown', reason: 'the status of the answer is hidden' }
			: { outcome: 'completed', reason: 'no error' };
	}
	if (showsRedirect(errors)) {
		return {
			outcome: 'unknown',
			reason: 'an error after a redirect, which tells nothing of the first request',
		};
	}
	// An error item carries its input along, so that a `statusCode` in it may be of an earlier request.
	for (const error of errors) {
		const status = errorStatus(error);
		if (status !== undefined) return outcomeOfStatus(status, errorHeaders(error), rules);
	}
	return outcomeOfCodes(errors, rules);
}

function asProven(seen: ResponseOutcome, rules: ResponseRules): ResponseOutcome {
	let outcome = seen;
	if (rules.lastTryOnly) outcome = parkedUnlessDone(outcome, 'only the last try is seen');
	if (outcome.outcome === 'unknown' && rules.unknownResponses === 'release') {
		outcome = { ...outcome, outcome: 'released' };
	}
	if (rules.retriedRun) {
		outcome = parkedUnlessDone(outcome, 'in a retried run, which did not ask the Guard');
	}
	return outcome;
}

function parkedUnlessDone(seen: ResponseOutcome, why: string): ResponseOutcome {
	return seen.outcome === 'failed' || seen.outcome === 'released'
		? { ...seen, outcome: 'unknown', reason: `${seen.reason} (${why})` }
		: seen;
}

function outcomeOfStatus(status: number, headers: unknown, rules: ResponseRules): ResponseOutcome {
	const name = STATUS_CODES[status];
	const retryAfterMs = retryAfter(headers, rules.now ?? Date.now());
	const told = {
		statusCode: status,
		reason: name === undefined ? `HTTP ${status}` : `HTTP ${status} ${name}`,
		...(retryAfterMs !== undefined && { retryAfterMs }),
	};
	if ((status >= 200 && status < 300) || SEE_OTHER.has(status)) {
		return { ...told, outcome: 'completed' };
	}
	if (REFUSED_FOR_NOW.has(status) || SENT_ELSEWHERE.has(status)) {
		return { ...told, outcome: 'released' };
	}
	if (status === 503 && retryAfterMs !== undefined) return { ...told, outcome: 'released' };
	if (status === 409 && rules.ownKeyPassedDownstream) {
		const reason = `${told.reason}: it may still be running there`;
		return { ...told, outcome: 'unknown', reason };
	}
	if (status >= 400 && status < 500) {
		return rules.failedResponses === 'release'
			? { ...told, outcome: 'released', retryAfterMs: retryAfterMs ?? 0 }
			: { ...told, outcome: 'failed' };
	}
	return { ...told, outcome: 'unknown' };
}

function outcomeOfCodes(errors: readonly unknown[], rules: ResponseRules): ResponseOutcome {
	const codes = errors.flatMap(errorCodes);
	const lost = codes.find((code) => SENT_ANSWER_LOST.has(code));
	if (lost !== undefined) {
		return { outcome: 'unknown', reason: `${lost}: sent, the answer was lost` };
	}
	const unsent = codes.find((code) => wasNeverSent(code, errors));
	if (unsent !== undefined) {
		return isElsewhere(errors, rules)
			? { outcome: 'unknown', reason: `${unsent}: at another address than that of the request` }
			: { outcome: 'released', reason: `${unsent}: nothing was sent` };
	}
	const [code] = codes;
	return code === undefined
		? { outcome: 'unknown', reason: 'an error without a status or a code' }
		: { outcome: 'unknown', reason: `${code}: it may have been sent` };
}

/** The error names an address that is not that of the request: it was redirected, and what came before is not told. */
function isElsewhere(errors: readonly unknown[], { ownUrl }: ResponseRules): boolean {
	const url = ownUrl ?? requestedUrl(errors);
	return url !== undefined && addressesOf(errors).some((address) => !isAddressOf(address, url));
}

function wasNeverSent(code: string, errors: readonly unknown[]): boolean {
	if (NEVER_CONNECTED.has(code) || TLS_HANDSHAKE.has(code) || code.startsWith('CERT_')) return true;
	if (code !== 'EPROTO') return false;
	return errors
		.flatMap((error) => [error, field(error, 'cause')])
		.map((error) => field(error, 'message'))
		.some((text) => typeof text === 'string' && EPROTO_IN_HANDSHAKE.test(text.slice(0, 1_000)));
}

function fullResponseStatus(json: unknown): number | undefined {
	const status = field(json, 'statusCode');
	if (typeof status !== 'number' || !Number.isInteger(status)) return undefined;
	if (status < 100 || status > 599) return undefined;
	return isObject(field(json, 'headers')) || hasOwn(json, 'body') ? status : undefined;
}

/**
 * Milliseconds to wait (RFC 9110, 10.2.3): seconds, or a date that is compared with the response's own Date, so
 * that neither clock matters. At least 0, at most a day; undefined where there is none that can be read.
 */
function retryAfter(headers: unknown, now: number): number | undefined {
	const value = header(headers, 'retry-after')?.trim();
	if (value === undefined || value === '') return undefined;
	if (/^[+-]?\d+(\.\d+)?$/.test(value)) return bounded(Number(value) * 1_000);
	const until = httpDate(value);
	if (Number.isNaN(until)) return undefined;
	const sent = httpDate(header(headers, 'date') ?? '');
	return bounded(until - (Number.isNaN(sent) ? now : sent));
}

/** NaN for what is none. Date.parse alone takes "retry 5" for a date, and the zoneless form for local time. */
function httpDate(text: string): number {
	if (!/\d\d:\d\d:\d\d/.test(text)) return NaN;
	return Date.parse(/(GMT|Z)$/.test(text) ? text : `${text} GMT`);
}

const bounded = (ms: number): number =>
	Math.min(Math.max(0, Math.round(ms)), LONGEST_RETRY_AFTER_MS);
