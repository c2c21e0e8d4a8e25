import { dayOf } from '../rows/counters';
import type { Database } from './database';
import { END_OF_ROW } from './schema';

const EVERY_MS = 1_000;
const ROWS_AT_ONCE = 500;
const STATS_KEPT_MS = 400 * 24 * 3_600_000;

/** Removes what has expired while claims go on: some rows a second, and none that somebody holds. */
export class Purger {
	private nextAt = 0;

	private isPurging = false;

	constructor(
		private readonly database: Database,
		private readonly offsetMs: () => number,
	) {}

	/** Does not wait, and fails for nobody: what stays is removed later. */
	purgeSometimes(): void {
		if (this.isPurging || performance.now() < this.nextAt) return;
		this.isPurging = true;
		void this.purge()
			.catch(() => undefined)
			.finally(() => {
				this.isPurging = false;
				this.nextAt = performance.now() + EVERY_MS;
			});
	}

	private async purge(): Promise<void> {
		const { names } = this.database;
		const now = Date.now() + this.offsetMs();
		const bounded = (
			table: 'claims' | 'budgets' | 'notices' | 'secrets' | 'names' | 'tallies',
			ends: string,
		) =>
			`DELETE FROM ${names.of(table)} WHERE ctid = ANY(ARRAY(
				SELECT ctid FROM ${names.of(table)} WHERE ${ends} <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $1::bigint LIMIT ${ROWS_AT_ONCE} FOR UPDATE SKIP LOCKED
			))`;
		await this.database.queryOnce(bounded('claims', END_OF_ROW), [this.offsetMs()]);
		for (const table of ['budgets', 'notices', 'secrets', 'names', 'tallies'] as const) {
			await this.database.queryOnce(bounded(table, 'until'), [this.offsetMs()]);
		}
		await this.database.queryOnce(`DELETE FROM ${names.of('stats')} WHERE day < $1`, [
			dayOf((now - STATS_KEPT_MS) * 1000),
		]);
	}
}
