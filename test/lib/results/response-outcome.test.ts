import { responseOutcome } from '../../../lib/results/response-outcome';
import type { ResponseOutcome } from '../../../lib/results/response-outcome';
import { failing, full, rules } from './responses';

describe('a status', () => {
	const table: Array<[ResponseOutcome['outcome'], number[]]> = [
		['completed', [200, 201, 202, 204, 299, 301, 302, 303]],
		['failed', [400, 402, 404, 405, 406, 409, 410, 413, 415, 418, 422, 423, 424, 451, 499]],
		['released', [307, 308, 401, 403, 408, 425, 429]],
		[
			'unknown',
			[
				100, 101, 199, 300, 304, 305, 399, 500, 501, 502, 503, 504, 505, 511, 520, 522, 524, 529,
				599,
			],
		],
	];
	const rows = table.flatMap(([outcome, codes]) => codes.map((code) => [code, outcome] as const));

	it.each(rows)('%d of a full response is %s', (status, outcome) => {
		expect(full(status)).toMatchObject({ outcome, statusCode: status });
	});

	it.each(rows)('%d of an error is %s, wherever it stands', (status, outcome) => {
		const errors = [
			{ status },
			{ details: { httpCode: String(status) } },
			{ httpCode: String(status) },
			{ response: { status } },
			{ statusCode: status },
			{ status: 'PERMISSION_DENIED', httpCode: status },
		];
		for (const error of errors) {
			expect(failing(error)).toMatchObject({ outcome, statusCode: status });
			const beside = { json: { error: 'text' }, itemError: error, fromErrorOutput: false };
			expect(responseOutcome(beside, rules)).toMatchObject({ outcome, statusCode: status });
		}
	});

	it('of an error goes before its code, and the first place before the others', () => {
		expect(failing({ status: 404, httpCode: '429', code: 'ECONNRESET' }).statusCode).toBe(404);
		expect(failing({ httpCode: '429', response: { status: 404 } }).statusCode).toBe(429);
		expect(failing({ details: { httpCode: 400 }, httpCode: 500 }).statusCode).toBe(400);
	});

	it('is spoken of by its name', () => {
		expect(full(429).reason).toBe('HTTP 429 Too Many Requests');
		expect(full(599).reason).toBe('HTTP 599');
	});

	it.each([99, 600, 200.5, NaN, '500', null, {}])('%p is none', (statusCode) => {
		const json = { statusCode, headers: {}, body: {} };
		expect(responseOutcome({ json, fromErrorOutput: false }, rules)).toEqual({
			outcome: 'completed',
			reason: 'no error',
		});
		expect(failing({ status: statusCode })).toMatchObject(
			statusCode === '500' ? { statusCode: 500 } : { outcome: 'unknown' },
		);
	});

	it('outside of a full response is data', () => {
		const json = { statusCode: 500, message: 'a row about an incident' };
		expect(responseOutcome({ json, fromErrorOutput: false }, rules).outcome).toBe('completed');
		const withBody = { statusCode: 500, body: null };
		expect(responseOutcome({ json: withBody, fromErrorOutput: false }, rules).outcome).toBe(
			'unknown',
		);
	});

	it('beside an error is of an earlier request, which the item carries along', () => {
		const json = { statusCode: 200, headers: {}, body: {}, error: { code: 'ECONNABORTED' } };
		expect(responseOutcome({ json, fromErrorOutput: true }, rules).outcome).toBe('unknown');
		const bare = { statusCode: 200, headers: {}, body: {} };
		expect(responseOutcome({ json: bare, fromErrorOutput: true }, rules).outcome).toBe('unknown');
	});
});

