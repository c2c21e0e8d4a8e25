import { CheckedStore } from '../checked-store';
import type { Reply } from '../../core/reply';
import type { SecretAwareStore, SecretNote } from '../../core/store';
import { Settlements } from '../rows/settlements';
import { RulesOverRows } from '../rules-over-rows';
import { adviceFor } from './advice';
import { Database } from './database';
import type { PostgresOptions } from './options';
import { PostgresRows } from './postgres-rows';

export { adviceFor as postgresAdviceFor } from './advice';
export { postgresOptionsFrom } from './given';
export { optionsDigestOf, TableNames } from './options';
export type { PostgresOptions, PostgresTls } from './options';
export { schemaSql } from './schema';
export { tryPostgres } from './try-claim';

/**
 * Opens the store in PostgreSQL. Nothing is sent until the first call; the tables are made then, where they are missing.
 *
 * @throws StoreError `configuration` for a schema or prefix that is no name
 */
export function openPostgresStore(
	options: PostgresOptions,
	settlements = new Settlements(),
): SecretAwareStore {
	const rows = new PostgresRows(new Database(options));
	const store = new RulesOverRows(rows, settlements);
	return new CheckedPostgresStore(store, rows);
}

class CheckedPostgresStore extends CheckedStore implements SecretAwareStore {
	constructor(
		private readonly over: RulesOverRows,
		private readonly rows: PostgresRows,
	) {
		super(over, adviceFor);
	}

	async secretNotes(): Promise<Reply<readonly SecretNote[]>> {
		return this.advised(await this.over.ask(async () => await this.rows.secretNotes()));
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>> {
		return this.advised(
			await this.over.ask(async () => await this.rows.noteSecret(id, lifetimeMs)),
		);
	}
}
