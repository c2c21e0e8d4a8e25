import { allRecords } from '../../lib/core/all-records';
import type { Store } from '../../lib/core/store';
import { keepersFor } from '../../lib/guard/store-keepers';
import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { during } from '../../scripts/lib/log.mjs';
import { collectGarbage, median, rateOf } from '../measure';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { fencesOf, makeRequests } from '../requests';
import { failedRun } from '../rows/failed-run';
import type { Scale } from '../scale';
import type { Open } from './stores';
import { embeddedIn, postgresTables, redisOf } from './stores';

const FILL = 5_000;
const ITEMS = [1, 10, 100, 1_000, 10_000];
const RECORDS = [...ITEMS, 100_000, 1_000_000];

/** How cost grows: with the items of a call, and with the records that are there already. */
export async function growth(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const folder = await temporaryFolder('idempotency-bench');
	for (const open of [embeddedIn(folder), redisOf(redis), postgresTables]) {
		await batches(open, report, scale);
		await settles(open, report, scale);
		await records(open, report, scale);
	}
	await redis.empty();
}

/** The sizes of a full run; of a short one those that take no time. */
const upTo = (sizes: readonly number[], scale: Scale): number[] =>
	sizes.filter((size) => size <= scale.of({ full: Infinity, short: 1_000 }));

/** New claims a second, by the size of the batch. */
async function batches(open: Open, report: Report, scale: Scale): Promise<void> {
	const rounds = scale.of({ full: 7, short: 2 });
	const growing = await open();
	const { kind, store } = growing;
	for (const size of upTo(ITEMS, scale)) {
		const calls = Math.max(1, Math.min(300, 3_000 / size));
		const value = await medianRate(rounds, store, calls, size);
		report.point({ plot: 'batch', store: kind, size, unit: 'claims/s', value });
	}
	await growing.close();
}

/** Claims settled a second at the end of a run that failed, by how many it held. */
async function settles(open: Open, report: Report, scale: Scale): Promise<void> {
	const rounds = scale.of({ full: 5, short: 2 });
	const growing = await open();
	const { kind, store } = growing;
	const opened = { store, ...keepersFor(store), secret: '', previousSecret: '' };
	for (const size of upTo(ITEMS, scale)) {
		const rates: number[] = [];
		for (let round = 0; round <= rounds; round++) {
			const run = await failedRun(opened, size);
			collectGarbage();
			const rate = await rateOf(size, async () => await run.end());
			// The first compiles.
			if (round > 0) rates.push(rate);
		}
		const value = median(rates);
		report.point({ plot: 'settle', store: kind, size, unit: 'claims settled/s', value });
	}
	await growing.close();
}

/** By the number of records that are there: new claims a second in batches of 100, bytes a record, and records listed a second. */
async function records(open: Open, report: Report, scale: Scale): Promise<void> {
	const rounds = scale.of({ full: 7, short: 2 });
	const growing = await open();
	const { kind, store } = growing;
	const empty = await growing.usedBytes();
	let held = 0;
	for (const size of upTo(RECORDS, scale)) {
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
		const listed = await rateOf(held, async () => await listAll(store, held));
		report.point({ plot: 'list', store: kind, size, unit: 'records/s', value: listed });
		const value = await medianRate(rounds, store, 10, 100);
		report.point({ plot: 'records', store: kind, size, unit: 'claims/s', value });
		held += (rounds + 1) * 1_000;
	}
	await growing.close();
}

async function listAll(store: Store, expected: number): Promise<void> {
	let found = 0;
	for await (const page of allRecords(store)) {
		if (!page.ok) throw page.error;
		found += page.answer.records.length;
	}
	if (found < expected) throw new Error(`${found} of ${expected} records were listed`);
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
