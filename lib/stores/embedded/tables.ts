import type { Stored } from '../../core/record';
import type { StatsRow } from '../../core/store';
import { StoreError } from '../../core/reply';
import { attempt } from '../../core/attempt';
import { BudgetGrants } from './budget-grants';
import { COLUMNS, LAST_OPEN_STATE, storedOf, valuesOf } from '../rows/columns';
import type { DuplicateCount, ListedRow, Row } from '../rows/backend';
import { END_OF_ROW } from './schema';
import type { Database, Statement } from './sqlite';
import { TallyTable } from './tally-table';

/**
 * `epoch`: when the store began, in ms. `clock`: the furthest time it used, in microseconds. `furthest`: that from which fences go on, where
 * the clock was set back by more than is waited for.
 */
export type Mark = 'epoch' | 'clock' | 'furthest';

/** Every statement of the store, prepared once. Each method is one step of a transaction that the caller holds. */
export class Tables {
	readonly budgets: BudgetGrants;

	private readonly insertClaim: Statement;

	private readonly selectClaim: Statement;

	private readonly updateClaim: Statement;

	private readonly addDuplicates: Statement;

	private readonly deleteClaim: Statement;

	private readonly deleteIdentity: Statement;

	private readonly putResult: Statement;

	private readonly deleteResult: Statement;

	private readonly selectExpired: Statement;

	private readonly selectSome: Statement;

	private readonly selectSomeOpen: Statement;

	private readonly insertNotice: Statement;

	private readonly putNotice: Statement;

	private readonly deleteNotices: Statement;

	private readonly putName: Statement;

	private readonly selectName: Statement;

	private readonly deleteNames: Statement;

	private readonly addToCounter: Statement;

	private readonly selectStats: Statement;

	private readonly deleteStats: Statement;

	private readonly selectMeta: Statement;

	private readonly putMeta: Statement;

	readonly tallies: TallyTable;

