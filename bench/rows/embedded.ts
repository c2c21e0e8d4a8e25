import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { open } from 'node:fs/promises';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import { PRAGMAS } from '../../lib/stores/embedded/connection';
import { COLUMNS, valuesOf } from '../../lib/stores/rows/columns';
import type { ClaimRequest } from '../../lib/core/record';
import { claim } from '../../lib/core/transitions';
import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { inTurns, rateOf } from '../measure';
import { fencesOf, makeRequests } from '../requests';
import type { Report } from '../report';
import type { Scale } from '../scale';

type Value = string | number | Uint8Array;

/**
 * A table of one's own that knows a key: `INSERT OR IGNORE` and a look at what changed, by the same pragmas, and on the disk
 * before it is answered, as ours is.
 */
class BareTable {
	private constructor(
		private readonly db: DatabaseSync,
		private readonly log: Awaited<ReturnType<typeof open>>,
		private readonly insert: ReturnType<DatabaseSync['prepare']>,
	) {}

	static async open(file: string, columns: readonly string[]): Promise<BareTable> {
		const db = new DatabaseSync(file);
		db.exec(`${PRAGMAS} PRAGMA journal_mode = WAL;`);
		db.exec(`CREATE TABLE seen (${columns.join(', ')}) STRICT`);
		const marks = columns.map(() => '?').join(', ');
		const insert = db.prepare(`INSERT OR IGNORE INTO seen VALUES (${marks})`);
		return new BareTable(db, await open(`${file}-wal`, 'r+'), insert);
	}

	async add(rows: ReadonlyArray<readonly Value[]>): Promise<void> {
		if (rows.length > 1) this.db.exec('BEGIN IMMEDIATE');
		for (const row of rows) {
			if (this.insert.run(...row).changes !== 1) throw new Error('the key was there already');
		}
		if (rows.length > 1) this.db.exec('COMMIT');
		await this.log.datasync();
	}

	async close(): Promise<void> {
		await this.log.close();
		this.db.close();
	}
}

/** What is compared: a table that knows keys, owners and ends, and one that keeps all that our record keeps, but no index. */
const TABLES = {
	'node:sqlite, 3 columns': {
		columns: ['identity TEXT PRIMARY KEY', 'owner TEXT', 'expires_at INTEGER'],
		valuesOf: ({ identity, owner, retentionMs }: ClaimRequest): Value[] => [
			identity,
			owner,
			Date.now() + retentionMs,
		],
	},
	'node:sqlite, the same columns': {
		columns: [
			'identity TEXT PRIMARY KEY',
			...COLUMNS.map(
				({ column, type }) => `${column} ${type === 'FLAG' ? 'INTEGER' : type} NOT NULL`,
			),
		],
		valuesOf: (request: ClaimRequest): Value[] => {
			const { next } = claim(null, request, { micros: Date.now() * 1000, epoch: 0 });
			if (next === null) throw new Error('not granted');
			return [request.identity, ...valuesOf(next)];
		},
	},
} as const;

const PEERS = Object.keys(TABLES) as Array<keyof typeof TABLES>;

export async function embedded(
	report: Report,
	scale: Scale,
	kind: 'batch' | 'single',
): Promise<void> {
	const count = kind === 'batch' ? 10_000 : scale.of({ full: 1_000, short: 300 });
	const folder = await temporaryFolder('idempotency-bench');
	let files = 0;
	const nextFile = () => join(folder, `${files++}.sqlite`);
	const parts = <T>(all: readonly T[]) => (kind === 'batch' ? [all] : all.map((one) => [one]));

	const ours = async () => {
		const store = await openEmbeddedStore({ file: nextFile() });
		const requests = makeRequests(count);
		const rate = await rateOf(count, async () => {
			for (const part of parts(requests)) fencesOf(await store.claim(part));
		});
		await store.close();
		return rate;
	};
	const theirs = (peer: keyof typeof TABLES) => async () => {
		const { columns, valuesOf: rowOf } = TABLES[peer];
		const table = await BareTable.open(nextFile(), columns);
		const requests = makeRequests(count);
		const rate = await rateOf(count, async () => {
			for (const part of parts(requests)) await table.add(part.map(rowOf));
		});
		await table.close();
		return rate;
	};

	const medians = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours,
		'node:sqlite, 3 columns': theirs('node:sqlite, 3 columns'),
		'node:sqlite, the same columns': theirs('node:sqlite, the same columns'),
	});
	for (const peer of PEERS) {
		const figures = { ours: medians.ours, peer, theirs: medians[peer] };
		report.row({ bench: `embedded-${kind}`, unit: 'claims/s', ...figures, better: 'more' });
	}
}
