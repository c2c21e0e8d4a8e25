import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';

import type { Store } from '../../lib/core/store';
import { openEmbeddedStore } from '../../lib/stores/embedded';
import { benchPostgres, benchPostgresStore } from '../postgres';
import type { BenchRedis } from '../redis';
import { makeRequests } from '../requests';

/** A store that starts empty, and what its records take. */
export interface GrowingStore {
	readonly kind: 'embedded' | 'redis' | 'postgres';
	readonly store: Store;
	usedBytes(): Promise<number>;
	close(): Promise<void>;
}

export type Open = () => Promise<GrowingStore>;

/** Claims that make the buffers of a connection as large as they get. */
const WARM_UP = 5_000;

export function redisOf({ store, empty, usedBytes }: BenchRedis): Open {
	return async () => {
		await empty();
		// The connection's buffers have grown then, and are no record's.
		await store.claim(makeRequests(WARM_UP));
		await empty();
		return { kind: 'redis', store, usedBytes, close: empty };
	};
}

export function embeddedIn(folder: string): Open {
	let files = 0;
	return async () => {
		const file = join(folder, `${files++}.sqlite`);
		const store = await openEmbeddedStore({ file });
		return {
			kind: 'embedded',
			store,
			usedBytes: async () => await Promise.resolve(bytesOf(file) + bytesOf(`${file}-wal`)),
			close: async () => await store.close(),
		};
	};
}

const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

let opened = 0;

/** Each time tables of its own. */
export const postgresTables: Open = async () => {
	const prefix = `grow${opened++}_`;
	const { store, close } = await benchPostgresStore(prefix);
	const pool = new Pool({ ...(await benchPostgres()), max: 1 });
	return {
		kind: 'postgres',
		store,
		usedBytes: async () => {
			const { rows } = await pool.query<{ bytes: string }>(
				"SELECT coalesce(sum(pg_total_relation_size(oid)), 0) AS bytes FROM pg_class WHERE relkind = 'r' AND starts_with(relname, $1)",
				[prefix],
			);
			return Number(rows[0]?.bytes);
		},
		close: async () => {
			await close();
			await pool.end();
		},
	};
};