	constructor(db: Database) {
		this.tallies = new TallyTable(db);
		this.budgets = new BudgetGrants(db);
		const columns = COLUMNS.map(({ column }) => column);
		const marks = columns.map(() => '?').join(', ');
		this.insertClaim = db.prepare(
			`INSERT INTO claims (identity, ${columns.join(', ')}) VALUES (?, ${marks}) ON CONFLICT DO NOTHING`,
		);
		this.selectClaim = db.prepare(
			`SELECT claims.id, ${columns.join(', ')}, bytes
			FROM claims LEFT JOIN results ON results.id = claims.id WHERE identity = ?`,
		);
		// Since Node.js 22.16 a row may come as a list, which takes a third of the time of an object with 29 names.
		this.selectClaim.setReturnArrays?.(true);
		this.updateClaim = db.prepare(
			`UPDATE claims SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
		);
		this.addDuplicates = db.prepare(
			'UPDATE claims SET duplicates = duplicates + ?, expires_at = max(expires_at, ?) WHERE id = ? AND fence = ?',
		);
		this.deleteClaim = db.prepare('DELETE FROM claims WHERE id = ?');
		this.deleteIdentity = db.prepare('DELETE FROM claims WHERE identity = ? RETURNING id');
		this.putResult = db.prepare('INSERT OR REPLACE INTO results VALUES (?, ?)');
		this.deleteResult = db.prepare('DELETE FROM results WHERE id = ?');
		this.selectExpired = db.prepare(`SELECT id FROM claims WHERE ${END_OF_ROW} <= ? LIMIT ?`);
		this.selectSome = db.prepare(
			`SELECT id, lease_until AS ends, identity, ${columns.join(', ')} FROM claims WHERE id > ? ORDER BY id LIMIT ?`,
		);
		this.selectSomeOpen = db.prepare(
			`SELECT id, lease_until AS ends, identity, ${columns.join(', ')} FROM claims
			WHERE state <= ${LAST_OPEN_STATE} AND (lease_until, id) > (?, ?) AND lease_until <= ?
			ORDER BY lease_until, id LIMIT ?`,
		);
		// A number that is out of range is that row's trouble, and no reason to fail the others.
		this.selectSome.setReadBigInts(true);
		this.selectSomeOpen.setReadBigInts(true);
		this.insertNotice = db.prepare('INSERT OR IGNORE INTO notices VALUES (?, ?, ?)');
		this.putNotice = db.prepare('INSERT OR REPLACE INTO notices VALUES (?, ?, ?)');
		this.deleteNotices = db.prepare('DELETE FROM notices WHERE until <= ?');
		this.putName = db.prepare('INSERT OR REPLACE INTO names VALUES (?, ?, ?)');
		this.selectName = db.prepare('SELECT name FROM names WHERE namespace = ? AND until > ?');
		this.deleteNames = db.prepare('DELETE FROM names WHERE until <= ?');
		this.addToCounter = db.prepare(
			'INSERT INTO stats VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value',
		);
		this.selectStats = db.prepare('SELECT * FROM stats ORDER BY day, namespace, counter');
		this.deleteStats = db.prepare('DELETE FROM stats WHERE day < ?');
		this.selectMeta = db.prepare('SELECT value FROM meta WHERE name = ?');
		this.putMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
	}

	/** The number of the new row; null, and nothing written, where the identity has a row already. */
	insert(identity: string, next: NonNullable<Stored>): number | null {
		const { changes, lastInsertRowid } = this.insertClaim.run(identity, ...valuesOf(next));
		if (changes === 0) return null;
		const result = resultOf(next);
		if (result !== null) this.putResult.run(lastInsertRowid, result);
		return Number(lastInsertRowid);
	}

	/** @throws StoreError `corrupt_record` */
	find(identity: string): Row | null {
		const row = this.read(identity);
		if (row === undefined) return null;
		const [id, ...values] = Object.values(row);
		const result = values.pop();
		return {
			version: Number(id),
			stored: storedOf(values, result instanceof Uint8Array ? asBuffer(result) : null),
		};
	}

	/** Writes what a transition made of a row; the result only where it changed. */
	update(id: number, before: Stored, next: NonNullable<Stored>): void {
		this.updateClaim.run(...valuesOf(next), id);
		const result = resultOf(next);
		if (result === resultOf(before)) return;
		if (result === null) this.deleteResult.run(id);
		else this.putResult.run(id, result);
	}

	countDuplicates({ version, fence, by, expiresAtLeast }: DuplicateCount): boolean {
		return this.addDuplicates.run(by, expiresAtLeast, Number(version), fence).changes === 1;
	}

	/** Removes whatever is there, readable or not. */
	remove(identity: string): void {
		const row = this.deleteIdentity.get(identity);
		if (row !== undefined) this.deleteResult.run(Number(row.id));
	}

	removeRow(id: number): void {
		this.deleteClaim.run(id);
		this.deleteResult.run(id);
	}

	expired(nowMs: number, limit: number): number[] {
		return this.selectExpired.all(nowMs, limit).map(({ id }) => Number(id));
	}

	/** Rows after the one with number `id`, without their results. */
	some(id: bigint, limit: number): ListedRow[] {
		return this.selectSome.all(id, limit).map(listedRow);
	}

	/** Open claims after the one with this lease end and number, whose lease ends by a time. */
	someOpen(leaseUntil: bigint, id: bigint, endsBy: number, limit: number): ListedRow[] {
		return this.selectSomeOpen.all(leaseUntil, id, endsBy, limit).map(listedRow);
	}

	/** False where the consumer has it already. */
	takeNotice(consumer: string, notice: string, until: number): boolean {
		return this.insertNotice.run(consumer, notice, until).changes === 1;
	}

	keepNotice(consumer: string, notice: string, until: number): void {
		this.putNotice.run(consumer, notice, until);
	}

	dropNotices(nowMs: number): void {
		this.deleteNotices.run(nowMs);
	}

	noteName(namespace: string, name: string, until: number, nowMs: number): void {
		this.deleteNames.run(nowMs);
		this.putName.run(namespace, name, until);
	}

	names(namespaces: readonly string[], nowMs: number): Map<string, string> {
		const names = new Map<string, string>();
		for (const namespace of namespaces) {
			const name = this.selectName.get(namespace, nowMs)?.name;
			if (name !== undefined) names.set(namespace, String(name));
		}
		return names;
	}

	count(day: string, namespace: string, counter: string, by: number): void {
		this.addToCounter.run(day, namespace, counter, by);
	}

	stats(): StatsRow[] {
		return this.selectStats.all().map(({ day, namespace, counter, value }) => ({
			day: String(day),
			namespace: String(namespace),
			counter: counter as StatsRow['counter'],
			value: Number(value),
		}));
	}

	forgetStatsBefore(day: string): void {
		this.deleteStats.run(day);
	}

	/** See `Mark`; null where it was never noted. */
	meta(name: Mark): number | null {
		const value = this.selectMeta.get(name)?.value;
		return value === undefined ? null : Number(value);
	}

	mark(name: Mark, value: number): void {
		this.putMeta.run(name, BigInt(value));
	}

	signingKey(): Buffer {
		const key = this.selectMeta.get('signing_key')?.value;
		if (!(key instanceof Uint8Array)) throw new Error('the signing key is missing');
		return asBuffer(key);
	}

	private read(identity: string) {
		const row = attempt(() => this.selectClaim.get(identity));
		if (row.ok) return row.value;
		if ((row.error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw row.error;
		throw new StoreError(
			'corrupt_record',
			'The value stored for this key is not a record of ours: a number is out of range.',
		);
	}
}

function listedRow(row: Readonly<Record<string, unknown>>): ListedRow {
	const [id, leaseUntil, identity, ...values] = Object.values(row);
	return {
		id: BigInt(Number(id)),
		leaseUntil: typeof leaseUntil === 'bigint' ? leaseUntil : 0n,
		identity: String(identity),
		stored: orUnreadable(() => storedOf(values.map(asNumber), null)),
	};
}

const asNumber = (value: unknown): unknown =>
	typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** A row that can't be read is an answer of its own. */
export function orUnreadable<Answer>(read: () => Answer): Answer | StoreError {
	const done = attempt(read);
	if (done.ok) return done.value;
	if (done.error instanceof StoreError) return done.error;
	throw done.error;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
	Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const resultOf = (stored: Stored): Uint8Array | null =>
	stored === null || stored.state === 'tombstone' ? null : stored.result;
