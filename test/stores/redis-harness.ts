import type { RedisOptions } from '../../lib/redis-store';
import { openRedisStore } from '../../lib/redis-store';
import { shardOf } from '../../lib/redis-store/keys';
import type { Store } from '../../lib/store';
import type { RedisServer } from './redis-server';
import type { OpenedStore, StoreHarness } from './suite';

let opened = 0;

/** Stores on one server: each is empty, since it has a prefix of its own, and has a clock that the test moves. */
export function redisHarness(
	server: () => RedisServer,
	options: (port: number) => RedisOptions = standalone,
): StoreHarness {
	return {
		async open(): Promise<OpenedStore> {
			const keyPrefix = `idem-${process.pid}-${opened++}`;
			let offsetMs = 0;
			const stores: Store[] = [];
			const openOne = async (): Promise<Store> => {
				const store = openRedisStore({
					...options(server().port),
					keyPrefix,
					clockOffsetMs: () => offsetMs,
				});
				stores.push(store);
				return await Promise.resolve(store);
			};
			return {
				store: await openOne(),
				advance: (ms) => {
					offsetMs += ms;
				},
				openAgain: openOne,
				corrupt: async (identity) => {
					const key = `${keyPrefix}:{${shardOf(identity)}}:${identity}`;
					await server().ask(async (client) => await client.set(key, 'not a record'));
				},
				close: async () => {
					await Promise.all(stores.map(async (store) => await store.close()));
				},
			};
		},
	};
}

export function standalone(port: number): RedisOptions {
	return { deployment: 'standalone', host: '127.0.0.1', port };
}
