import fc from 'fast-check';
import { DateTime } from 'luxon';
import { EARLIEST_EVENT_MS, LATEST_EVENT_MS, eventTimeOf } from '../../../lib/keys/event-time';
import { ELSEWHERE, runElsewhere } from '../../support/run-elsewhere';

const at = (timeMs: number) => ({ ok: true, timeMs });
const noon = Date.UTC(2024, 4, 1, 12, 30, 5);

describe('eventTimeOf', () => {
	it.each<[unknown, number]>([
		['2024-05-01T12:30:05Z', noon],
		['2024-05-01t12:30:05z', noon],
		[' 2024-05-01T12:30:05Z\n', noon],
		['2024-05-01 12:30:05', noon],
		['2024-05-01T12:30:05', noon],
		['2024-05-01T14:30:05+02:00', noon],
		['2024-05-01T14:30:05+0200', noon],
		['2024-05-01 14:30:05 +02', noon],
		['2024-05-01T07:00:05-05:30', noon],
		['2024-05-01T12:30:05-00:00', noon],
		['20240501T123005Z', noon],
		['20240501T143005+0200', noon],
		['2024-05-01T12:30Z', noon - 5000],
		['2024-05-01', Date.UTC(2024, 4, 1)],
		['2024-02-29', Date.UTC(2024, 1, 29)],
		['2024-05-01T12:30:05.1Z', noon + 100],
		['2024-05-01T12:30:05,123Z', noon + 123],
		['2024-05-01T12:30:05.123999999Z', noon + 123],
		['2024-12-31T23:30:00-01:00', Date.UTC(2025, 0, 1, 0, 30)],
		[noon, noon],
		[noon + 7, noon + 7],
		[noon + 0.9, noon],
		[noon / 1000, noon],
		[noon / 1000 + 0.25, noon + 250],
		[String(noon), noon],
		[String(noon / 1000), noon],
		['1355517523000', -1],
		['1714566605.123456', noon + 123],
		[new Date(noon + 9), noon + 9],
		[DateTime.fromMillis(noon, { zone: 'Asia/Tokyo' }), noon],
		['2014-05-13T16:53:20Z', EARLIEST_EVENT_MS],
		[1_400_000_000, EARLIEST_EVENT_MS],
		[1_400_000_000_000, EARLIEST_EVENT_MS],
		['2150-01-01T00:00:00Z', LATEST_EVENT_MS],
		[LATEST_EVENT_MS / 1000, LATEST_EVENT_MS],
		[LATEST_EVENT_MS, LATEST_EVENT_MS],
	])('%p', (value, timeMs) => {
		if (timeMs < 0) expect(eventTimeOf(value).ok).toBe(false);
		else expect(eventTimeOf(value)).toEqual(at(timeMs));
	});

	it.each<[unknown, RegExp]>([
		['2014-05-13T16:53:19.999Z', /before 2014-05-13T16:53:20Z/],
		['2014-05-13T16:53:20+00:01', /before/],
		['1969-12-31T23:59:59Z', /before/],
		['0024-05-01', /before/],
		[new Date(0), /before/],
		[-1, /before/],
		['-5', /before/],
		['2150-01-01T00:00:00.001Z', /after 2150-01-01T00:00:00Z/],
		['9999-12-31', /after/],
		[1_399_999_999, /neither in seconds nor in milliseconds/],
		[LATEST_EVENT_MS / 1000 + 1, /neither/],
		[EARLIEST_EVENT_MS - 1, /neither/],
		[LATEST_EVENT_MS + 1, /neither/],
		[`${LATEST_EVENT_MS}.5`, /^/],
		[noon * 1000, /neither/],
		[noon * 1e6, /neither/],
		['20240501', /neither/],
		['20240501123005', /neither/],
		[0, /neither/],
		[NaN, /digits/],
		[Infinity, /digits/],
		[1e300, /digits/],
		['1.714.566.605', /digits/],
		['1714566605.', /digits/],
		['.', /digits/],
		['1,714,566,605', /ISO/],
		['١٧١٤٥٦٦٦٠٥', /ISO/],
		['0x66323a0d', /ISO/],
		['1e12', /ISO/],
		['', /empty/],
		['  ', /empty/],
		['yesterday', /ISO/],
		['05/01/2024', /ISO/],
		['1 May 2024', /ISO/],
		['2024-5-1', /ISO/],
		['2024-05-01T12:30:05 Europe/Paris', /ISO/],
		['2024-05-01T12:30:05Z and more', /ISO/],
		['2024-05-01T12', /ISO/],
		['2024-05-01T12:30:05ſ', /ISO/],
		['2024-02-30T00:00:00Z', /exists/],
		['2023-02-29', /exists/],
		['2024-13-01', /exists/],
		['2024-00-10', /exists/],
		['2024-05-00', /exists/],
		['2024-05-01T24:00:00Z', /exists/],
		['2024-05-01T12:60:00Z', /exists/],
		['2024-05-01T12:30:60Z', /exists/],
		['2024-05-01T12:30:05+24:00', /exists/],
		['2024-05-01T12:30:05+01:60', /exists/],
		[new Date(NaN), /invalid/],
		[DateTime.invalid('test'), /invalid/],
		[undefined, /neither/],
		[null, /neither/],
		[true, /neither/],
		[1714566605n, /neither/],
		[{}, /neither/],
		[[noon], /neither/],
		[{ isLuxonDateTime: true }, /neither/],
		[() => noon, /neither/],
	])('refuses %p', (value, problem) => {
		const time = eventTimeOf(value);
		if (`${String(problem)}` === '/^/') return expect(time).toEqual(at(LATEST_EVENT_MS));
		expect(time).toEqual({ ok: false, problem: expect.stringMatching(problem) as string });
	});

	it('never gives NaN, a fraction or a time out of range, whatever it is given', () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.anything(),
					fc.double(),
					fc.string(),
					fc.date().map(String),
					fc.stringMatching(/^[\d.:TZ+-]*$/),
				),
				(value) => {
					const time = eventTimeOf(value);
					if (!time.ok) return expect(time.problem).not.toBe('');
					expect(Number.isInteger(time.timeMs)).toBe(true);
					expect(time.timeMs).toBeGreaterThanOrEqual(EARLIEST_EVENT_MS);
					expect(time.timeMs).toBeLessThanOrEqual(LATEST_EVENT_MS);
				},
			),
			{ numRuns: 2000 },
		);
	});

	it('gives any instant back, in seconds, milliseconds, ISO text of any zone', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: EARLIEST_EVENT_MS / 1000, max: LATEST_EVENT_MS / 1000 - 1 }),
				fc.integer({ min: 0, max: 999 }),
				fc.integer({ min: -1439, max: 1439 }),
				(seconds, ms, offset) => {
					const timeMs = seconds * 1000 + ms;
					expect(eventTimeOf(timeMs)).toEqual(at(timeMs));
					expect(eventTimeOf(seconds)).toEqual(at(seconds * 1000));
					expect(eventTimeOf(`${seconds}.${String(ms).padStart(3, '0')}`)).toEqual(at(timeMs));
					const local = new Date(timeMs + offset * 60_000).toISOString().slice(0, -1);
					const size = Math.abs(offset);
					const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
					expect(eventTimeOf(local + zone)).toEqual(at(timeMs));
				},
			),
		);
	});

	it('gives the same times in every zone and language', () => {
		const script = `
			const { eventTimeOf } = lib('keys/event-time');
			const texts = ['2024-03-31T02:30:00', '2024-03-31', '2024-10-27 02:30', '2024-07-01T00:00:00Z', '1714566605',
				'20240331T023000', '31.03.2024', '2024-03-31T02:30:00İ'];
			console.log(JSON.stringify([...texts, 1714566605, new Date(1714566605000)].map(eventTimeOf)));`;
		const printed = runElsewhere(script, ELSEWHERE);
		expect(new Set(printed).size).toBe(1);
		expect(JSON.parse(printed[0]!)).toMatchObject([
			at(Date.UTC(2024, 2, 31, 2, 30)),
			at(Date.UTC(2024, 2, 31)),
			at(Date.UTC(2024, 9, 27, 2, 30)),
			at(Date.UTC(2024, 6, 1)),
			at(1714566605000),
			at(Date.UTC(2024, 2, 31, 2, 30)),
			{ ok: false },
			{ ok: false },
			at(1714566605000),
			at(1714566605000),
		]);
	});
});
