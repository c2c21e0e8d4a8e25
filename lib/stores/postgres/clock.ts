import type { SqlRow } from './database';

/** The database's clock in microseconds, moved by `$1` ms, which is 0 but in tests. */
export const CLOCK =
	'clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $1::bigint * 1000 AS micros)';

/** The time in the rows of a query that begins with it. */
export const microsOf = (rows: readonly SqlRow[]): number => Number(rows[0]?.micros);
