import { statSync } from 'node:fs';
import { join } from 'node:path';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import type { Store } from '../../lib/core/store';
import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { during } from '../../scripts/lib/log.mjs';
import { collectGarbage, median, rateOf } from '../measure';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { fencesOf, makeRequests } from '../requests';
import type { Scale } from '../scale';

/** A store that starts empty, and what its records take. */
interface GrowingStore {
	readonly kind: 'embedded' | 'redis';
	readonly store: Store;
	usedBytes(): Promise<number>;
	close(): Promise<void>;
}

type Open = () => Promise<GrowingStore>;

const FILL = 5_000;

/** How cost grows: with the items of a batch, and with the records that are there already. */
export async function growth(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const folder = await temporaryFolder('idempotency-bench');
	for (const open of [embeddedIn(folder), redisOf(redis)]) {
		await batches(open, report, scale);
		await records(open, report, scale);
	}
	await redis.empty();
}

/** New claims a second, by the size of the batch. */
async function batches(open: Open, report: Report, scale: Scale): Promise<void> {
	const rounds = scale.of({ full: 7, short: 3 });
	const growing = await open();
	const { kind, store } = growing;
	for (const size of [1, 10, 100, 1_000, 10_000]) {
		const calls = Math.max(1, Math.min(300, 3_000 / size));
		const value = await medianRate(rounds, store, calls, size);
		report.point({ plot: 'batch', store: kind, size, unit: 'claims/s', value });
	}
	await growing.close();
}

/** New claims a second in batches of 100, and bytes a record, by the number of records that are there. */
async function records(open: Open, report: Report, scale: Scale): Promise<void> {
	const rounds = scale.of({ full: 7, short: 3 });
	const growing = await open();
	const { kind, store } = growing;
	const empty = await growing.usedBytes();
	let held = 0;
	const sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
	for (const size of sizes.slice(0, scale.of({ full: sizes.length, short: 5 }))) {
		await during(
			`Filling ${kind} to ${size}`,
			async () => {
				while (held < size) {
					const count = Math.min(FILL, size - held);
					fencesOf(await store.claim(makeRequests(count)));
					held += count;
				}
			},
			() => `${held} records`,
		);
		const bytes = ((await growing.usedBytes()) - empty) / held;
		report.point({ plot: 'memory', store: kind, size, unit: 'bytes a record', value: bytes });
		const value = await medianRate(rounds, store, 10, 100);
		report.point({ plot: 'records', store: kind, size, unit: 'claims/s', value });
		held += (rounds + 1) * 1_000;
	}
	await growing.close();
}

async function medianRate(
	rounds: number,
	store: Store,
	calls: number,
	size: number,
): Promise<number> {
	const rates: number[] = [];
	for (let round = 0; round <= rounds; round++) {
		const asked = Array.from({ length: calls }, () => makeRequests(size));
		collectGarbage();
		const rate = await rateOf(calls * size, async () => {
			for (const requests of asked) fencesOf(await store.claim(requests));
		});
		// The first compiles.
		if (round > 0) rates.push(rate);
	}
	return median(rates);
}

function redisOf({ store, empty, usedBytes }: BenchRedis): Open {
	return async () => {
		await empty();
		// The connection's buffers have grown then, and are no record's.
		await store.claim(makeRequests(FILL));
		await empty();
		return { kind: 'redis', store, usedBytes, close: empty };
	};
}

function embeddedIn(folder: string): Open {
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
