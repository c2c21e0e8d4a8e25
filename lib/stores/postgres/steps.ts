import type { Budget } from '../../core/budget';
import type { ClaimRecord, Stored } from '../../core/record';
import type { Clock } from '../../core/transitions';
import { StoreError } from '../../core/reply';
import { attemptAsync } from '../../core/attempt';
import type {
	DuplicateCount,
	FirstGrant,
	Found,
	Looked,
	RowSteps,
	Taken,
	Unit,
	Write,
} from '../rows/backend';
import { RowRefused } from '../rows/backend';
import { COLUMNS } from '../rows/columns';
import type { Counters } from '../rows/counters';
import { giveUnits, takeUnits } from './budgets';
import { CLOCK } from './clock';
import type { Database, SqlRow, SqlValue } from './database';
import { isRefusedData } from './errors';
import { READ_BYTES, missingResults } from './results';
import { type Tables, sameFileSql } from './tables';
import {
	COLUMN_LIST,
	type GivenColumn,
	type RowVersion,
	foundIn,
	givenSql,
	movedColumns,
	recordColumns,
	resultOf,
} from './values';

/** The steps over rows in PostgreSQL: each is one statement, which commits by itself and waits for no row that somebody holds. */
export class PostgresSteps implements RowSteps {
	readonly clock = null;

	/** Each statement holds to it: it finds and changes nothing in another file, and a read finds out what that means. */
	private sameFile: string;

	constructor(
		private readonly database: Database,
		private tables: Tables,
		readonly counters: Counters,
	) {
		this.sameFile = sameFileSql(database.names, tables);
	}

	/**
	 * What is there already is left out first: ON CONFLICT would wait for a transaction that writes to it. It is read by a statement of
	 * its own, since one that does both takes PostgreSQL twice as long.
	 */
	async insertOrRead(grants: readonly FirstGrant[], at: Clock): Promise<Looked> {
		const claims = this.database.names.of('claims');
		const given = givenSql(
			[
				identities(grants.map(({ identity }) => identity)),
				...recordColumns(grants.map(({ record }) => record)),
			],
			3,
		);
		const inserted = await this.ask(
			`WITH ${CLOCK}, ${given.sql}
			INSERT INTO ${claims} (identity, version, ${COLUMN_LIST}) SELECT identity, 1, ${movedColumns(2)} FROM given, clock
			WHERE ${this.sameFile} AND NOT EXISTS (SELECT 1 FROM ${claims} c WHERE c.identity = given.identity) ORDER BY identity
			ON CONFLICT (identity) DO NOTHING RETURNING id, identity, fence`,
			[this.database.offsetMs, at.micros, ...given.values],
			grants.length,
		);
		const ids = new Map(inserted.map(({ identity, id }) => [String(identity), String(id)]));
		const others = grants.map(({ identity }) => identity).filter((each) => !ids.has(each));
		const read = others.length === 0 ? null : await this.read(others);
		// What was inserted has the time of its statement.
		const [first] = inserted;
		const granted = grants.find(({ identity }) => identity === first?.identity);
		const micros =
			granted === undefined
				? (read?.clock.micros ?? 0)
				: at.micros + Number(first?.fence) - granted.record.fence;
		let next = 0;
		const rows = grants.map(({ identity }): Found => {
			const id = ids.get(identity);
			if (id !== undefined) return { stored: null, version: { id, version: '1' } };
			return read?.rows[next++] ?? null;
		});
		return { clock: { micros, epoch: this.tables.epoch }, rows };
	}

	async read(asked: readonly string[]): Promise<Looked> {
		let rows = await this.rowsOf(asked);
		for (let looked = 0; rows[0]?.is_same !== true; looked++) {
			if (looked === MOST_LOOKS) throw moved();
			this.tables = await this.database.tablesAgain(this.tables);
			this.sameFile = sameFileSql(this.database.names, this.tables);
			rows = await this.rowsOf(asked);
		}
		const found = await this.foundIn(rows);
		return this.looked(
			rows,
			asked.map((identity) => found.get(identity) ?? null),
		);
	}

