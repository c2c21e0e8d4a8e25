import { PostgresServer } from '../support/postgres-server';
import { postgresHarness } from './postgres-harness';
import { describeStore } from './suite';

let server: PostgresServer;
beforeAll(async () => {
	server = await PostgresServer.start();
});
afterAll(async () => await server.stop());

describeStore(
	'PostgreSQL store',
	postgresHarness(() => server),
);
