import type { ICredentialTestFunctions, ICredentialsDecrypted } from 'n8n-workflow';

import { testIdempotencyPostgres } from '../../nodes/shared/store-credentials';
import { startDownstream } from '../support/engine';
import type { Downstream } from '../support/engine';
import { freePort } from '../support/ports';
import { PostgresServer } from '../support/postgres-server';
import { engineOnPostgres, onPostgres } from './on-postgres';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** The main paths over a real PostgreSQL; the stores' own suite says that it answers as the embedded one. */

let downstream: Downstream;
let server: PostgresServer;
beforeAll(async () => {
	[downstream, server] = await Promise.all([startDownstream(), PostgresServer.start()]);
});
afterAll(async () => {
	await Promise.all([downstream.close(), server.stop()]);
});

const n8nWith = (credential?: Parameters<typeof engineOnPostgres>[1]) =>
	engineOnPostgres(server, credential);
const send = async (key: string, parts: ChargeParts = {}, n8n = n8nWith()) =>
	await n8n.run(chargeWorkflow(downstream.url, onPostgres(parts)), {
		triggerItems: [delivery(key)],
	});

test('New, Duplicate, mismatch; the charge happens once', async () => {
	const key = newKey();
	const first = await send(key);
	expect(first.error?.message).toBeUndefined();
	expect(detailsOf(first, 'Guard')).toMatchObject({ outcome: 'new', attempt: 1 });
	const second = await send(key);
	expect(second.json('Duplicate')).toEqual(first.json('Committed'));
	const other = await n8nWith().run(chargeWorkflow(downstream.url, onPostgres({})), {
		triggerItems: [delivery(key, { amount: 2 })],
	});
	expect(detailsOf(other, 'Conflict')).toMatchObject({
		reason: 'payload_mismatch',
		changedFields: ['body.amount'],
	});
	expect(downstream.effects(key)).toBe(1);
});

test('a storm of one key: one charge', async () => {
	const key = newKey();
	const storm = await Promise.all(Array.from({ length: 12 }, async () => await send(key)));
	const outcomes = storm.map((result) => routed(result).indexOf(1));
	expect(outcomes.filter((output) => output === 0)).toHaveLength(1);
	expect(downstream.effects(key)).toBe(1);
	expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
});

test('a lost answer is held, a refusal for now is given back', async () => {
	const [lost, later] = [newKey(), newKey()];
	downstream.nextFor(lost, { status: 500 });
	downstream.nextFor(later, { status: 429, headers: { 'retry-after': '0' } });
	await send(lost);
	await send(later);
	expect(detailsOf(await send(lost), 'Conflict')).toMatchObject({ reason: 'unknown_outcome' });
	expect(detailsOf(await send(later), 'Guard')).toMatchObject({ outcome: 'new', attempt: 2 });
});

test('with a secret nothing of the result can be read in the tables, and duplicates still get it', async () => {
	const key = newKey();
	const sealed = { secret: 'a long random text', prefix: 'sealed_' };
	downstream.nextFor(key, { body: { mark: 'PLAIN-TEXT' } });
	const first = await send(key, {}, n8nWith(sealed));
	const second = await send(key, {}, n8nWith(sealed));
	expect(second.json('Duplicate')).toEqual(first.json('Committed'));
	const [row] = await server.ask(
		'SELECT count(*)::int AS n, string_agg(c::text, $1) AS all FROM sealed_claims c',
		[' '],
	);
	expect(row?.n).toBeGreaterThan(0);
	expect(String(row?.all)).not.toContain(Buffer.from('PLAIN-TEXT').toString('hex'));
	const other = n8nWith({ ...sealed, secret: 'another long text' });
	expect((await send(key, {}, other)).error?.message).toMatch(
		/^The store holds records of another secret/,
	);
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