describe('the options', () => {
	it('failedResponses: release frees final refusals, and nothing else', () => {
		const more = { failedResponses: 'release' } as const;
		expect(full(422, {}, more)).toMatchObject({ outcome: 'released', retryAfterMs: 0 });
		expect(full(422, { 'retry-after': '7' }, more).retryAfterMs).toBe(7000);
		expect(full(500, {}, more).outcome).toBe('unknown');
		expect(full(200, {}, more).outcome).toBe('completed');
	});

	it('unknownResponses: release frees the unknown, and nothing else', () => {
		const more = { unknownResponses: 'release' } as const;
		expect(full(500, { 'retry-after': '7' }, more)).toMatchObject({
			outcome: 'released',
			retryAfterMs: 7000,
		});
		expect(failing('text', more).outcome).toBe('released');
		expect(full(422, {}, more).outcome).toBe('failed');
	});

	it('ownKeyPassedDownstream makes 409 unknown, even where refusals are freed', () => {
		const more = { ownKeyPassedDownstream: true } as const;
		expect(full(409, {}, more).outcome).toBe('unknown');
		expect(full(409, {}, { ...more, failedResponses: 'release' }).outcome).toBe('unknown');
		expect(full(410, {}, more).outcome).toBe('failed');
	});

	it('lastTryOnly leaves a completion and nothing else', () => {
		const more = { lastTryOnly: true } as const;
		expect(full(200, {}, more).outcome).toBe('completed');
		for (const status of [400, 429, 503]) {
			expect(full(status, { 'retry-after': '1' }, more)).not.toHaveProperty('retryAfterMs');
			expect(full(status, {}, more).outcome).toBe('unknown');
		}
		expect(failing({ code: 'ECONNREFUSED' }, more).outcome).toBe('unknown');
		expect(full(400, {}, { ...more, failedResponses: 'release' }).outcome).toBe('unknown');
		expect(full(400, {}, { ...more, unknownResponses: 'release' }).outcome).toBe('released');
	});

	it('statusHidden: no error is no success', () => {
		const seen = { json: { declined: true }, fromErrorOutput: false };
		expect(responseOutcome(seen, { ...rules, statusHidden: true }).outcome).toBe('unknown');
		expect(full(200, {}, { statusHidden: true }).outcome).toBe('completed');
	});

	it.each([
		[
			'the own address',
			{ address: '127.0.0.1', port: 8080 },
			'http://127.0.0.1:8080/charge',
			'released',
		],
		['another port', { address: '127.0.0.1', port: 1 }, 'http://127.0.0.1:8080/', 'unknown'],
		['another host', { address: '10.0.0.1', port: 8080 }, 'http://127.0.0.1:8080/', 'unknown'],
		['an address of a name', { address: '10.0.0.1', port: 443 }, 'https://pay.test/', 'released'],
		[
			'no address of this host',
			{ address: '10.0.0.1', port: 443 },
			'https://localhost/',
			'unknown',
		],
		[
			'the name itself',
			{ code: 'ENOTFOUND', hostname: 'pay.test' },
			'https://pay.test/',
			'released',
		],
		['another name', { code: 'ENOTFOUND', hostname: 'other.test' }, 'https://pay.test/', 'unknown'],
		[
			'words with another port',
			{ message: 'connect ECONNREFUSED 127.0.0.1:1' },
			'http://127.0.0.1:8080/',
			'unknown',
		],
		['none', {}, 'http://127.0.0.1:8080/', 'released'],
	])('ownUrl: an error at %s', (_name, error, ownUrl, outcome) => {
		const refused = { code: 'ECONNREFUSED', ...error };
		expect(failing(refused, { ownUrl }).outcome).toBe(outcome);
		expect(failing({ code: 'ECONNREFUSED', cause: error, options: { url: ownUrl } }).outcome).toBe(
			outcome,
		);
		expect(
			failing({ httpCode: 'ECONNREFUSED', ...error, context: { request: { uri: ownUrl } } })
				.outcome,
		).toBe(outcome);
	});

	it('an error that shows a redirect says nothing, whatever its status', () => {
		const request = { _redirectable: { _redirectCount: 1 } };
		expect(failing({ status: 429, request }).outcome).toBe('unknown');
		expect(failing({ code: 'ECONNREFUSED', request }).outcome).toBe('unknown');
	});

	it('a retried run completes or parks, whatever the other options', () => {
		const more = { retriedRun: true } as const;
		expect(full(200, {}, more).outcome).toBe('completed');
		for (const status of [400, 429, 500]) {
			expect(full(status, {}, more).outcome).toBe('unknown');
			expect(full(status, {}, { ...more, unknownResponses: 'release' }).outcome).toBe('unknown');
			expect(full(status, {}, { ...more, failedResponses: 'release' }).outcome).toBe('unknown');
		}
	});
});

describe('Retry-After', () => {
	const day = 24 * 3_600_000;
	const wait = (value: unknown, more: object = {}) =>
		full(429, { 'Retry-After': value, ...more }).retryAfterMs;

	it.each([
		['120', 120_000],
		[' 5 ', 5_000],
		['0', 0],
		['1.5', 1_500],
		['-5', 0],
		['999999999999999999999', day],
		[30, 30_000],
		[['7', '9'], 7_000],
		['Tue, 01 Jan 2030 00:01:00 GMT', 60_000],
		['Mon, 31 Dec 2029 00:00:00 GMT', 0],
		['Tue, 01 Jan 2040 00:00:00 GMT', day],
		['', undefined],
		['soon', undefined],
		['retry 5', undefined],
		['Tuesday, 01-Jan-30 00:01:00 GMT', 60_000],
		['Tue Jan  1 00:01:00 2030', 60_000],
		['2030-01-01T00:01:00Z', 60_000],
		['1e3', undefined],
		['Infinity', undefined],
		[null, undefined],
		[{}, undefined],
		['9'.repeat(1000), undefined],
	])('%j is %p ms', (value, ms) => {
		expect(wait(value)).toBe(ms);
	});

	it('as a date counts from the response’s own Date', () => {
		const headers = { DATE: 'Tue, 01 Jan 2030 00:00:50 GMT' };
		expect(wait('Tue, 01 Jan 2030 00:01:00 GMT', headers)).toBe(10_000);
		expect(wait('Tue, 01 Jan 2030 00:01:00 GMT', { date: 'x' })).toBe(60_000);
	});

	it('turns 503 into released, even at 0', () => {
		expect(full(503, { 'RETRY-AFTER': '0' })).toMatchObject({
			outcome: 'released',
			retryAfterMs: 0,
		});
		expect(full(500, { 'retry-after': '3' }).outcome).toBe('unknown');
		expect(full(503, { 'retry-after': 'soon' }).outcome).toBe('unknown');
	});

	it('is read from a live error, and from what caused it', () => {
		const live = { status: 429, response: { headers: { 'retry-after': '9' } } };
		expect(failing(live).retryAfterMs).toBe(9_000);
		expect(failing({ httpCode: '503', cause: live })).toMatchObject({
			outcome: 'released',
			retryAfterMs: 9_000,
		});
	});

	it('is told only where it matters', () => {
		for (const status of [200, 400, 500]) {
			expect(full(status, { 'retry-after': '3' })).not.toHaveProperty('retryAfterMs');
		}
		expect(full(401)).not.toHaveProperty('retryAfterMs');
	});
});
