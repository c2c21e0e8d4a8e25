import type { ClaimRecord, Stored } from '../../core/record';
import { StoreError } from '../../core/reply';
import { attempt } from '../../core/attempt';
import type { Found } from '../rows/backend';
import { COLUMNS, storedOf, valuesOf } from '../rows/columns';
import type { SqlRow, SqlValue } from './database';
import { TYPES } from './schema';

/** The record's columns, as a list for SQL. */
export const COLUMN_LIST = COLUMNS.map(({ column }) => column).join(', ');

/** A column of what is given to a statement, with one value for each of its rows. */
export interface GivenColumn {
	readonly name: string;
	readonly type: 'text' | 'bigint' | 'bytea' | 'boolean';
	readonly values: readonly SqlValue[];
}

/** Given rows as `given`, numbered from `$first`; few rows as plain values, which cost PostgreSQL less. */
export function givenSql(
	columns: readonly GivenColumn[],
	first: number,
): { readonly sql: string; readonly values: SqlValue[] } {
	const names = columns.map(({ name }) => name).join(', ');
	const count = columns[0]?.values.length ?? 0;
	if (count === 1) {
		const marks = columns.map(({ type }, i) => `$${first + i}::${type}`).join(', ');
		return {
			sql: `given (${names}) AS (VALUES (${marks}))`,
			values: columns.map(({ values }) => values[0] ?? null),
		};
	}
	const marks = columns.map(({ type }, i) => `$${first + i}::${type}[]`).join(', ');
	return {
		sql: `given (${names}) AS (SELECT * FROM unnest(${marks}))`,
		values: columns.map(({ values }) => values),
	};
}

/** The columns of records, in the order of the table. */
export function recordColumns(records: ReadonlyArray<NonNullable<Stored>>): GivenColumn[] {
	const rows = records.map(valuesOf);
	return COLUMNS.map(({ column, type }, i) => ({
		name: column,
		type: TYPES[type],
		values: rows.map((row) => sqlValue(row[i])),
	}));
}

/** A first grant's columns for INSERT: those that move with the clock are moved from the time in `$first` to that of the statement. */
export function movedColumns(first: number): string {
	const by = {
		ms: `micros / 1000 - $${first}::bigint / 1000`,
		micros: `micros - $${first}::bigint`,
	};
	return COLUMNS.map(({ column, clock }) =>
		clock === null ? column : `${column} + ${by[clock]}`,
	).join(', ');
}

/** A row of `id, version, <the record's columns>`, in an object of these names. */
export function foundIn(row: SqlRow, result: Buffer | null): Found {
	const stored = storedIn(row, result);
	return stored instanceof StoreError ? stored : { stored, version: versionIn(row) };
}

export function storedIn(row: SqlRow, result: Buffer | null): Stored | StoreError {
	const values = COLUMNS.map(({ column, type }) => {
		const value = row[column];
		if (type === 'INTEGER' || type === 'FLAG') return Number(value);
		return type === 'TEXT' && Buffer.isBuffer(value) ? value.toString() : value;
	});
	const read = attempt(() => storedOf(values, result));
	if (read.ok) return read.value;
	if (read.error instanceof StoreError) return read.error;
	throw read.error;
}

/** Of the row, which is never made again with the same number. */
export interface RowVersion {
	readonly id: string;
	readonly version: string;
}

export function versionIn(row: SqlRow): RowVersion {
	return { id: String(row.id), version: String(row.version) };
}

export const resultOf = (stored: Stored): Buffer | null => {
	const { result } = (stored ?? {}) as Partial<ClaimRecord>;
	if (result === null || result === undefined) return null;
	return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
};

function sqlValue(value: string | number | Uint8Array | undefined): SqlValue {
	if (typeof value === 'string') return Buffer.from(value);
	if (value instanceof Uint8Array) {
		return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
	}
	return value ?? null;
}
