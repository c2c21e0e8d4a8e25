import { createPrivateKey } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../../lib/results/response-outcome';
import type { ResponseOutcome, ResponseRules } from '../../../lib/results/response-outcome';

const now = Date.parse('2030-01-01T00:00:00Z');
const rules: ResponseRules = { ...DEFAULT_RESPONSE_RULES, now };

const full = (statusCode: number, headers: object = {}, more: Partial<ResponseRules> = {}) =>
	responseOutcome(
		{ json: { statusCode, headers, body: {} }, fromErrorOutput: false },
		{ ...rules, ...more },
	);

const failing = (error: unknown, more: Partial<ResponseRules> = {}) =>
	responseOutcome({ json: { error }, fromErrorOutput: true }, { ...rules, ...more });

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

describe('a code', () => {
	it.each([
		'ECONNREFUSED',
		'ENOTFOUND',
		'EAI_AGAIN',
		'CERT_HAS_EXPIRED',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'SELF_SIGNED_CERT_IN_CHAIN',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
		'ERR_TLS_CERT_ALTNAME_INVALID',
	])('%s: nothing was sent', (code) => {
		for (const error of [{ code }, { httpCode: code }, { cause: { code } }]) {
			expect(failing(error)).toEqual({ outcome: 'released', reason: `${code}: nothing was sent` });
		}
	});

	it.each(['ETIMEDOUT', 'ECONNABORTED', 'ECONNRESET', 'EPIPE'])(
		'%s: the answer was lost',
		(code) => {
			expect(failing({ code })).toEqual({
				outcome: 'unknown',
				reason: `${code}: sent, the answer was lost`,
			});
			expect(failing({ code: 'ECONNREFUSED', cause: { code } }).outcome).toBe('unknown');
		},
	);

	it.each([
		'EPROTO',
		'ERR_BAD_RESPONSE',
		'card_declined',
		'23505',
		429,
		'XECONNREFUSED',
		'ERR_TLS_X',
	])('%s is not listed, so unknown', (code) => {
		expect(failing({ code }).outcome).toBe('unknown');
	});

	it('EPROTO: the handshake only where OpenSSL says so', () => {
		const eproto = (reason: string) =>
			failing({
				code: 'EPROTO',
				message: `write EPROTO 8:error:0A:SSL routines:f:${reason}:../ssl.c:1:`,
			});
		expect(eproto('wrong version number').outcome).toBe('released');
		expect(eproto('tlsv1 alert protocol version').outcome).toBe('released');
		expect(eproto('decryption failed or bad record mac').outcome).toBe('unknown');
	});
});

describe('an error without status or code', () => {
	it.each(['Invalid URL', { message: 'm' }, {}, [], true, 0, 7])('%j is unknown', (error) => {
		for (const fromErrorOutput of [true, false]) {
			expect(responseOutcome({ json: { error }, fromErrorOutput }, rules)).toEqual({
				outcome: 'unknown',
				reason: 'an error without a status or a code',
			});
		}
	});

	it.each([undefined, null, false, ''])('%p is none', (error) => {
		expect(responseOutcome({ json: { error }, fromErrorOutput: false }, rules).outcome).toBe(
			'completed',
		);
		expect(responseOutcome({ json: { error }, fromErrorOutput: true }, rules).outcome).toBe(
			'unknown',
		);
	});

	it.each([{}, { id: 1 }, null, undefined, 'text', []])('an item of %j is completed', (json) => {
		expect(responseOutcome({ json, fromErrorOutput: false }, rules).outcome).toBe('completed');
	});

	it('yields to the live one beside it', () => {
		const seen = {
			json: { error: { message: 'm' } },
			itemError: { status: 404 },
			fromErrorOutput: true,
		};
		expect(responseOutcome(seen, rules).statusCode).toBe(404);
		const other = {
			json: { error: { status: 404 } },
			itemError: { message: 'm' },
			fromErrorOutput: true,
		};
		expect(responseOutcome(other, rules).statusCode).toBe(404);
	});
});

describe('hostile input', () => {
	const thrower = (): never => {
		throw new Error('hostile');
	};
	const proxy: object = new Proxy(
		{},
		{ get: thrower, ownKeys: thrower, has: thrower, getOwnPropertyDescriptor: thrower },
	);
	const getter = (name: string): object =>
		Object.defineProperty({}, name, { get: thrower, enumerable: true });

	it('never makes it throw, nor claims a completion for an error', () => {
		const errors = ['status', 'details', 'httpCode', 'response', 'code', 'cause', 'message'].map(
			getter,
		);
		for (const error of [
			...errors,
			proxy,
			{ response: proxy, cause: proxy },
			{ code: 'EPROTO', message: proxy },
		]) {
			expect(failing(error).outcome).toBe('unknown');
		}
		expect(responseOutcome({ json: proxy, fromErrorOutput: true }, rules).outcome).toBe('unknown');
		expect(full(429, proxy)).not.toHaveProperty('retryAfterMs');
		expect(full(429, getter('retry-after'))).not.toHaveProperty('retryAfterMs');
	});

	it('never gets into the words', () => {
		const code = 'x<script>'.repeat(100);
		expect(failing({ code, message: 'secret' }).reason).toBe('an error without a status or a code');
		expect(failing({ status: 400, message: 'secret', headers: { a: 1 } }).reason).toBe(
			'HTTP 400 Bad Request',
		);
	});
});

