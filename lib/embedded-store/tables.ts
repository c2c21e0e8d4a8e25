import type { Stored } from '../record';
import type { OpenClaim, OpenQuery, StatsRow } from '../store';
import { StoreError } from '../store';
import { attempt } from '../attempt';
import { COLUMNS, LAST_OPEN_STATE, storedOf, valuesOf } from './rows';
import type { Database, Statement } from './sqlite';

/** A record with the number of its row. */
export interface Row {
	readonly id: number;
	readonly stored: Stored;
}

/** Every statement of the store, prepared once. Each method is one step of a transaction that the caller holds. */
export class Tables {
	private readonly insertClaim: Statement;

	private readonly selectClaim: Statement;

	private readonly updateClaim: Statement;

	private readonly deleteClaim: Statement;

	private readonly deleteIdentity: Statement;

	private readonly putResult: Statement;

	private readonly deleteResult: Statement;

	private readonly selectOpen: Statement;

	private readonly selectExpired: Statement;

	private readonly addToCounter: Statement;

	private readonly selectStats: Statement;

	private readonly deleteStats: Statement;

	private readonly selectMeta: Statement;

	private readonly putMeta: Statement;

	constructor(db: Database) {
		const columns = COLUMNS.map(({ column }) => column);
		const marks = columns.map(() => '?').join(', ');
		this.insertClaim = db.prepare(
			`INSERT INTO claims (identity, ${columns.join(', ')}) VALUES (?, ${marks}) ON CONFLICT DO NOTHING`,
		);
		this.selectClaim = db.prepare(
			`SELECT claims.id, ${columns.join(', ')}, bytes
			FROM claims LEFT JOIN results ON results.id = claims.id WHERE identity = ?`,
		);
		this.updateClaim = db.prepare(
			`UPDATE claims SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
		);
		this.deleteClaim = db.prepare('DELETE FROM claims WHERE id = ?');
		this.deleteIdentity = db.prepare('DELETE FROM claims WHERE identity = ? RETURNING id');
		this.putResult = db.prepare('INSERT OR REPLACE INTO results VALUES (?, ?)');
		this.deleteResult = db.prepare('DELETE FROM results WHERE id = ?');
		this.selectOpen = db.prepare(
			`SELECT identity, lease_until FROM claims
			WHERE state <= ${LAST_OPEN_STATE} AND lease_until < ? AND expires_at > ? ORDER BY lease_until LIMIT ?`,
		);
		this.selectExpired = db.prepare('SELECT id FROM claims WHERE expires_at <= ? LIMIT ?');
		this.addToCounter = db.prepare(
			'INSERT INTO stats VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value',
		);
		this.selectStats = db.prepare('SELECT * FROM stats ORDER BY day, namespace, counter');
		this.deleteStats = db.prepare('DELETE FROM stats WHERE day < ?');
		this.selectMeta = db.prepare('SELECT value FROM meta WHERE name = ?');
		this.putMeta = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
	}

	/** False, and nothing written, where the identity has a row already. */
	insert(identity: string, next: NonNullable<Stored>): boolean {
		const { changes, lastInsertRowid } = this.insertClaim.run(identity, ...valuesOf(next));
		if (changes === 0) return false;
		const result = resultOf(next);
		if (result !== null) this.putResult.run(lastInsertRowid, result);
		return true;
	}

	/** @throws StoreError `corrupt_record` */
	find(identity: string): Row | null {
		const row = this.read(identity);
		if (row === undefined) return null;
		const [id, ...values] = Object.values(row);
		const result = values.pop();
		return {
			id: Number(id),
			stored: storedOf(values, result instanceof Uint8Array ? asBuffer(result) : null),
		};
	}

	/** Writes what a transition made of a row; the result only where it changed. */
	update({ id, stored }: Row, next: NonNullable<Stored>): void {
		this.updateClaim.run(...valuesOf(next), id);
		const before = resultOf(stored);
		const result = resultOf(next);
		if (result === before) return;
		if (result === null) this.deleteResult.run(id);
		else this.putResult.run(id, result);
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

	open({ leaseEndsBefore, limit }: OpenQuery, nowMs: number): OpenClaim[] {
		return this.selectOpen.all(leaseEndsBefore, nowMs, limit).map((row) => ({
			identity: String(row.identity),
			leaseUntil: Number(row.lease_until),
		}));
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

	/** When the store began, in ms, or the furthest time it used, in microseconds. */
	meta(name: 'epoch' | 'clock'): number {
		return Number(this.selectMeta.get(name)?.value);
	}

	signingKey(): Buffer {
		const key = this.selectMeta.get('signing_key')?.value;
		if (!(key instanceof Uint8Array)) throw new Error('the signing key is missing');
		return asBuffer(key);
	}

	markClock(micros: number): void {
		this.putMeta.run('clock', BigInt(micros));
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

const asBuffer = (bytes: Uint8Array): Buffer =>
	Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const resultOf = (stored: Stored): Uint8Array | null =>
	stored === null || stored.state === 'tombstone' ? null : stored.result;