	async swap(writes: readonly Write[]): Promise<boolean[]> {
		const inserts = writes.filter(({ version }) => version === null);
		const updates = writes.filter(({ version }) => version !== null);
		const held = new Set<string>();
		for (const identity of await this.insert(inserts)) held.add(identity);
		for (const identity of await this.update(updates)) held.add(identity);
		return writes.map(({ identity }) => held.has(identity));
	}

	async countDuplicates(counts: readonly DuplicateCount[]): Promise<boolean[]> {
		const claims = this.database.names.of('claims');
		const ids = counts.map(({ version }) => (version as RowVersion).id);
		const fences = counts.map(({ fence }) => fence);
		const added = counts.map(({ by }) => by);
		const ends = counts.map(({ expiresAtLeast }) => expiresAtLeast);
		const given = givenSql(
			[
				bigints('row_id', ids),
				bigints('row_fence', fences),
				bigints('added', added),
				bigints('at_least', ends),
			],
			1,
		);
		const rows = await this.ask(
			`WITH ${given.sql}, held AS (
				SELECT r.id FROM ${claims} r JOIN given ON r.id = row_id AND r.fence = row_fence WHERE ${this.sameFile} ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
			)
			UPDATE ${claims} c SET duplicates = duplicates + added, expires_at = greatest(expires_at, at_least)
			FROM given, held WHERE c.id = held.id AND c.id = row_id AND c.fence = row_fence RETURNING c.id`,
			given.values,
			counts.length,
		);
		const held = new Set(rows.map(({ id }) => String(id)));
		return ids.map((id) => held.has(id));
	}

	async take(budgets: readonly Budget[]): Promise<Taken> {
		return await takeUnits(this.database, budgets, this.tables.epoch);
	}

	async giveBack(units: readonly Unit[]): Promise<void> {
		await giveUnits(this.database, units);
	}

	async remove(identity: string): Promise<void> {
		const sql = `DELETE FROM ${this.database.names.of('claims')} WHERE identity = $1`;
		await this.ask(sql, [identity], 1);
	}

	goesOn(): boolean {
		return false;
	}

	private async insert(writes: readonly Write[]): Promise<string[]> {
		if (writes.length === 0) return [];
		const results = writes.map(({ next }) => resultOf(next));
		const given = givenSql(
			[
				identities(writes.map(({ identity }) => identity)),
				...recordColumns(writes.map(({ next }) => next)),
				{ name: 'result', type: 'bytea', values: results },
			],
			1,
		);
		const rows = await this.ask(
			`WITH ${given.sql} INSERT INTO ${this.database.names.of('claims')} (identity, version, ${COLUMN_LIST}, result)
			SELECT identity, 1, ${COLUMN_LIST}, result FROM given WHERE ${this.sameFile} ORDER BY identity
			ON CONFLICT (identity) DO NOTHING RETURNING identity`,
			given.values,
			writes.length,
			bytesOf(results),
		);
		return rows.map(({ identity }) => String(identity));
	}

	private async update(writes: readonly Write[]): Promise<string[]> {
		if (writes.length === 0) return [];
		const claims = this.database.names.of('claims');
		const versions = writes.map(({ version }) => version as RowVersion);
		const isChanged = writes.map(({ before, next }) => !sameResult(before, next));
		const results = writes.map(({ next }, i) => (isChanged[i] === true ? resultOf(next) : null));
		const given = givenSql(
			[
				bigints(
					'row_id',
					versions.map(({ id }) => id),
				),
				bigints(
					'row_version',
					versions.map(({ version }) => version),
				),
				bigints(
					'counted',
					writes.map(({ before }) => duplicatesOf(before)),
				),
				...recordColumns(writes.map(({ next }) => next)),
				{ name: 'is_changed', type: 'boolean', values: isChanged },
				{ name: 'result', type: 'bytea', values: results },
			],
			1,
		);
		const set = COLUMNS.map(({ column }) =>
			column === 'duplicates'
				? 'duplicates = c.duplicates + g.duplicates - g.counted'
				: `${column} = g.${column}`,
		).join(', ');
		const rows = await this.ask(
			`WITH ${given.sql}, held AS (
				SELECT r.id FROM ${claims} r JOIN given ON r.id = row_id AND r.version = row_version WHERE ${this.sameFile} ORDER BY r.id FOR UPDATE OF r SKIP LOCKED
			)
			UPDATE ${claims} c SET version = c.version + 1, ${set}, result = CASE WHEN g.is_changed THEN g.result ELSE c.result END
			FROM given g, held WHERE c.id = held.id AND c.id = g.row_id AND c.version = g.row_version RETURNING c.identity`,
			given.values,
			writes.length,
			bytesOf(results),
		);
		return rows.map(({ identity }) => String(identity));
	}

