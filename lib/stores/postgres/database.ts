import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { Pool, type QueryConfig } from 'pg';

import { attemptAsync } from '../../core/attempt';
import { StoreError } from '../../core/reply';
import { isMissingTable, isPassing, isUnprepared, replacedError } from './errors';
import { type PostgresOptions, type PostgresTls, TableNames, addressOf } from './options';
import { creationSql } from './schema';
import { type Tables, isSame, tablesIn, tablesSql } from './tables';

const CONNECT_MS = 2_000;
const QUERY_MS = 5_000;
const IDLE_MS = 60_000;

/** How long passing trouble is tried again: a connection that broke, a server that starts. */
const RETRY_MS = 1_000;
const RETRY_EVERY_MS = 100;

/** What is sent, or comes back, may take so long: 1 MB a second. */
const SLOWEST_BYTES_PER_MS = 1_000;

/** Two for each of claims, commands and renewals, so that none waits for another. */
const CONNECTIONS = 6;

/**
 * A connection is replaced after so many statements: the plan of a prepared one was made for the table as it was then, and a table of a
 * few rows is read from end to end.
 */
const MOST_USES = 1_000;

/** How a statement is asked. */
export interface Asking {
	/** About how many bytes are sent or come back: its time limit grows with them. */
	readonly bytes?: number;
	/** Whether its text comes again and again: PostgreSQL then plans it once for each connection, which costs it more than the claim itself. */
	readonly isRepeated?: boolean;
}

export type SqlValue = string | number | boolean | Buffer | null | readonly unknown[];
export type SqlRow = Readonly<Record<string, unknown>>;

/** The connections to one database. It makes the tables when they are first needed, and keeps nothing in a session that it could not do without. */
export class Database {
	readonly names: TableNames;

	readonly address: string;

	private readonly pool: Pool;

	private prepared: Promise<Tables> | undefined;

	private closing: Promise<void> | undefined;

	/** Until a pooler turns out to hand statements to other sessions than they were prepared in, as PgBouncer before 1.21 does. */
	private mayPrepare = true;

	constructor(readonly options: PostgresOptions) {
		this.names = new TableNames(options);
		this.address = addressOf(options);
		const { host, port, database, user, password, tls } = options;
		this.pool = new Pool({
			host,
			port,
			database,
			user,
			password,
			ssl: tls === undefined ? false : secured(tls),
			max: CONNECTIONS,
			maxUses: MOST_USES,
			connectionTimeoutMillis: CONNECT_MS,
			query_timeout: QUERY_MS,
			idleTimeoutMillis: IDLE_MS,
			allowExitOnIdle: true,
			keepAlive: true,
			application_name: 'n8n-nodes-idempotency',
		});
		// Of an idle connection: the next query opens another.
		this.pool.on('error', () => undefined);
	}

	/** How far the clock is moved: 0 but in tests. */
	get offsetMs(): number {
		return this.options.clockOffsetMs?.() ?? 0;
	}

	get isClosed(): boolean {
		return this.closing !== undefined;
	}

	/** @throws as `query` */
	async tables(): Promise<Tables> {
		if (this.prepared === undefined) {
			this.prepared = this.prepare();
			this.prepared.catch(() => (this.prepared = undefined));
		}
		return await this.prepared;
	}

	/**
	 * The tables as they are now, where they are in another file than they were.
	 *
	 * @throws StoreError where they are not the same ones
	 */
	async tablesAgain(known: Tables): Promise<Tables> {
		const now = await this.readTables();
		if (!isSame(known, now)) throw replacedError(this.address);
		this.prepared = Promise.resolve(now);
		return now;
	}

	/**
	 * Asks, and asks again for a while where the trouble is passing: the statement has to be safe to repeat even if it was carried out.
	 *
	 * @throws as pg says it; StoreError where the store was closed
	 */
	async query(text: string, values: SqlValue[], asking: Asking = {}): Promise<SqlRow[]> {
		const giveUpAt = performance.now() + RETRY_MS;
		for (;;) {
			const asked = await attemptAsync(async () => await this.queryOnce(text, values, asking));
			if (asked.ok) return asked.value;
			const isOver = performance.now() + RETRY_EVERY_MS > giveUpAt;
			if (isOver || !isPassing(asked.error)) throw asked.error;
			await sleep(RETRY_EVERY_MS);
		}
	}

	async queryOnce(text: string, values: SqlValue[], asking: Asking = {}): Promise<SqlRow[]> {
		const { bytes = 0, isRepeated = false } = asking;
		if (this.closing !== undefined) throw new StoreError('unreachable', 'This store was closed.');
		const query_timeout = QUERY_MS + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);
		const query = { text, values: values as unknown[], query_timeout };
		if (!isRepeated || !this.mayPrepare) return await this.rowsOf(query);
		const prepared = await attemptAsync(
			async () => await this.rowsOf({ ...query, name: nameOf(text) }),
		);
		if (prepared.ok) return prepared.value;
		if (!isUnprepared(prepared.error)) throw prepared.error;
		// It was refused before anything of it was carried out.
		this.mayPrepare = false;
		return await this.rowsOf(query);
	}

	async close(): Promise<void> {
		this.closing ??= this.pool.end();
		await this.closing;
	}

	private async rowsOf(query: QueryConfig): Promise<SqlRow[]> {
		return (await this.pool.query<Record<string, unknown>>(query)).rows;
	}

	private async readTables(): Promise<Tables | null> {
		return tablesIn(await this.query(tablesSql(this.names), []), this.address);
	}

	private async prepare(): Promise<Tables> {
		const found = await attemptAsync(async () => await this.readTables());
		if (!found.ok && !isMissingTable(found.error)) throw found.error;
		if (found.ok && found.value !== null) return found.value;
		await this.pool.query(creationSql(this.names));
		const made = await this.readTables();
		if (made === null) throw replacedError(this.address);
		return made;
	}
}

/** The same name is the same statement, in whatever session a pooler has it prepared. */
const nameOf = (text: string) =>
	`idem_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;

/** pg asks for the host by its name, whatever name is given: what the certificate must be of is checked here. */
function secured({ ca, cert, key, servername }: PostgresTls): ConnectionOptions {
	const keys = { ca, cert, key };
	if (servername === undefined) return keys;
	return {
		...keys,
		servername,
		checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
	};
}
