import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Pool } from 'pg';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import { allRecords } from '../../lib/core/all-records';
import type { ListedRecord } from '../../lib/core/listing';
import type { Store } from '../../lib/core/store';
import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { collectGarbage, timed } from '../measure';
import { benchPostgres, benchPostgresStore } from '../postgres';
import type { BenchRedis } from '../redis';
import { fencesOf, makeRequests } from '../requests';
import type { Report } from '../report';
import type { Scale } from '../scale';

const PAGE = 500;
const BATCH = 10_000;
/** Those of this row begin so. */
const TABLES = 'bench_list_';

/** All records of a large store, page by page: how fast, and how much is held meanwhile. */
export async function list(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const count = scale.of({ full: 200_000, short: 20_000 });
	await redis.empty();
	await fill(redis.store, count);
	await compare(redis.store, 'SCAN and HGETALL', async () => await scanAll(redis), count, report);
	await redis.empty();

	const file = join(await temporaryFolder('idempotency-bench'), 'list.sqlite');
	const store = await openEmbeddedStore({ file });
	await fill(store, count);
	await compare(store, 'node:sqlite, a statement a page', () => readAll(file), count, report);
	await store.close();

	const postgres = await benchPostgresStore(TABLES);
	await fill(postgres.store, count);
	await compare(postgres.store, 'pg, a statement a page', readTables, count, report);
	await postgres.close();
}

async function fill(store: Store, count: number): Promise<void> {
	for (let at = 0; at < count; at += BATCH) fencesOf(await store.claim(makeRequests(BATCH)));
}

async function compare(
	store: Store,
	peer: string,
	theirs: () => Promise<number> | number,
	count: number,
	report: Report,
): Promise<void> {
	const expectAll = (found: number) => {
		if (found < count) throw new Error(`${found} of ${count} records were listed`);
	};
	const ours = await timed(async () => expectAll(await listAll(store, () => undefined)));
	const bare = await timed(async () => expectAll(await theirs()));
	const records = (ms: number) => (count / ms) * 1000;
	const bench = `list ${store.kind}`;
	report.row({
		bench,
		unit: 'records/s',
		ours: records(ours),
		peer,
		theirs: records(bare),
		better: 'more',
	});

	// Not while it is timed: each look collects garbage first.
	const held = new Held();
	await listAll(store, () => held.look());
	const kept: ListedRecord[] = [];
	const keeping = new Held();
	await listAll(store, (page) => kept.push(...page));
	keeping.look();
	report.row({
		bench,
		unit: 'MB held',
		ours: held.megabytes,
		peer: 'all pages in memory',
		theirs: keeping.megabytes,
		better: 'less',
	});
	expectAll(kept.length);
}

async function listAll(
	store: Store,
	look: (page: readonly ListedRecord[]) => void,
): Promise<number> {
	let found = 0;
	for await (const page of allRecords(store, { pageSize: PAGE })) {
		if (!page.ok) throw page.error;
		look(page.answer.records);
		found += page.answer.records.length;
	}
	return found;
}

async function scanAll({ client }: BenchRedis): Promise<number> {
	let found = 0;
	let cursor = '0';
	do {
		const [next, keys] = await client.scan(
			cursor,
			'MATCH',
			'idem:*',
			'COUNT',
			PAGE,
			'TYPE',
			'hash',
		);
		const pipeline = client.pipeline();
		for (const key of keys) pipeline.hgetall(key);
		found += (await pipeline.exec())?.length ?? 0;
		cursor = next;
	} while (cursor !== '0');
	return found;
}

function readAll(file: string): number {
	const db = new DatabaseSync(file);
	const page = db.prepare('SELECT * FROM claims WHERE id > ? ORDER BY id LIMIT ?');
	let found = 0;
	for (let last = 0; ; ) {
		const rows = page.all(last, PAGE);
		const end = rows.at(-1);
		if (end === undefined) break;
		found += rows.length;
		last = Number(end.id);
	}
	db.close();
	return found;
}

async function readTables(): Promise<number> {
	const pool = new Pool({ ...(await benchPostgres()), max: 1 });
	let found = 0;
	for (let last = '0'; ; ) {
		const { rows } = await pool.query<{ id: string }>({
			name: 'page',
			text: `SELECT * FROM ${TABLES}claims WHERE id > $1 ORDER BY id LIMIT ${PAGE}`,
			values: [last],
		});
		const end = rows.at(-1);
		if (end === undefined) break;
		found += rows.length;
		last = end.id;
	}
	await pool.end();
	return found;
}

/** The most memory that is in use beyond what was at first, after garbage is collected. */
class Held {
	private readonly before = inUse();

	private most = 0;

	private looks = 0;

	get megabytes(): number {
		return Math.max(this.most, 0.1);
	}

	look(): void {
		if (this.looks++ % 100 === 0) this.most = Math.max(this.most, inUse() - this.before);
	}
}

function inUse(): number {
	collectGarbage();
	const { heapUsed, external } = process.memoryUsage();
	return (heapUsed + external) / 1e6;
}
