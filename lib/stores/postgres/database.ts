import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { Pool } from 'pg';

import { pemIn } from '../pem';
import { attemptAsync } from '../../core/attempt';
import { StoreError } from '../../core/reply';
import { isMissingTable, isPassing, replacedError } from './errors';
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

export type SqlValue = string | number | boolean | Buffer | null | readonly unknown[];
export type SqlRow = Readonly<Record<string, unknown>>;

/** The connections to one database. It makes the tables when they are first needed, and keeps no state in a session. */
export class Database {
	readonly names: TableNames;

	readonly address: string;

	private readonly pool: Pool;

	private prepared: Promise<Tables> | undefined;

	private closing: Promise<void> | undefined;

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
	 * @param bytes about how much is sent or comes back
	 * @throws as pg says it; StoreError where the store was closed
	 */
	async query(text: string, values: SqlValue[], bytes = 0): Promise<SqlRow[]> {
		const giveUpAt = performance.now() + RETRY_MS;
		for (;;) {
			const asked = await attemptAsync(async () => await this.queryOnce(text, values, bytes));
			if (asked.ok) return asked.value;
			const isOver = performance.now() + RETRY_EVERY_MS > giveUpAt;
			if (isOver || !isPassing(asked.error)) throw asked.error;
			await sleep(RETRY_EVERY_MS);
		}
	}

	async queryOnce(text: string, values: SqlValue[], bytes = 0): Promise<SqlRow[]> {
		if (this.closing !== undefined) throw new StoreError('unreachable', 'This store was closed.');
		const query_timeout = QUERY_MS + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);
		const query = { text, values: values as unknown[], query_timeout };
		return (await this.pool.query<Record<string, unknown>>(query)).rows;
	}

	async close(): Promise<void> {
		this.closing ??= this.pool.end();
		await this.closing;
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

/** pg asks for the host by its name, whatever name is given: what the certificate must be of is checked here. */
function secured({ ca, cert, key, servername }: PostgresTls): ConnectionOptions {
	const pem = (text: string | undefined) =>
		text === undefined ? undefined : (pemIn(text) ?? text);
	const keys = { ca: pem(ca), cert: pem(cert), key: pem(key) };
	if (servername === undefined) return keys;
	return {
		...keys,
		servername,
		checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
	};
}
