import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import type { Store } from '../../lib/core/store';
import { Settlements } from '../../lib/stores/rows/settlements';
import type { OpenedStore, StoreHarness } from './suite';

export function makeFolder(): string {
	return mkdtempSync(join(tmpdir(), 'idempotency-'));
}

/** Runs SQL on the file beside the store, as another program would. */
export function alter(file: string, sql: string, ...values: Array<string | Buffer>): void {
	const db = new DatabaseSync(file);
	try {
		db.prepare(sql).run(...values);
	} finally {
		db.close();
	}
}

/** A store in a folder of its own, whose clock stands still but for `advance`. */
export const embeddedHarness: StoreHarness = {
	async open(): Promise<OpenedStore> {
		const folder = makeFolder();
		const file = join(folder, 'claims.sqlite');
		let micros = Date.now() * 1000;
		const stores: Store[] = [];
		const settlements = new Settlements();
		const openOne = async (): Promise<Store> => {
			const store = await openEmbeddedStore({ file, clock: () => micros, settlements });
			stores.push(store);
			return store;
		};
		return {
			store: await openOne(),
			advance: (ms) => {
				micros += ms * 1000;
			},
			openAgain: openOne,
			corrupt: (identity) =>
				alter(file, 'UPDATE claims SET state = 99 WHERE identity = ?', identity),
			close: async () => {
				await Promise.all(stores.map(async (store) => await store.close()));
				rmSync(folder, { recursive: true });
			},
		};
	},
};
