import type { INode } from 'n8n-workflow';
import { Client } from 'pg';

import { javascript } from '../support/engine';
import type { NodeSettings } from '../support/engine';
import { PostgresServer } from '../support/postgres-server';
import { engineOnPostgres, onPostgres } from './on-postgres';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';

/** "PostgreSQL: Complete in SQL". test/e2e/examples.test.ts runs it with n8n's own Postgres node. */

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
	await server.ask('CREATE TABLE acts (key text NOT NULL)');
});
afterAll(async () => await server.stop());

const ACT = `WITH act AS (INSERT INTO acts VALUES ($2) RETURNING *)
	SELECT act.* FROM act, idem_finish($1, to_jsonb(act))`;
const FORGETFUL = 'INSERT INTO acts SELECT $2 WHERE $1 = $1 RETURNING *';

/** Runs the statement for each item, in a transaction of its own, and ends that. */
const statement = (
	sql: string,
	end: 'COMMIT' | 'ROLLBACK' | 'COMMIT, then lost' = 'COMMIT',
	settings?: NodeSettings,
) =>
	javascript(
		'Statement',
		async (items) => {
			const client = new Client(server.options);
			await client.connect();
			try {
				const rows = [];
				for (const [item, { json }] of items.entries()) {
					const { sqlToken } = json.idempotency as { sqlToken?: string };
					const { key } = json.body as { key: string };
					await client.query('BEGIN');
					const done = await client.query<{ key: string }>(sql, [sqlToken, key]);
					await client.query(end.split(',')[0] ?? '');
					if (end.endsWith('lost')) throw new Error('Connection terminated unexpectedly');
					rows.push({ json: { key: done.rows[0]?.key }, pairedItem: item });
				}
				return rows;
			} finally {
				await client.end();
			}
		},
		settings,
	);

const send = async (key: string, ...act: INode[]) => {
	const parts = {
		guard: { options: { completeInSql: true } },
		act: act.length > 0 ? act : [statement(ACT)],
	};
	return await engineOnPostgres(server).run(chargeWorkflow('', onPostgres(parts)), {
		triggerItems: [delivery(key)],
	});
};
const rowsOf = async (key: string) =>
	(await server.ask('SELECT count(*)::int AS n FROM acts WHERE key = $1', [key]))[0]?.n;
const freeNow = async () => await server.ask('UPDATE idem_claims SET not_before = 0');

test('the statement completes the request, Commit adds its result, and duplicates get it', async () => {
	const key = newKey();
	const first = await send(key);
	expect(first.error?.message).toBeUndefined();
	expect(detailsOf(first, 'Guard').sqlToken).toMatch(
		/^idemsql1\.[0-9a-f]{64}\.\d+\.[0-9a-f]{64}\.0$/,
	);
	expect(first.json('Committed')).toEqual([{ key }]);
	const second = await send(key);
	expect(routed(second)).toEqual([0, 1, 0, 0]);
	expect(second.json('Duplicate')).toEqual([{ key }]);
	expect(await rowsOf(key)).toBe(1);
});

test('where Commit never runs, duplicates get what the statement left', async () => {
	const key = newKey();
	const stopped = await send(key, statement(ACT, 'COMMIT, then lost'));
	expect(stopped.status).toBe('error');
	const second = await send(key);
	expect(second.json('Duplicate')).toEqual([{ key }]);
	expect(await rowsOf(key)).toBe(1);
});

test.each([
	['was rolled back', statement(ACT, 'ROLLBACK')],
	['never called the function', statement(FORGETFUL, 'ROLLBACK')],
])(
	'Commit completes nothing where the statement %s, and the request is free again',
	async (_, act) => {
		const key = newKey();
		const undone = await send(key, act);
		expect(undone.error?.message).toMatch(/^No statement has completed this request/);
		expect(await rowsOf(key)).toBe(0);
		await freeNow();
		expect((await send(key)).json('Committed')).toEqual([{ key }]);
		expect(await rowsOf(key)).toBe(1);
	},
);

test('Commit says that the record is gone, and not that nothing was done, where it has expired since', async () => {
	const key = newKey();
	const expire = javascript('Expire', async (items) => {
		await server.ask('UPDATE idem_claims SET expires_at = 1, believed_until = 1');
		return items;
	});
	const late = await send(key, statement(ACT), expire);
	expect(late.error?.message).toMatch(/^The record of this request is gone/);
	expect(await rowsOf(key)).toBe(1);
});

test('a statement that fails leaves nothing unknown: the request is given back', async () => {
	const key = newKey();
	const failed = await send(key, statement(`${ACT} WHERE 1 / (length($2) - length($2)) = 1`));
	expect(failed.error?.message).toMatch(/division by zero/);
	expect(detailsOf(await send(key), 'Conflict')).toMatchObject({ reason: 'retry_later' });
	await freeNow();
	expect(detailsOf(await send(key), 'Guard')).toMatchObject({ outcome: 'new', attempt: 2 });
	expect(await rowsOf(key)).toBe(1);
});

test('an error item of the statement gives the request back as well', async () => {
	const key = newKey();
	const sql = `${ACT} WHERE 1 / (length($2) - length($2)) = 1`;
	const failed = await send(key, statement(sql, 'COMMIT', { onError: 'continueErrorOutput' }));
	expect(failed.error?.message).toBeUndefined();
	expect(detailsOf(await send(key), 'Conflict')).toMatchObject({ reason: 'retry_later' });
	expect(await rowsOf(key)).toBe(0);
});

test('what is only observed, or skipped, is stopped by no missing token', async () => {
	const key = newKey();
	const observe = async () => {
		const guard = { mode: 'observe', options: { completeInSql: true } };
		return await engineOnPostgres(server).run(
			chargeWorkflow('', onPostgres({ guard, act: [statement(ACT)] })),
			{ triggerItems: [delivery(key)] },
		);
	};
	for (const outcome of ['new', 'duplicate']) {
		const result = await observe();
		expect(result.error?.message).toBeUndefined();
		expect(detailsOf(result, 'Guard')).toMatchObject({ observed: { outcome } });
		expect(result.json('Committed')).toEqual([{ key }]);
	}
	expect(await rowsOf(key)).toBe(2);
	expect((await send(key)).json('Duplicate')).toEqual([{ key }]);
	const guard = { options: { completeInSql: true, testRuns: 'skip' } };
	const skipped = await engineOnPostgres(server).run(
		chargeWorkflow('', onPostgres({ guard, act: [statement(ACT)] })),
		{ triggerItems: [delivery(key)], mode: 'manual' },
	);
	expect(skipped.error?.message).toBeUndefined();
	expect(await rowsOf(key)).toBe(3);
});

test('without the option there is no token for SQL', async () => {
	const result = await engineOnPostgres(server).run(
		chargeWorkflow('', onPostgres({ act: [javascript('Act', (items) => items)] })),
		{ triggerItems: [delivery(newKey())] },
	);
	expect(detailsOf(result, 'Guard')).toMatchObject({ outcome: 'new', token: expect.any(String) });
	expect(detailsOf(result, 'Guard')).not.toHaveProperty('sqlToken');
});
