import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

import type { Store } from '../../lib/core/store';
import { sqlTokenOf } from '../../lib/keys/sql-token';
import { decodeResult } from '../../lib/results/result-codec';
import { openPostgresStore } from '../../lib/stores/postgres';
import { PostgresServer } from '../support/postgres-server';
import {
	MINUTE,
	answered,
	bytes,
	claimRequest,
	fenceOf,
	finishOf,
	freshIdentity,
	recordOf,
} from '../support/requests';

/** A record that is completed by the statement that acts, in one commit with what it writes. */

let server: PostgresServer;
let store: Store;
let offsetMs = 0;
beforeAll(async () => {
	server = await PostgresServer.start();
	await server.ask('CREATE TABLE acts (key text NOT NULL, note text)');
	store = openPostgresStore({
		...server.options,
		prefix: 'sql_',
		clockOffsetMs: () => offsetMs,
	});
});
afterAll(async () => {
	await store.close();
	await server.stop();
});
afterEach(() => (offsetMs = 0));

const claimed = async (over: Partial<Parameters<typeof claimRequest>[0]> = {}) => {
	const request = claimRequest({
		identity: freshIdentity('in sql'),
		onUnknownOutcome: 'retry',
		...over,
	});
	const fence = fenceOf((await store.claim([request]))[0]);
	return { request, fence, token: sqlTokenOf({ ...request, fence }, false) };
};
type Claimed = Awaited<ReturnType<typeof claimed>>;

const ACT = `WITH act AS (INSERT INTO acts (key, note) VALUES ($2, 'done') RETURNING key, note)
	SELECT sql_finish($1, to_jsonb(act)) FROM act`;
const act = async ({ token, request }: Claimed) => await server.ask(ACT, [token, request.identity]);
const rowsOf = async ({ request }: Claimed) => {
	const [row] = await server.ask('SELECT count(*)::int AS n FROM acts WHERE key = $1', [
		request.identity,
	]);
	return row?.n;
};
const stateOf = async ({ request }: Claimed) =>
	recordOf(answered((await store.get([request.identity]))[0])).state;
const again = async ({ request }: Claimed, owner = 'another') =>
	answered((await store.claim([{ ...request, owner }]))[0]);
const refused = (code: string) => expect.objectContaining({ code });

it('completes the record in one commit, and duplicates get what the statement left', async () => {
	const claim = await claimed();
	await act(claim);
	const answer = await again(claim);
	if (answer.outcome !== 'duplicate') throw new Error(`It was ${answer.outcome}`);
	expect(decodeResult(answer.result ?? bytes())).toEqual({
		ok: true,
		items: [{ json: { key: claim.request.identity, note: 'done' } }],
	});
	expect(await rowsOf(claim)).toBe(1);
});

