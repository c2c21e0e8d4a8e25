import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

import { sqlTokenOf } from '../../lib/keys/sql-token';
import { TableNames, openPostgresStore, schemaSql, tryPostgres } from '../../lib/stores/postgres';
import { PostgresServer } from '../support/postgres-server';
import { answered, claimRequest, fenceOf, freshIdentity } from '../support/requests';

/** A user who may make no tables: docs/postgres.md has the SQL for whoever makes them. */

const page = readFileSync(join(__dirname, '../../docs/postgres.md'), 'utf8');
const sql = /```sql\n(CREATE TABLE[^`]+)```/.exec(page)?.[1] ?? '';

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => await server.stop());

it('the page lists the tables as the store makes them', () => {
	const { host, port, user, database, password } = server.options;
	const names = new TableNames({ host, port, user, database, password });
	const plain = schemaSql(names).replaceAll(/"(public|idem_\w+)"/g, '$1');
	expect(sql).toContain(plain);
});

it('with its SQL a user gets by who has no rights besides', async () => {
	await server.ask('CREATE ROLE n8n_idempotency LOGIN');
	await server.ask('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
	await server.ask(sql);
	const options = { ...server.options, user: 'n8n_idempotency' };
	expect(await tryPostgres(options)).toMatchObject({ address: expect.any(String) });

	const store = openPostgresStore(options);
	const request = claimRequest({ identity: freshIdentity() });
	const fence = fenceOf((await store.claim([request]))[0]);
	const user = new Client(options);
	await user.connect();
	await user.query('SELECT idem_finish($1)', [sqlTokenOf({ ...request, fence }, false)]);
	expect(answered((await store.claim([{ ...request, owner: 'b' }]))[0]).outcome).toBe('duplicate');
	await expect(user.query('CREATE TABLE public.another ()')).rejects.toThrow('permission denied');
	await user.end();
	await store.close();
});
