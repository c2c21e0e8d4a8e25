import type { Store } from '../../lib/core/store';
import { type PostgresOptions, openPostgresStore } from '../../lib/stores/postgres';
import type { PostgresServer } from '../support/postgres-server';
import { Settlements } from '../../lib/stores/rows/settlements';
import type { OpenedStore, StoreHarness } from './suite';

let opened = 0;

/** Stores in one database: each is empty, since its tables have a prefix of their own, and has a clock that the test moves. */
export function postgresHarness(
	server: () => PostgresServer,
	over: () => Partial<PostgresOptions> = () => ({}),
): StoreHarness {
	return {
		async open(): Promise<OpenedStore> {
			const prefix = `t${opened++}_`;
			let offsetMs = 0;
			const stores: Store[] = [];
			const settlements = new Settlements();
			const openOne = (): Store => {
				const options = { ...server().options, prefix, clockOffsetMs: () => offsetMs, ...over() };
				const store = openPostgresStore(options, settlements);
				stores.push(store);
				return store;
			};
			return await Promise.resolve({
				store: openOne(),
				advance: (ms) => {
					offsetMs += ms;
				},
				openAgain: async () => await Promise.resolve(openOne()),
				corrupt: async (identity) => {
					await server().ask(`UPDATE ${prefix}claims SET state = 99 WHERE identity = $1`, [
						identity,
					]);
				},
				close: async () => {
					await Promise.all(stores.map(async (store) => await store.close()));
				},
			});
		},
	};
}
