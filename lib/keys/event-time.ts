import { types } from 'node:util';

/** The earliest time a KSUID holds, 2014-05-13T16:53:20Z, in milliseconds since 1970. */
export const EARLIEST_EVENT_MS = 14e11;
/** 2150-01-01T00:00:00Z: KSUIDs end in June of that year. */
export const LATEST_EVENT_MS = Date.UTC(2150, 0, 1);

export type EventTime =
	| { readonly ok: true; readonly timeMs: number }
	| { readonly ok: false; readonly problem: string };

const UNIX_TIME = /^(\d{1,20})(?:\.(\d{1,9}))?$/;
const ISO_TIME =
	/^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i;
const ISO_BASIC_TIME =
	/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * When an event happened, in whole milliseconds since 1970 (what is finer is cut off).
 *
 * Takes ISO 8601 text, a Date, a Luxon DateTime, and Unix time in seconds or milliseconds as a number or as digits (Slack's
 * `1700000000.123456` too). The two are told apart by range: between 2014 and 2150 they do not overlap. Text without a zone is
 * UTC, so that the host's own zone never matters. Whatever is outside that range, or cannot be told, is refused in words
 * that complete "The time …".
 */
export function eventTimeOf(value: unknown): EventTime {
	if (typeof value === 'number') return unixTime(String(value));
	if (typeof value === 'string') {
		const text = value.trim();
		if (text === '') return refused('is empty.');
		return /^-?[\d.]+$/.test(text) ? unixTime(text) : isoTime(text);
	}
	const instant = typeof value === 'object' && value !== null ? instantOf(value) : undefined;
	if (instant === undefined) {
		return refused('is neither ISO text, a date, nor Unix time in seconds or milliseconds.');
	}
	return Number.isNaN(instant) ? refused('is an invalid date.') : inRange(instant);
}

/**
 * The instant of a Date or a Luxon DateTime (recognized by shape: n8n and a Code node each bring their own Luxon), in
 * milliseconds since 1970, NaN where it is invalid; undefined for any other object.
 */
export function instantOf(value: object): number | undefined {
	if (types.isDate(value)) return Date.prototype.getTime.call(value);
	const { isLuxonDateTime, toMillis, toISO } = value as {
		isLuxonDateTime?: unknown;
		toMillis?: unknown;
		toISO?: unknown;
	};
	if (isLuxonDateTime !== true) return undefined;
	if (typeof toMillis === 'function') return Number(toMillis.call(value));
	return typeof toISO === 'function' ? Date.parse(String(toISO.call(value))) : undefined;
}

function unixTime(text: string): EventTime {
	const match = UNIX_TIME.exec(text);
	if (match === null) {
		return refused(
			text.startsWith('-') ? `is before ${iso(EARLIEST_EVENT_MS)}.` : 'is no Unix time in digits.',
		);
	}
	const whole = Number(match[1]);
	if (whole >= EARLIEST_EVENT_MS && whole <= LATEST_EVENT_MS) return inRange(whole);
	if (whole >= EARLIEST_EVENT_MS / 1000 && whole <= LATEST_EVENT_MS / 1000) {
		return inRange(whole * 1000 + thousandths(match[2]));
	}
	return refused(
		`is no Unix time between ${iso(EARLIEST_EVENT_MS)} and ${iso(LATEST_EVENT_MS)}, neither in seconds nor in milliseconds.`,
	);
}

function isoTime(text: string): EventTime {
	const match = ISO_TIME.exec(text) ?? ISO_BASIC_TIME.exec(text);
	if (match === null) return refused('is not ISO 8601 text, such as 2026-01-31T09:30:00Z.');
	const [, year, month, day, hour = '0', minute = '0', second = '0', fraction, zone] = match;
	const [y, mo, d] = [Number(year), Number(month), Number(day)];
	const [h, mi, s] = [Number(hour), Number(minute), Number(second)];
	const local = Date.UTC(y, mo - 1, d, h, mi, s);
	const offset = offsetMinutes(zone);
	if (new Date(local).getUTCMonth() !== mo - 1 || h > 23 || mi > 59 || s > 59 || offset === null) {
		return refused('is not a date and time that exists.');
	}
	return inRange(local + thousandths(fraction) - offset * 60_000);
}

/** Minutes east of UTC; null for an offset that cannot be. */
function offsetMinutes(zone: string | undefined): number | null {
	if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
	const hours = Number(zone.slice(1, 3));
	const minutes = Number(zone.slice(3).replace(':', ''));
	if (hours > 23 || minutes > 59) return null;
	return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function thousandths(fraction = ''): number {
	return Number(fraction.slice(0, 3).padEnd(3, '0'));
}

function inRange(timeMs: number): EventTime {
	if (timeMs < EARLIEST_EVENT_MS) return refused(`is before ${iso(EARLIEST_EVENT_MS)}.`);
	if (timeMs > LATEST_EVENT_MS) return refused(`is after ${iso(LATEST_EVENT_MS)}.`);
	return { ok: true, timeMs };
}

function refused(problem: string): EventTime {
	return { ok: false, problem };
}

function iso(timeMs: number): string {
	return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
