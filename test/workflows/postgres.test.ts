import type { ICredentialTestFunctions, ICredentialsDecrypted } from 'n8n-workflow';

import { testIdempotencyPostgres } from '../../nodes/shared/store-credentials';
import { freePort } from '../support/ports';
import { PostgresServer } from '../support/postgres-server';
import { engineOnPostgres, onPostgres } from './on-postgres';
import { describeMainPaths } from './suite-main-paths';

/** Whole workflows over a real PostgreSQL. */

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => await server.stop());

describeMainPaths({
	n8n: (credential) => engineOnPostgres(server, credential),
	on: onPostgres,
	apart: { prefix: 'sealed_' },
	contents: async (mark) => {
		const [row] = await server.ask('SELECT string_agg(c::text, $1) AS all FROM sealed_claims c', [
			' ',
		]);
		return { text: String(row?.all), mark: Buffer.from(mark).toString('hex') };
	},
});

describe('the credential test', () => {
	const tested = async (data: Record<string, unknown>) =>
		await testIdempotencyPostgres.call(
			{} as ICredentialTestFunctions,
			{ data: { ...server.options, ...data } } as unknown as ICredentialsDecrypted,
		);

	it('takes a claim through its life, and says what weakens the promise', async () => {
		const { status, message } = await tested({});
		expect(status).toBe('OK');
		expect(message).toMatch(
			/^Connected to 127\.0\.0\.1:\d+\/postgres \(PostgreSQL \d+.*\)\. "fsync" is off/,
		);
	});

	it('says why it can not', async () => {
		const port = await freePort();
		const cases: Array<[Record<string, unknown>, RegExp]> = [
			[{ port }, /can't be reached.*Check that PostgreSQL runs/],
			[{ database: 'nothing' }, /does not exist.*Correct the credential/],
			[{ user: 'nobody' }, /did not let us in.*Check user/],
			[{ schema: 'nowhere' }, /does not have what the credential names/],
			[{ schema: "x'; DROP" }, /"Schema" of the credential may hold letters/],
			[{ tls: true }, /TLS|SSL/],
		];
		for (const [data, words] of cases) {
			const { status, message } = await tested(data);
			expect([status, message]).toEqual(['Error', expect.stringMatching(words)]);
		}
	});

	it('needs no more rights than the page lists', async () => {
		await server.ask('CREATE ROLE least LOGIN');
		await server.ask('CREATE SCHEMA least_schema');
		const refused = await tested({ user: 'least', schema: 'least_schema' });
		expect(refused.message).toMatch(/does not let this user.*rights/s);
		await server.ask('GRANT USAGE, CREATE ON SCHEMA least_schema TO least');
		expect(await tested({ user: 'least', schema: 'least_schema' })).toMatchObject({ status: 'OK' });
		await server.ask('REVOKE CREATE ON SCHEMA least_schema FROM least');
		expect(await tested({ user: 'least', schema: 'least_schema' })).toMatchObject({ status: 'OK' });
	});
});
