import { createPrivateKey } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { responseOutcome } from '../../../lib/results/response-outcome';
import { failing, full, rules } from './responses';

/** What an error says, whoever threw it: n8n, axios, or Node itself. */

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
	it.each(['Invalid URL', { message: 'm' }, {}, [null], true, 7])('%j is unknown', (error) => {
		for (const fromErrorOutput of [true, false]) {
			expect(responseOutcome({ json: { error }, fromErrorOutput }, rules)).toEqual({
				outcome: 'unknown',
				reason: 'an error without a status or a code',
			});
		}
	});

	it.each([undefined, null, false, '', 0, []])('%p is none', (error) => {
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