describe('errors that Node itself throws', () => {
	const servers: Server[] = [];
	let arrived = 0;

	afterAll(() => servers.forEach((server) => server.close()));

	const listen = async (server: Server): Promise<number> => {
		servers.push(server);
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return (server.address() as AddressInfo).port;
	};
	const tlsPort = async (options: object = {}): Promise<number> => {
		return await listen(
			createTlsServer({ key: PEM_KEY, cert: PEM_CERTIFICATE, ...options }, (_request, response) => {
				arrived++;
				response.end();
			}),
		);
	};
	const errorOf = async (send: typeof httpRequest, options: object): Promise<unknown> =>
		await new Promise((resolve) => {
			const request = send(
				{ host: '127.0.0.1', method: 'POST', agent: false, ...options },
				(response) => {
					response.on('error', resolve).resume();
				},
			);
			request.on('error', resolve).end('charge');
		});

	it('at a TLS handshake: released, and nothing arrived', async () => {
		const port = await tlsPort();
		const plain = await listen(createServer(() => arrived++));
		const errors = [
			await errorOf(httpsRequest, { port }),
			await errorOf(httpsRequest, { port, ca: PEM_CERTIFICATE, servername: 'wrong.test' }),
			await errorOf(httpsRequest, { port: plain, rejectUnauthorized: false }),
			await errorOf(httpsRequest, {
				port: await tlsPort({ minVersion: 'TLSv1.3' }),
				maxVersion: 'TLSv1.2',
				rejectUnauthorized: false,
			}),
		];
		expect(errors.map((error) => failing(error).outcome)).toEqual(Array(4).fill('released'));
		expect(arrived).toBe(0);
	});

	it('at a refused connection, by request and by fetch: released', async () => {
		const closed = createTcpServer();
		const port = await listen(closed);
		await new Promise((resolve) => closed.close(resolve));
		const fetched = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
		expect(failing(await errorOf(httpRequest, { port })).outcome).toBe('released');
		expect(failing(fetched).outcome).toBe('released');
	});

	it('at a connection cut after the request: unknown', async () => {
		const port = await listen(
			createTcpServer((socket) => socket.once('data', () => socket.destroy())),
		);
		expect(failing(await errorOf(httpRequest, { port })).outcome).toBe('unknown');
	});
});

/** A self-signed pair for other.test, valid until 2125, trusted by nobody. */
const KEY = [
	'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg3vldwzR8ihbH52iVECXvztQQ8XCARE6U1sjySsw',
	'dXGhRANCAATVP7a50mnlhx8lTOHBr4idqn0MRHDUjAZdHmFYv1ZTl6+t9g+PNN3ef3ABaaVyBiRpOe80WeZNgGCK',
	'8oug/B+m',
].join('');
const CERTIFICATE = [
	'MIIBgTCCASegAwIBAgIUDblyZ3Olf6KweNRlaSIlyhD79lIwCgYIKoZIzj0EAwIwFTETMBEGA1UEAwwKb3RoZXIu',
	'dGVzdDAgFw0yNjExMjQwNTI0MjVaGA8yMTI2MTAzMTA1MjQyNVowFTETMBEGA1UEAwwKb3RoZXIudGVzdDBZMBMG',
	'ByqGSM49AgEGCCqGSM49AwEHA0IABNU/trnSaeWHHyVM4cGviJ2qfQxEcNSMBl0eYVi/VlOXr632D4803d5/cAFp',
	'pXIGJGk57zRZ5k2AYIryi6D8H6ajUzBRMB0GA1UdDgQWBBSjZdFuSl9wnJGrjLWd05l/oEt9sjAfBgNVHSMEGDAW',
	'gBSjZdFuSl9wnJGrjLWd05l/oEt9sjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCzkjUigMBs',
	'pQsdXa8cb5HXMYxRrQaPP+LFYSMC+tK+XQIgC1He+YW2cpSpccdnYTVTLnkO76J4AJlmhZZQkL6g08w=',
].join('');

const PEM_KEY = createPrivateKey({
	key: Buffer.from(KEY, 'base64'),
	format: 'der',
	type: 'pkcs8',
}).export({ format: 'pem', type: 'pkcs8' });
const PEM_CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${CERTIFICATE}\n-----END CERTIFICATE-----\n`;
