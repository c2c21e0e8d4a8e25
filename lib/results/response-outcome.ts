/**
 * What an HTTP response, or an error, says about the action behind it: the "Finish" table of docs/guarantees.md.
 * Only status, codes and Retry-After are read, and never the message or the request: the words returned may
 * be shown to a caller. Nothing here throws, whatever it is given.
 */
import { STATUS_CODES } from 'node:http';

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
}

const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;
const MOST_HEADERS = 1_000;

/** Refused for now: the same request may pass later. */
const REFUSED_FOR_NOW = new Set([401, 403, 408, 425, 429]);

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

/**
 * Several items of one claim in one run are one result, and the rule is that nothing that happened may happen
 * again. One unknown makes the whole unknown. Otherwise one completed makes it completed, even beside items that were
 * refused: these are in the result, and repeating the run would repeat what succeeded. Without either nothing
 * happened: one final refusal makes it failed, since a retry could act for a part of the request at best.
 */
export function combineOutcomes(outcomes: readonly ResponseOutcome[]): ResponseOutcome {
	for (const outcome of ['unknown', 'completed', 'failed', 'released'] as const) {
		const deciding = outcomes.filter((each) => each.outcome === outcome);
		const first = deciding[0];
		if (first === undefined) continue;
		if (deciding.length === outcomes.length && outcome !== 'released') return first;
		const waits = deciding.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
		return {
			...first,
			...(waits.length > 0 && { retryAfterMs: Math.max(...waits) }),
			...(deciding.length < outcomes.length && {
				reason: `${deciding.length} of ${outcomes.length} items: ${first.reason}`,
			}),
		};
	}
	return { outcome: 'unknown', reason: 'no item to tell the outcome from' };
}

function asSeen(seen: ResponseEvidence, rules: ResponseRules): ResponseOutcome {
	const errors = errorsOf(seen);
	if (errors.length === 0 && !seen.fromErrorOutput) {
		const status = fullResponseStatus(seen.json);
		return status === undefined
			? { outcome: 'completed', reason: 'no error' }
			: outcomeOfStatus(status, field(seen.json, 'headers'), rules);
	}
	// An error item carries its input along, so that a `statusCode` in it may be of an earlier request.
	for (const error of errors) {
		const status = errorStatus(error);
		if (status !== undefined) return outcomeOfStatus(status, errorHeaders(error), rules);
	}
	return outcomeOfCodes(errors);
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
	if (status >= 200 && status < 400) return { ...told, outcome: 'completed' };
	if (REFUSED_FOR_NOW.has(status)) return { ...told, outcome: 'released' };
	if (status === 503 && retryAfterMs !== undefined) return { ...told, outcome: 'released' };
	if (status === 409 && rules.ownKeyPassedDownstream) {
		const reason = `${told.reason}: it may still be running there`;
		return { ...told, outcome: 'unknown', reason };
	}
	if (status >= 400 && status < 500) {
		return { ...told, outcome: rules.failedResponses === 'release' ? 'released' : 'failed' };
	}
	return { ...told, outcome: 'unknown' };
}

function outcomeOfCodes(errors: readonly unknown[]): ResponseOutcome {
	const codes = errors.flatMap(errorCodes);
	const lost = codes.find((code) => SENT_ANSWER_LOST.has(code));
	if (lost !== undefined) {
		return { outcome: 'unknown', reason: `${lost}: sent, the answer was lost` };
	}
	const unsent = codes.find((code) => wasNeverSent(code, errors));
	if (unsent !== undefined) {
		return { outcome: 'released', reason: `${unsent}: nothing was sent` };
	}
	const [code] = codes;
	return code === undefined
		? { outcome: 'unknown', reason: 'an error without a status or a code' }
		: { outcome: 'unknown', reason: `${code}: it may have been sent` };
}

function wasNeverSent(code: string, errors: readonly unknown[]): boolean {
	if (NEVER_CONNECTED.has(code) || TLS_HANDSHAKE.has(code) || code.startsWith('CERT_')) return true;
	if (code !== 'EPROTO') return false;
	return errors
		.flatMap((error) => [error, field(error, 'cause')])
		.map((error) => field(error, 'message'))
		.some((text) => typeof text === 'string' && EPROTO_IN_HANDSHAKE.test(text.slice(0, 1_000)));
}

/** What the item carries as error: beside its json, where it tells more, and in it. */
function errorsOf({ json, itemError }: ResponseEvidence): unknown[] {
	return [itemError, field(json, 'error')].filter(isCarried);
}

const isCarried = (error: unknown): boolean =>
	error !== undefined && error !== null && error !== false && error !== '';

function fullResponseStatus(json: unknown): number | undefined {
	const status = field(json, 'statusCode');
	if (typeof status !== 'number' || !Number.isInteger(status)) return undefined;
	if (status < 100 || status > 599) return undefined;
	return isObject(field(json, 'headers')) || hasOwn(json, 'body') ? status : undefined;
}

function errorStatus(error: unknown): number | undefined {
	const candidates = [
		field(error, 'status'),
		field(field(error, 'details'), 'httpCode'),
		field(error, 'httpCode'),
		field(field(error, 'response'), 'status'),
		field(error, 'statusCode'),
	];
	for (const candidate of candidates) {
		if (typeof candidate !== 'number' && typeof candidate !== 'string') continue;
		if (/^[1-5]\d\d$/.test(String(candidate))) return Number(candidate);
	}
	return undefined;
}

/** Codes of the error and of what caused it: n8n wraps TLS errors, and `fetch` all of them. */
function errorCodes(error: unknown): string[] {
	const cause = field(error, 'cause');
	const candidates = [
		field(field(error, 'details'), 'httpCode'),
		field(error, 'httpCode'),
		field(error, 'code'),
		field(cause, 'code'),
	];
	return candidates
		.map((code) => (typeof code === 'number' ? String(code) : code))
		.filter((code): code is string => typeof code === 'string')
		.filter((code) => /^[\w./-]{1,64}$/.test(code));
}

const errorHeaders = (error: unknown): unknown =>
	field(field(error, 'response'), 'headers') ??
	field(field(field(error, 'cause'), 'response'), 'headers');

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

function header(headers: unknown, name: string): string | undefined {
	if (!isObject(headers)) return undefined;
	const key = keysOf(headers).find((each) => each.toLowerCase() === name);
	if (key === undefined) return undefined;
	const value = field(headers, key);
	const single: unknown = Array.isArray(value) ? value[0] : value;
	if (typeof single === 'number') return String(single);
	return typeof single === 'string' && single.length <= 100 ? single : undefined;
}

function keysOf(value: object): string[] {
	try {
		return Object.keys(value).slice(0, MOST_HEADERS);
	} catch {
		return [];
	}
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}

function hasOwn(value: unknown, name: string): boolean {
	try {
		return isObject(value) && Object.hasOwn(value, name);
	} catch {
		return false;
	}
}

/** One field of what may be anything, getters and proxies that throw included. */
function field(value: unknown, name: string): unknown {
	if (!isObject(value)) return undefined;
	try {
		return (value as Record<string, unknown>)[name];
	} catch {
		return undefined;
	}
}