	private async rowsOf(asked: readonly string[]): Promise<SqlRow[]> {
		return await this.ask(
			`WITH ${CLOCK} SELECT micros, ${this.sameFile} AS is_same, c.* FROM clock LEFT JOIN (${this.rowsSql('SELECT unnest($2::text[])')}) c ON true`,
			[this.database.offsetMs, [...asked]],
			asked.length,
		);
	}

	/** Rows by identity, each with its result where all of them together are not long. */
	private rowsSql(identitiesSql: string): string {
		const ends = 'sum(octet_length(result)) OVER (ORDER BY identity ROWS UNBOUNDED PRECEDING)';
		return `SELECT id, version, identity, ${COLUMN_LIST}, octet_length(result) AS size,
			CASE WHEN ${ends} <= ${READ_BYTES} THEN result END AS result
			FROM ${this.database.names.of('claims')} WHERE identity IN (${identitiesSql})`;
	}

	private async foundIn(rows: readonly SqlRow[]): Promise<Map<string, Found>> {
		const read = rows.filter(({ id }) => id !== null);
		const missing = await missingResults(this.database, read);
		return new Map(
			read.map((row) => {
				const { id, result } = row;
				const bytes = missing.get(String(id)) ?? (Buffer.isBuffer(result) ? result : null);
				const isLost = bytes === null && row.size !== null;
				return [String(row.identity), isLost ? changed() : foundIn(row, bytes)];
			}),
		);
	}

	private looked(rows: readonly SqlRow[], found: Found[]): Looked {
		return { clock: { micros: Number(rows[0]?.micros), epoch: this.tables.epoch }, rows: found };
	}

	/** @param count of the rows that are given: the plan for a single one suits all single ones */
	private async ask(text: string, values: SqlValue[], count: number, bytes = 0): Promise<SqlRow[]> {
		const asking = { bytes: bytes + READ_BYTES, isRepeated: count === 1 };
		const asked = await attemptAsync(async () => await this.database.query(text, values, asking));
		if (asked.ok) return asked.value;
		if (!isRefusedData(asked.error)) throw asked.error;
		const words = 'The record holds a value that PostgreSQL can not keep.';
		throw new RowRefused('unexpected', words, { cause: asked.error });
	}
}

/** How often a table may be packed into another file while one read is under way. */
const MOST_LOOKS = 5;

const moved = () =>
	new StoreError('busy', 'The table of claims is packed again and again (VACUUM FULL).');

const changed = () =>
	new StoreError('busy', 'The record of this key changed while its result was read.');

const identities = (values: readonly string[]): GivenColumn => ({
	name: 'identity',
	type: 'text',
	values,
});

const bigints = (name: string, values: ReadonlyArray<string | number>): GivenColumn => ({
	name,
	type: 'bigint',
	values,
});

const duplicatesOf = (stored: Stored): number =>
	stored === null || stored.state === 'tombstone' ? 0 : stored.duplicates;

function sameResult(before: Stored, next: Stored): boolean {
	const of = (stored: Stored) => (stored as Partial<ClaimRecord> | null)?.result ?? null;
	return of(before) === of(next);
}

const bytesOf = (results: ReadonlyArray<Buffer | null>): number =>
	results.reduce((sum, result) => sum + 2 * (result?.length ?? 0), 0);
