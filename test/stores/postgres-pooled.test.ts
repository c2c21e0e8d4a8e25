import { PgBouncer } from '../support/pgbouncer';
import { PostgresServer } from '../support/postgres-server';
import { postgresHarness } from './postgres-harness';
import { describeStoreBasics } from './suite-basics';
import { describeBudgets } from './suite-budgets';
import { describeConcurrency } from './suite-concurrency';

let server: PostgresServer;
let bouncer: PgBouncer;
beforeAll(async () => {
	server = await PostgresServer.start();
	bouncer = await PgBouncer.start(server);
});
afterAll(async () => {
	await bouncer.stop();
	await server.stop();
});

describe('a PostgreSQL store behind PgBouncer in transaction mode', () => {
	const harness = postgresHarness(
		() => server,
		() => ({ port: bouncer.port }),
	);
	describeStoreBasics(harness);
	describeBudgets(harness);
	describeConcurrency(harness);
});
