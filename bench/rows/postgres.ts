import { Pool } from 'pg';

import { TYPES } from '../../lib/stores/postgres/schema';
import { COLUMNS, valuesOf } from '../../lib/stores/rows/columns';
import type { ClaimRequest } from '../../lib/core/record';
import type { Store } from '../../lib/core/store';
import { claim } from '../../lib/core/transitions';
import { onCleanup } from '../../scripts/lib/cleanup.mjs';
import { inTurns, rateOf } from '../measure';
import { benchPostgres, benchPostgresStore } from '../postgres';
import type { Report } from '../report';
import { fencesOf, makeRequests } from '../requests';
import type { Scale } from '../scale';

/** What is compared: `INSERT … ON CONFLICT DO NOTHING` into a table of the same columns, without an index besides its key. */
class BareTable {
	private readonly columns = ['identity', ...COLUMNS.map(({ column }) => column)];

	private readonly types = ['text', ...COLUMNS.map(({ type }) => TYPES[type])];

	constructor(private readonly pool: Pool) {}

	async create(): Promise<void> {
		const columns = this.columns.map((name, i) => `${name} ${this.types[i]} NOT NULL`);
		await this.pool.query(`CREATE TABLE bare (${columns.join(', ')}, PRIMARY KEY (identity))`);
	}

	/** @returns how many were not there before */
	async add(requests: readonly ClaimRequest[]): Promise<number> {
		const rows = requests.map(rowOf);
		const isOne = rows.length === 1;
		const marks = this.types.map((type, i) => `$${i + 1}::${type}${isOne ? '' : '[]'}`).join(', ');
		const values = this.columns.map((_, i) => (isOne ? rows[0]?.[i] : rows.map((row) => row[i])));
		const source = isOne ? `VALUES (${marks})` : `SELECT * FROM unnest(${marks})`;
		const text = `INSERT INTO bare ${source} ON CONFLICT DO NOTHING`;
		return (await this.pool.query(text, values)).rowCount ?? 0;
	}
}

function rowOf(request: ClaimRequest): unknown[] {
	const { next } = claim(null, request, { micros: Date.now() * 1000, epoch: 0 });
	if (next === null) throw new Error('not granted');
	const values = valuesOf(next).map((value) =>
		typeof value === 'string' ? Buffer.from(value) : value,
	);
	return [request.identity, ...values];
}

export type PostgresBench = 'single' | 'batch' | 'hot';

interface Sides {
	readonly store: Store;
	readonly bare: BareTable;
}

/** So many claims are measured, and how each side makes them. */
const BENCHES: Readonly<
	Record<
		PostgresBench,
		{
			readonly count: { readonly full: number; readonly short: number };
			ours(sides: Sides, requests: readonly ClaimRequest[]): Promise<void>;
			theirs(sides: Sides, requests: readonly ClaimRequest[]): Promise<void>;
		}
	>
> = {
	single: {
		count: { full: 500, short: 200 },
		async ours({ store }, requests) {
			for (const request of requests) fencesOf(await store.claim([request]));
		},
		async theirs({ bare }, requests) {
			for (const request of requests) expectAdded(await bare.add([request]), 1);
		},
	},
	batch: {
		count: { full: 1_000, short: 1_000 },
		async ours({ store }, requests) {
			fencesOf(await store.claim(requests));
		},
		async theirs({ bare }, requests) {
			expectAdded(await bare.add(requests), requests.length);
		},
	},
	hot: {
		count: { full: 500, short: 500 },
		async ours({ store }, requests) {
			const replies = await Promise.all(
				oneKey(requests).map(async (request) => await store.claim([request])),
			);
			const isNew = ([reply]: (typeof replies)[number]) =>
				reply?.ok === true && reply.answer.outcome === 'new';
			expectAdded(replies.filter(isNew).length, 1);
		},
		async theirs({ bare }, requests) {
			const added = await Promise.all(
				oneKey(requests).map(async (request) => await bare.add([request])),
			);
			expectAdded(
				added.reduce((sum, count) => sum + count, 0),
				1,
			);
		},
	},
};

/** Claimants of one key, each for itself. */
const oneKey = (requests: readonly ClaimRequest[]): ClaimRequest[] =>
	requests.map((request) => ({ ...request, identity: requests[0]?.identity ?? '' }));

function expectAdded(added: number, expected: number): void {
	if (added !== expected) throw new Error(`${added} were new, not ${expected}`);
}

/** New claims one after the other, 1,000 in one call, and 500 at once of one key; each is on the disk before it is answered. */
export async function postgres(report: Report, scale: Scale, kind: PostgresBench): Promise<void> {
	const { store } = await benchPostgresStore(`bench_${kind}_`);
	// As many connections as the store has.
	const pool = new Pool({ ...(await benchPostgres()), max: 6 });
	onCleanup(async () => await pool.end());
	const bare = new BareTable(pool);
	await pool.query('DROP TABLE IF EXISTS bare');
	await bare.create();
	const { count, ours, theirs } = BENCHES[kind];
	const claims = scale.of(count);
	const side = (work: typeof ours) => async () => {
		const requests = makeRequests(claims);
		return await rateOf(claims, async () => await work({ store, bare }, requests));
	};
	const medians = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours: side(ours),
		theirs: side(theirs),
	});
	const peer = 'pg, INSERT … ON CONFLICT DO NOTHING';
	report.row({ bench: `postgres-${kind}`, unit: 'claims/s', ...medians, peer, better: 'more' });
}