it.each([0, 1, 3])(
	'completes it once where the act finds %i rows, by the statement of the page',
	async (count) => {
		const table = `accounts_${count}`;
		await server.ask(`CREATE TABLE ${table} (id int, balance int)`);
		await server.ask(`INSERT INTO ${table} SELECT 7, 10 FROM generate_series(1, $1)`, [count]);
		const page = readFileSync(join(__dirname, '../../docs/exactly-once.md'), 'utf8');
		const statement = /```sql\n\s*(WITH act AS \(UPDATE[^`]+)```/.exec(page)?.[1] ?? '';
		const sql = statement.replace('idem_finish', 'sql_finish').replace('accounts', table);
		const claim = await claimed();
		const book = async () => await server.ask(sql, [claim.token, 4, 7]);
		const rows = Array.from({ length: count }, () => ({ id: 7, balance: 6 }));
		expect(await book()).toEqual([{ rows, sql_finish: true }]);
		expect(await stateOf(claim)).toBe('completed');
		await expect(book()).rejects.toEqual(refused('ID003'));
		expect(await server.ask(`SELECT * FROM ${table}`)).toEqual(rows);
	},
);

it('its owner adds the whole result once, and no longer one that another refused', async () => {
	const claim = await claimed();
	await act(claim);
	const attach = async (result: Uint8Array, over = {}) => {
		const order = { ...finishOf(claim.request, claim.fence), result, onlyAttach: true, ...over };
		return answered((await store.command([order]))[0]).outcome;
	};
	expect(await attach(bytes(1, 9), { to: 'failed' })).toBe('kept');
	expect(await attach(bytes(1, 9), { owner: 'another' })).toBe('superseded');
	expect(await attach(bytes(1, 7))).toBe('done');
	expect(await attach(bytes(1, 8))).toBe('kept');
	const [stored] = await store.get([claim.request.identity]);
	expect([...(recordOf(answered(stored)).result ?? [])]).toEqual([1, 7]);
});

it('adds a result to nothing that no statement has completed', async () => {
	const claim = await claimed();
	const order = { ...finishOf(claim.request, claim.fence), onlyAttach: true };
	expect(answered((await store.command([order]))[0])).toMatchObject({ outcome: 'kept' });
	expect(await stateOf(claim)).toBe('processing');
	await store.operate({ type: 'forget', identity: claim.request.identity, force: true });
	expect(answered((await store.command([order]))[0])).toMatchObject({ outcome: 'kept' });
});

it.each<[string, string, (claim: Claimed) => Promise<unknown>]>([
	['was completed before', 'ID003', async (claim) => await act(claim)],
	[
		'was completed by Commit',
		'ID003',
		async (claim) => await store.command([finishOf(claim.request, claim.fence)]),
	],
	[
		'was taken over',
		'ID002',
		async (claim) => {
			offsetMs += 20 * MINUTE;
			expect(await again(claim)).toMatchObject({ outcome: 'new', takeover: true });
		},
	],
	[
		'was forgotten',
		'ID001',
		async ({ request }) =>
			await store.operate({ type: 'forget', identity: request.identity, force: true }),
	],
	[
		'was removed',
		'ID001',
		async ({ request }) =>
			await server.ask('DELETE FROM sql_claims WHERE identity = $1', [request.identity]),
	],
	[
		'has expired',
		'ID001',
		async ({ request }) =>
			await server.ask('UPDATE sql_claims SET expires_at = 1 WHERE identity = $1', [
				request.identity,
			]),
	],
])('writes nothing for a record that %s', async (_, code, happens) => {
	const claim = await claimed();
	await happens(claim);
	const before = await rowsOf(claim);
	await expect(act(claim)).rejects.toEqual(refused(code));
	expect(await rowsOf(claim)).toBe(before);
});

it('writes nothing for a token that was made up', async () => {
	const claim = await claimed();
	const other = await claimed({ owner: 'somebody else' });
	const proof = other.token.split('.')[3] ?? '';
	const forged = claim.token.split('.');
	forged[3] = proof;
	await expect(act({ ...claim, token: forged.join('.') })).rejects.toEqual(refused('ID002'));
	for (const token of ['', 'idemsql1', `${claim.token}.0`, 'idem1.a.b', "'; DROP TABLE acts; --"]) {
		await expect(act({ ...claim, token })).rejects.toEqual(refused('22023'));
	}
	await expect(server.ask('SELECT sql_finish(NULL)')).rejects.toEqual(refused('22023'));
	expect([await rowsOf(claim), await stateOf(claim)]).toEqual([0, 'processing']);
});

it.each(['released', 'unknown'] as const)(
	'a run that is started again acts once where the claim was %s, and nobody else has it',
	async (state) => {
		const claim = await claimed();
		const { identity, owner } = claim.request;
		const end = { statusCode: 0, reason: 'the run ended', retryAfterMs: 0 };
		await store.command([
			{ type: 'abandon', identity, owner, fence: claim.fence, ownRun: true, to: state, ...end },
		]);
		await act(claim);
		await expect(act(claim)).rejects.toEqual(refused('ID003'));
		expect([await rowsOf(claim), await stateOf(claim)]).toEqual([1, 'completed']);
	},
);

it('undoes both where the transaction is undone, or its connection dies before the commit', async () => {
	const claim = await claimed();
	const user = new Client(server.options);
	user.on('error', () => undefined);
	await user.connect();
	const ended = new Promise((resolve) => user.once('end', resolve));
	for (const ends of ['ROLLBACK', 'SELECT pg_terminate_backend(pg_backend_pid())']) {
		await user.query('BEGIN');
		await user.query(ACT, [claim.token, claim.request.identity]);
		await user.query(ends).catch(() => undefined);
	}
	await ended;
	expect([await rowsOf(claim), await stateOf(claim)]).toEqual([0, 'processing']);
	await act(claim);
	expect([await rowsOf(claim), await stateOf(claim)]).toEqual([1, 'completed']);
});

it('of all who act for one key at the same time one is committed', async () => {
	const claim = await claimed();
	const ended = await Promise.allSettled(Array.from({ length: 20 }, async () => await act(claim)));
	expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
	expect(await rowsOf(claim)).toBe(1);
});

it('while its transaction is open nobody takes the key over, and a takeover keeps it out', async () => {
	const [first, second] = [await claimed(), await claimed()];
	const user = new Client(server.options);
	await user.connect();
	await user.query('BEGIN');
	await user.query(ACT, [first.token, first.request.identity]);
	offsetMs += 20 * MINUTE;
	const [held] = await store.claim([{ ...first.request, owner: 'another' }]);
	expect(held).toMatchObject({ ok: false, error: { problem: 'busy' } });
	expect(await again(second)).toMatchObject({ outcome: 'new', takeover: true });
	await user.query('COMMIT');
	await user.end();
	expect((await again(first)).outcome).toBe('duplicate');
	await expect(act(second)).rejects.toEqual(refused('ID002'));
	expect([await rowsOf(first), await rowsOf(second)]).toEqual([1, 0]);
});

it('needs no more than the right to call it, and keeps no result in the open where there is a secret', async () => {
	await server.ask('CREATE ROLE clerk LOGIN');
	await server.ask('GRANT INSERT, SELECT ON acts TO clerk');
	const clerk = new Client({ ...server.options, user: 'clerk' });
	await clerk.connect();
	const claim = await claimed();
	const token = sqlTokenOf({ ...claim.request, fence: claim.fence }, true);
	const values = [token, claim.request.identity];
	await expect(clerk.query(ACT, values)).rejects.toEqual(refused('42501'));
	await server.ask('GRANT EXECUTE ON FUNCTION sql_finish TO clerk');
	await clerk.query(ACT, values);
	await expect(clerk.query('SELECT 1 FROM sql_claims')).rejects.toEqual(refused('42501'));
	await clerk.end();
	const answer = await again(claim);
	expect(answer).toMatchObject({ outcome: 'duplicate' });
	const { result } = answer as { result?: Uint8Array };
	expect(decodeResult(result ?? bytes())).toEqual({ ok: true, items: null, reason: 'not_kept' });
});
