/**
 * What can be read of an error, live or serialized: status, codes, headers and the address that it names. Nothing here throws,
 * whatever it is given.
 */
import { isIP } from 'node:net';

export interface CarriesError {
	/** The item's json. */
	readonly json: unknown;
	/** The item's own error (n8n keeps it beside json). */
	readonly itemError?: unknown;
}

const MOST_HEADERS = 1_000;
const MOST_MESSAGES = 10;

/** What the item carries as error: beside its json, where it tells more, and in it. */
export function errorsOf({ json, itemError }: CarriesError): unknown[] {
	return [itemError, field(json, 'error')].filter(isCarried);
}

const isCarried = (error: unknown): boolean =>
	error !== undefined &&
	error !== null &&
	error !== false &&
	error !== '' &&
	error !== 0 &&
	!(Array.isArray(error) && error.length === 0);

/** The HTTP status that an error names, wherever n8n and its helpers put it. */
export function errorStatus(error: unknown): number | undefined {
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
export function errorCodes(error: unknown): string[] {
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

/** The headers of the response behind an error: on live errors only. */
export const errorHeaders = (error: unknown): unknown =>
	field(field(error, 'response'), 'headers') ??
	field(field(field(error, 'cause'), 'response'), 'headers');

/** One header by its name in lower case. */
export function header(headers: unknown, name: string): string | undefined {
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

export function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}

export function hasOwn(value: unknown, name: string): boolean {
	try {
		return isObject(value) && Object.hasOwn(value, name);
	} catch {
		return false;
	}
}

/** One field of what may be anything, getters and proxies that throw included. */
export function field(value: unknown, name: string): unknown {
	if (!isObject(value)) return undefined;
	try {
		return (value as Record<string, unknown>)[name];
	} catch {
		return undefined;
	}
}

/** Where a connection was tried, as an error tells it. */
export interface Address {
	readonly host: string;
	/** Null where only the host is told, as with a name that does not resolve. */
	readonly port: number | null;
}

/** The addresses that the errors name, in their fields or in words such as "connect ECONNREFUSED 127.0.0.1:8080". */
export function addressesOf(errors: readonly unknown[]): Address[] {
	return errors
		.flatMap((error) => [error, field(error, 'cause')])
		.flatMap((error) => [...addressInFields(error), ...addressesInWords(error)]);
}

function addressInFields(error: unknown): Address[] {
	const host =
		field(error, 'address') ?? field(error, 'hostname') ?? field(error, 'host') ?? undefined;
	const port = field(error, 'port');
	if (typeof host !== 'string' || host === '') return [];
	return [{ host: bare(host), port: typeof port === 'number' ? port : null }];
}

function addressesInWords(error: unknown): Address[] {
	const messages = field(error, 'messages');
	const texts: unknown[] = [
		field(error, 'message'),
		...(Array.isArray(messages) ? messages.slice(0, MOST_MESSAGES) : []),
	];
	return texts.flatMap((text) => {
		if (typeof text !== 'string') return [];
		const words = text.slice(0, 1_000);
		const connect = /\bconnect E[A-Z]+ (\S+):(\d{1,5})\b/.exec(words);
		const resolve = /\bgetaddrinfo E[A-Z_]+ ([^\s:]+)/.exec(words);
		return [
			...(connect?.[1] === undefined ? [] : [{ host: bare(connect[1]), port: Number(connect[2]) }]),
			...(resolve?.[1] === undefined ? [] : [{ host: bare(resolve[1]), port: null }]),
		];
	});
}

/** The URL that was asked for first, as n8n notes it on a live error or in the context of one that stopped the run. */
export function requestedUrl(errors: readonly unknown[]): string | undefined {
	const candidates = errors.flatMap((error) => [
		field(field(error, 'options'), 'url'),
		field(field(error, 'options'), 'uri'),
		field(field(field(error, 'context'), 'request'), 'uri'),
		field(field(field(error, 'context'), 'request'), 'url'),
	]);
	return candidates.find((url): url is string => typeof url === 'string' && URL.canParse(url));
}

/** Whether the error shows that a redirect was followed before it. Most errors of n8n show neither. */
export function showsRedirect(errors: readonly unknown[]): boolean {
	return errors
		.flatMap((error) => [error, field(error, 'cause')])
		.some((error) => {
			const request = field(error, 'request');
			const count =
				field(field(request, '_redirectable'), '_redirectCount') ??
				field(request, '_redirectCount');
			return typeof count === 'number' && count > 0;
		});
}

/**
 * Whether an address can be that of a URL. A name in the URL may stand for any address, but `localhost` for those of loopback only.
 */
export function isAddressOf({ host, port }: Address, url: string): boolean {
	if (!URL.canParse(url)) return false;
	const { hostname, port: given, protocol } = new URL(url);
	const wanted = Number(given === '' ? (protocol === 'https:' ? 443 : 80) : given);
	if (port !== null && port !== wanted) return false;
	const own = bare(hostname).toLowerCase();
	const named = host.toLowerCase();
	if (own === named) return true;
	if (isIP(named) === 0 || isIP(own) !== 0) return false;
	return own !== 'localhost' || named === '::1' || named.startsWith('127.');
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
