import type { ICredentialTestFunctions, ICredentialsDecrypted } from 'n8n-workflow';

import { testIdempotencyPostgres } from '../../nodes/shared/store-credentials';
import { javascript } from '../support/engine';
import { freePort } from '../support/ports';
import { PostgresServer } from '../support/postgres-server';
import { engine } from './nodes';
import { engineOnPostgres, onPostgres } from './on-postgres';
import { chargeWorkflow, delivery, newKey, routed } from './scenario';
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

	it('takes an address that has all in it, and never shows a password of one', async () => {
		const { port, user } = server.options;
		const place = `127.0.0.1:${port}/postgres`;
		const host = `postgres://${user}:hunter2@${place}`;
		const given = { host, port: 5432, user: '' };
		expect(await tested(given)).toMatchObject({
			status: 'OK',
			message: expect.stringContaining(`Connected to ${place} `) as string,
		});
		for (const wrong of [
			`${host}?hunter2=1`,
			`hunter2 ${host}`,
			host.replace(place, 'nowhere.invalid'),
		]) {
			const { status, message } = await tested({ ...given, host: wrong });
			expect([status, message]).toEqual(['Error', expect.not.stringContaining('hunter2')]);
		}
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

	it('says where several n8n use its tables, and where the secret is too short or of others', async () => {
		const [prefix, secret] = ['shared_', 'a secret that they share'];
		const act = javascript('Act', (items) => items);
		const run = async (instanceId: string, given = secret) =>
			await engine({
				instanceId,
				credentials: { idempotencyPostgresApi: { ...server.options, prefix, secret: given } },
			}).run(chargeWorkflow('', onPostgres({ act: [act] })), {
				triggerItems: [delivery(newKey())],
			});
		const alone = expect.not.stringMatching(/n8n instances/) as string;
		for (const instance of ['first', 'first', 'second']) {
			expect(await tested({ prefix, secret })).toMatchObject({ status: 'OK', message: alone });
			expect(routed(await run(instance))).toEqual([1, 0, 0, 0]);
		}
		const both = /2 n8n instances used it in the last 7 days: .* "Table Prefix" of its own/;
		expect((await tested({ prefix, secret })).message).toMatch(both);
		expect(await tested({ prefix: 'apart_', secret })).toMatchObject({ message: alone });

		const tooShort = /"Secret" of the credential is shorter than 16 characters/;
		expect((await run('first', 'fifteen letters')).error?.message).toMatch(tooShort);
		expect(await tested({ prefix, secret: 'fifteen letters' })).toMatchObject({
			status: 'Error',
			message: expect.stringMatching(tooShort) as string,
		});
		expect(await tested({ prefix, secret: 'one that nobody else has' })).toMatchObject({
			status: 'Error',
			message: expect.stringMatching(/records of another secret.*Previous Secret/) as string,
		});
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
