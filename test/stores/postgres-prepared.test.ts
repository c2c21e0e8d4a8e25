import { Database } from '../../lib/stores/postgres/database';
import { PgBouncer } from '../support/pgbouncer';
import { PostgresServer } from '../support/postgres-server';

/** Statements that a session keeps: asked again without being planned again, and without them where the session is another one. */

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => await server.stop());

const open: Database[] = [];
function databaseAt(port = server.options.port): Database {
	const database = new Database({ ...server.options, port });
	open.push(database);
	return database;
}
afterEach(async () => {
	await Promise.all(open.splice(0).map(async (database) => await database.close()));
});

const repeated = { isRepeated: true };
const PREPARED = `SELECT count(*)::int AS count FROM pg_prepared_statements WHERE name LIKE 'idem_%'`;

it('are kept once for each text', async () => {
	const database = databaseAt();
	for (let i = 0; i < 3; i++) {
		expect(await database.query('SELECT $1::int + 1 AS sum', [i], repeated)).toEqual([
			{ sum: i + 1 },
		]);
	}
	await database.query('SELECT 2 AS two', []);
	expect(await database.query(PREPARED, [])).toEqual([{ count: 1 }]);
});

it('are not needed where the session lost them, nor from then on', async () => {
	const database = databaseAt();
	const ask = async () => await database.query('SELECT $1::int AS n', [7], repeated);
	await ask();
	await database.query('DEALLOCATE ALL', []);
	expect(await ask()).toEqual([{ n: 7 }]);
	expect(await ask()).toEqual([{ n: 7 }]);
	expect(await database.query(PREPARED, [])).toEqual([{ count: 0 }]);
});

it('act once where they are refused for a table that is another one now', async () => {
	const database = databaseAt();
	const add = async () =>
		await database.query('INSERT INTO changed VALUES ($1) RETURNING *', [1], repeated);
	await database.query('CREATE TABLE changed (a int)', []);
	await add();
	await database.query('ALTER TABLE changed ADD COLUMN b int', []);
	expect(await add()).toEqual([{ a: 1, b: null }]);
	expect(await database.query('SELECT count(*)::int AS count FROM changed', [])).toEqual([
		{ count: 2 },
	]);
});

it('go with their session, which is replaced now and then: a plan is of the table as it was', async () => {
	const database = databaseAt();
	const sessions = new Set<unknown>();
	for (let i = 0; i <= 1_000; i++) {
		const [row] = await database.query('SELECT pg_backend_pid() AS pid', [], repeated);
		sessions.add(row?.pid);
	}
	expect(sessions.size).toBeGreaterThan(1);
});

it('of several who share the sessions of a pooler never get in each other’s way', async () => {
	const bouncer = await PgBouncer.start(server);
	try {
		const databases = [databaseAt(bouncer.port), databaseAt(bouncer.port)];
		const asked = Array.from({ length: 100 }, async (_, i) => {
			const rows = await databases[i % 2]?.query(
				`SELECT $1::int AS n, ${i % 4} AS text`,
				[i],
				repeated,
			);
			expect(rows).toEqual([{ n: i, text: i % 4 }]);
		});
		await Promise.all(asked);
	} finally {
		await Promise.all(open.splice(0).map(async (database) => await database.close()));
		await bouncer.stop();
	}
});
