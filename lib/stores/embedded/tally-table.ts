import type { Tallied, TallyOrder } from '../../core/store';
import type { Database, Statement } from './sqlite';

/** Counters beside those of claims. What is over goes when something is added. */
export class TallyTable {
	private readonly add: Statement;

	private readonly select: Statement;

	private readonly remove: Statement;

	constructor(db: Database) {
		this.add = db.prepare(
			'INSERT INTO tallies VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET value = value + ?3, until = ?4',
		);
		this.select = db.prepare('SELECT name, value FROM tallies WHERE bucket = ? AND until > ?');
		this.remove = db.prepare('DELETE FROM tallies WHERE until <= ?');
	}

	count({ counts, keepMs }: TallyOrder, nowMs: number): void {
		this.remove.run(nowMs);
		for (const { bucket, name, by } of counts) this.add.run(bucket, name, by, nowMs + keepMs);
	}

	in(buckets: readonly string[], nowMs: number): Tallied[] {
		return buckets.flatMap((bucket) =>
			this.select
				.all(bucket, nowMs)
				.map(({ name, value }) => ({ bucket, name: String(name), by: Number(value) })),
		);
	}
}
