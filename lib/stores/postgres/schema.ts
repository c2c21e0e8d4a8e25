import { randomBytes } from 'node:crypto';

import { COLUMNS, LAST_OPEN_STATE } from '../rows/columns';
import { finishFunctionSql } from './finish-in-sql';
import type { TableNames } from './options';

export const SCHEMA_VERSION = 1;

/** PostgreSQL's type of a column. Text may hold NUL, which its own text may not. */
export const TYPES = { TEXT: 'bytea', INTEGER: 'bigint', FLAG: 'bigint', BLOB: 'bytea' } as const;

/** By when nothing needs to be kept of a row: `endOf` of transitions.ts. */
export const END_OF_ROW = 'greatest(expires_at, believed_until)';

const NOW_MS = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint::text';

/**
 * The tables, for whoever may not let the store make them. A result is not compressed again, and stays where it is when only a
 * count changes. The store begins when its claims are made, be it again, and when they are truncated.
 */
export function schemaSql(names: TableNames): string {
	const claims = names.of('claims');
	const emptied = names.of('emptied');
	const beginNow = `UPDATE ${names.of('meta')} SET value = ${NOW_MS} WHERE name = 'epoch'`;
	return `CREATE TABLE IF NOT EXISTS ${names.of('meta')} (name text PRIMARY KEY, value text NOT NULL);
${beginNow} AND to_regclass('${claims}') IS NULL;
CREATE TABLE IF NOT EXISTS ${claims} (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	identity text COLLATE "C" NOT NULL UNIQUE,
	version bigint NOT NULL,
	${COLUMNS.map(({ column, type }) => `${column} ${TYPES[type]} NOT NULL`).join(',\n\t')},
	result bytea
);
ALTER TABLE ${claims} ALTER COLUMN result SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS ${names.index('claims_open')} ON ${claims} (lease_until, id) WHERE state <= ${LAST_OPEN_STATE};
CREATE INDEX IF NOT EXISTS ${names.index('claims_ending')} ON ${claims} ((${END_OF_ROW}));
CREATE TABLE IF NOT EXISTS ${names.of('budgets')} (identity text COLLATE "C" PRIMARY KEY, grants bigint[] NOT NULL, until bigint NOT NULL);
CREATE TABLE IF NOT EXISTS ${names.of('notices')} (consumer text NOT NULL, notice text NOT NULL, until bigint NOT NULL, PRIMARY KEY (consumer, notice));
CREATE TABLE IF NOT EXISTS ${names.of('stats')} (day text NOT NULL, namespace bytea NOT NULL, counter text NOT NULL, value bigint NOT NULL, PRIMARY KEY (day, namespace, counter));
CREATE TABLE IF NOT EXISTS ${names.of('tallies')} (bucket text NOT NULL, name text NOT NULL, value bigint NOT NULL, until bigint NOT NULL, PRIMARY KEY (bucket, name));
CREATE TABLE IF NOT EXISTS ${names.of('secrets')} (id text PRIMARY KEY, until bigint NOT NULL);
CREATE TABLE IF NOT EXISTS ${names.of('names')} (namespace text PRIMARY KEY, name text NOT NULL, until bigint NOT NULL);
CREATE OR REPLACE FUNCTION ${emptied} () RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $idem$
BEGIN
	${beginNow};
	RETURN NULL;
END
$idem$;
REVOKE EXECUTE ON FUNCTION ${emptied} () FROM PUBLIC;
DROP TRIGGER IF EXISTS ${names.index('emptied')} ON ${claims};
CREATE TRIGGER ${names.index('emptied')} AFTER TRUNCATE ON ${claims} FOR EACH STATEMENT EXECUTE FUNCTION ${emptied}();
${finishFunctionSql(names)}`;
}

/** Makes what is missing, by one of all processes that come at once: in one transaction, which PgBouncer keeps together. */
export function creationSql(names: TableNames): string {
	const key = randomBytes(32).toString('hex');
	return `SELECT pg_advisory_xact_lock(${names.lockNumber});
${schemaSql(names)}
INSERT INTO ${names.of('meta')} (name, value) VALUES
	('signing_key', '${key}'),
	('epoch', ${NOW_MS}),
	('version', '${SCHEMA_VERSION}')
ON CONFLICT DO NOTHING;`;
}
