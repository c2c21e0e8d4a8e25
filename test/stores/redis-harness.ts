import type { RedisOptions } from '../../lib/stores/redis';
import { openRedisStore } from '../../lib/stores/redis';
import { shardOf } from '../../lib/stores/redis/keys';
import type { Store } from '../../lib/core/store';
import { PATIENT_TIMEOUTS } from '../support/patience';
import type { RedisServer } from '../support/redis-server';
import type { OpenedStore } from './suite';

export interface OpenedRedisStore extends OpenedStore {
	keyOf(identity: string): string;
}

let opened = 0;

/** Stores on one server: each is empty, since it has a prefix of its own, and has a clock that the test moves. */
export function redisHarness(
	server: () => RedisServer,
	options: (port: number) => RedisOptions = standalone,
): { open(): Promise<OpenedRedisStore> } {
	return {
		async open(): Promise<OpenedRedisStore> {
			const keyPrefix = `idem-${process.pid}-${opened++}`;
			let offsetMs = 0;
			const keyOf = (identity: string) => `${keyPrefix}:{${shardOf(identity)}}:${identity}`;
			const stores: Store[] = [];
			const openOne = async (): Promise<Store> => {
				const asked = options(server().port);
				const store = openRedisStore({
					...asked,
					timeouts: asked.timeouts ?? PATIENT_TIMEOUTS,
					keyPrefix,
					clockOffsetMs: () => offsetMs,
				});
				stores.push(store);
				return await Promise.resolve(store);
			};
			return {
				keyOf,
				store: await openOne(),
				advance: (ms) => {
					offsetMs += ms;
				},
				openAgain: openOne,
				corrupt: async (identity) => {
					await server().ask(async (client) => await client.set(keyOf(identity), 'not a record'));
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
