import { StoreError } from '../../core/reply';
import { attempt } from '../../core/attempt';
import { StoreClock } from './clock';
import { FileWitness, makePrivateFile, syncFolderOf } from './file';
import { LogSync } from './log-sync';
import { Purger } from './purger';
import { prepareSchema } from './schema';
import type { Database, Sqlite, Statement } from './sqlite';
import { Tables } from './tables';
import { WriteTransaction } from './write-transaction';

/**
 * How every connection is set: the log is flushed by LogSync before a batch is answered, so that the claims a caller acts on
 * survive a power cut. SQLite itself waits for a lock but shortly, since it holds n8n's thread meanwhile.
 */
export const PRAGMAS = `
	PRAGMA busy_timeout = 10;
	PRAGMA synchronous = NORMAL;
	PRAGMA wal_autocheckpoint = 4000;
	PRAGMA journal_size_limit = 16777216;
	PRAGMA cache_size = -8000;
	PRAGMA trusted_schema = OFF;
`;

/** The clock is kept in the file so often, for other processes and the next start. */
const MARK_EVERY_MICROS = 1_000_000;

/** One opening of the file. All but `open` and `close` is synchronous: one step on n8n's thread. */
export class Connection {
	readonly tables: Tables;

	/** When the store began to remember, in ms. */
	private epoch: number;

	private readonly purger: Purger;

	private readonly begin: Statement;

	private readonly commit: Statement;

	private readonly rollback: Statement;

	private constructor(
		readonly file: string,
		private readonly db: Database,
		private readonly clock: StoreClock,
		private readonly witness: FileWitness,
		readonly log: LogSync,
	) {
		this.tables = new Tables(db);
		this.purger = new Purger(this.tables);
		this.epoch = this.tables.meta('epoch') ?? 0;
		clock.goOnFrom(this.tables.meta('furthest') ?? 0);
		this.begin = db.prepare('BEGIN IMMEDIATE');
		this.commit = db.prepare('COMMIT');
		this.rollback = db.prepare('ROLLBACK');
	}

	/** @throws what SQLite and the file system throw; nothing stays open then */
	static async open(sqlite: Sqlite, file: string, host: () => number): Promise<Connection> {
		makePrivateFile(file);
		const witness = new FileWitness(file);
		const clock = new StoreClock(host);
		const db = new sqlite.DatabaseSync(file);
		let connection: Connection | null = null;
		try {
			db.exec(PRAGMAS);
			useLog(db, file);
			db.exec('BEGIN IMMEDIATE');
			prepareSchema(db, file, clock.now().micros);
			db.exec('COMMIT');
			witness.check();
			const log = await LogSync.of(file);
			syncFolderOf(file);
			connection = new Connection(file, db, clock, witness, log);
			return connection;
		} finally {
			if (connection === null) db.close();
		}
	}

	/** Reads at one time. @throws StoreError when the file is not the one that was opened */
	read<T>(work: (tables: Tables, nowMs: number) => T): { answer: T; micros: number } {
		this.witness.check();
		const { micros } = this.clock.now();
		return { answer: work(this.tables, Math.floor(micros / 1000)), micros };
	}

	/** One transaction. Throws, and changes nothing, when any of its statements fails. */
	write<T>(work: (transaction: WriteTransaction) => T): { answer: T; written: number } {
		this.witness.check();
		this.begin.run();
		let committed = false;
		try {
			const mark = this.tables.meta('clock') ?? 0;
			const { micros, furthest } = this.clock.now(mark);
			if (micros < mark) this.followBack(mark, micros);
			const { epoch } = this;
			const transaction = new WriteTransaction(this.tables, { micros, epoch, furthest });
			const answer = work(transaction);
			transaction.writeCounters();
			const purged = this.purger.purge(Math.floor(micros / 1000), transaction.written);
			if (purged || micros - mark >= MARK_EVERY_MICROS || micros < mark) {
				this.tables.mark('clock', micros);
				if (furthest > micros) this.tables.mark('furthest', furthest);
			}
			this.commit.run();
			committed = true;
			return { answer, written: transaction.written };
		} finally {
			// Fails where SQLite has rolled back by itself: disk full, I/O error.
			if (!committed) attempt(() => this.rollback.run());
		}
	}

	/** What was remembered may have ended while the clock was ahead: the store is as old as it would be if it began now. */
	private followBack(mark: number, micros: number): void {
		const hours = Math.round((mark - micros) / 3_600_000_000);
		process.emitWarning(
			`The clock of this host was set back by about ${hours.toLocaleString('en-US')} hours. The store ${this.file} follows it. What was claimed while the clock was ahead is held until then: release it with Idempotency Records. With Strict Age, events of before now are refused.`,
			{ type: 'IdempotencyWarning' },
		);
		this.epoch = Math.max(this.epoch, Math.ceil(micros / 1000));
		this.tables.mark('epoch', this.epoch);
	}

	async close(): Promise<void> {
		await this.log.close();
		this.db.close();
	}
}

function useLog(db: Database, file: string): void {
	const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
	if (mode === 'wal') return;
	throw new StoreError(
		'unsupported',
		`The file system of ${file} can't hold the store (no shared memory): use a local disk, or the Redis store.`,
	);
}
