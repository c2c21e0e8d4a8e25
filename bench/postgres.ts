import { openPostgresStore } from '../lib/stores/postgres';
import type { Store } from '../lib/core/store';
import { onCleanup } from '../scripts/lib/cleanup.mjs';
import { startPostgres } from '../scripts/lib/postgres';

let server: ReturnType<typeof startPostgres> | undefined;

/** Where the PostgreSQL of this run is: started where it is first asked for. What it answers is on the disk. */
export async function benchPostgres() {
	server ??= startPostgres({ isDurable: true });
	const { port, user, database } = await server;
	return { host: '127.0.0.1', port, user, database, password: '' };
}

/** Our store in it, in tables of its own. @param prefix of the tables, e.g. `bench_list_` */
export async function benchPostgresStore(prefix: string): Promise<{
	readonly store: Store;
	close(): Promise<void>;
}> {
	const store = openPostgresStore({ ...(await benchPostgres()), prefix });
	return { store, close: onCleanup(async () => await store.close()) };
}
