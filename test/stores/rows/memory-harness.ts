import type { Store } from '../../../lib/core/store';
import { MemoryPlace } from '../../support/memory-place';
import { openMemoryStore } from '../../support/memory-rows';
import type { OpenedStore, StoreHarness } from '../suite';

/** Far from the host's clock: whoever takes that one is found out. */
const AHEAD_MICROS = 40 * 24 * 3_600_000_000 + 7;

/** Stores in memory, whose clock stands still but for `advance`. */
export const memoryHarness: StoreHarness = {
	async open(): Promise<OpenedStore> {
		const place = new MemoryPlace(Date.now() * 1000 + AHEAD_MICROS);
		const stores: Store[] = [];
		const openOne = (): Store => {
			const store = openMemoryStore(place);
			stores.push(store);
			return store;
		};
		return await Promise.resolve({
			store: openOne(),
			advance: (ms) => {
				place.micros += ms * 1000;
			},
			openAgain: async () => await Promise.resolve(openOne()),
			corrupt: (identity) => {
				const kept = place.rows.get(identity);
				if (kept !== undefined) kept.stored = null;
			},
			close: async () => {
				await Promise.all(stores.map(async (store) => await store.close()));
			},
		});
	},
};
