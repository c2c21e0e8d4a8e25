import { StoreError } from '../../core/reply';

export type Sqlite = typeof import('node:sqlite');
export type Database = import('node:sqlite').DatabaseSync;
export type Statement = import('node:sqlite').StatementSync;

/** How Node.js hands out its SQLite; undefined where it has none. */
export type SqliteLoader = () => Sqlite | undefined;

/** Asked for only when a store is opened: the rest of the package runs on a Node.js without it. */
export const builtInSqlite: SqliteLoader = () => process.getBuiltinModule?.('node:sqlite');

/** @throws StoreError `unsupported` on a Node.js without SQLite */
export function loadSqlite(load: SqliteLoader): Sqlite {
	const sqlite = load();
	if (sqlite === undefined) {
		throw new StoreError(
			'unsupported',
			`The store inside this n8n instance needs Node.js 22.13 or newer, this is ${process.version}. Use the Redis store, or update Node.js.`,
		);
	}
	return sqlite;
}
