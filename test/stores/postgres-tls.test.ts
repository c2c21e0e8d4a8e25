import { rmSync } from 'node:fs';

import { postgresOptionsFrom, tryPostgres } from '../../lib/stores/postgres';
import type { PostgresOptions, PostgresTls } from '../../lib/stores/postgres';
import { type Certificates, makeCertificates } from '../support/certificates';
import { PostgresServer } from '../support/postgres-server';

/** A server whose certificate is of an authority of its own and not of its host, and which asks for a client's. */

let certificates: Certificates;
let stranger: Certificates;
let server: PostgresServer;
beforeAll(async () => {
	certificates = makeCertificates('DNS:db.internal');
	stranger = makeCertificates();
	server = await PostgresServer.startWithTls(certificates, [
		'host all tests 127.0.0.1/32 trust',
		'host all asked 127.0.0.1/32 scram-sha-256',
		'hostssl all localhost 127.0.0.1/32 cert',
	]);
	// As the certificate names its owner.
	await server.ask('CREATE ROLE localhost SUPERUSER LOGIN');
	await server.ask("CREATE ROLE asked LOGIN PASSWORD 'given'");
});
afterAll(async () => {
	await server.stop();
	for (const { folder } of [certificates, stranger]) rmSync(folder, { recursive: true });
});

const tried = async (tls: Partial<PostgresTls> | null, over: Partial<PostgresOptions> = {}) => {
	const { ca, cert, key } = certificates;
	const all = { ca, cert, key, servername: 'db.internal' };
	const options = { ...server.options, user: 'localhost', ...over };
	const given = tls === null ? options : { ...options, tls: { ...all, ...tls } };
	return await tryPostgres(postgresOptionsFrom(given)).then(
		() => 'connected',
		(error: { problem: string }) => error.problem,
	);
};
const inOneLine = (pem: string) => pem.trim().replaceAll('\n', ' ');

it('takes its own authority, its name and a client certificate, also where a field took the line breaks', async () => {
	const { ca, cert, key } = certificates;
	const lines = { ca: inOneLine(ca), cert: inOneLine(cert), key: inOneLine(key) };
	expect(await tried({})).toBe('connected');
	expect(await tried({}, { host: 'localhost' })).toBe('connected');
	expect(await tried(lines)).toBe('connected');
});

it.each<[string, Partial<PostgresTls> | null, string]>([
	['an authority that is not the one given', { ca: '' }, 'tls'],
	['a name that is not in the certificate', { servername: undefined }, 'tls'],
	['no client certificate', { cert: undefined, key: undefined }, 'authentication'],
	['no TLS', null, 'authentication'],
])('refuses %s', async (_, tls, problem) => {
	expect(await tried(tls?.ca === '' ? { ca: stranger.ca } : tls)).toBe(problem);
});

it.each<[string, Partial<PostgresTls>]>([
	['"CA Certificate" is not PEM', { ca: '/etc/ssl/ca.pem' }],
	['"Client Key" is not PEM', { key: 'secret' }],
	['"Client Certificate" and "Client Key" belong together', { key: undefined }],
])('says that %s', (words, tls) => {
	const { ca, cert, key } = certificates;
	const options = { ...server.options, tls: { ca, cert, key, ...tls } };
	expect(() => postgresOptionsFrom(options)).toThrow(words);
	expect(() => postgresOptionsFrom(options)).not.toThrow('secret');
});

it('says where a password is asked for and the credential has none', async () => {
	const error = await tryPostgres({ ...server.options, user: 'asked' }).catch(
		(refused: unknown) => refused,
	);
	expect(error).toMatchObject({ problem: 'authentication' });
	expect(error).toHaveProperty(
		'message',
		expect.stringContaining('it asks for a password, and the credential has none'),
	);
});
