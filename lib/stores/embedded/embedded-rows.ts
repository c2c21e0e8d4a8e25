import { setTimeout as sleep } from 'node:timers/promises';

import { attempt } from '../../core/attempt';
import type { StoreError } from '../../core/reply';
import type {
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	Tallied,
	TallyOrder,
} from '../../core/store';
import {
	type ListedRow,
	type Looked,
	type RowSteps,
	type RowsBackend,
	type Timed,
	type Work,
	runNow,
} from '../rows/backend';
import type { Connection } from './connection';
import { closedError, isBusy, storeErrorOf } from './errors';
import { type Tables, orUnreadable } from './tables';
import type { WriteTransaction } from './write-transaction';

/** Waits between tries while another process holds the file, the last one again and again. */
const BUSY_WAITS_MS = [1, 2, 5, 10, 20, 40] as const;

/** Rows in one SQLite file: the steps of a batch run inside a transaction that holds the file's write lock. */
export class EmbeddedRows implements RowsBackend {
	readonly kind = 'embedded';

	readonly isLocking = true;

	readonly limits = { items: 250, bytes: 4 << 20 };

	private closing: Promise<void> | null = null;

	/** Asked for once while the file is open: another file in its place is refused when it is claimed in. */
	private key: Timed<Buffer> | null = null;

	/** Transactions that wrote rows, and how many of them the disk is known to have. */
	private writes = 0;

	private writesSaved = 0;

	/** @param busyRetryMs how long a file that another process holds is tried again */
	constructor(
		private readonly connection: Connection,
		private readonly busyRetryMs: number,
	) {}

	async run<T>(work: (steps: RowSteps) => Work<T>): Promise<T> {
		return await this.whileBusy(() => this.writeNow((transaction) => runNow(work(transaction))));
	}

	saved(): Promise<void> | null {
		return this.writes <= this.writesSaved ? null : this.save();
	}

	async look(identities: readonly string[]): Promise<Looked> {
		const epoch = 0;
		const { micros, answer } = await this.read((tables) =>
			identities.map((identity) => orUnreadable(() => tables.find(identity))),
		);
		return { clock: { micros, epoch }, rows: answer };
	}

	async some(after: bigint, limit: number): Promise<Timed<readonly ListedRow[]>> {
		return await this.read((tables) => tables.some(after, limit));
	}

	async someOpen(
		leaseUntil: bigint,
		after: bigint,
		abandoned: boolean,
		limit: number,
	): Promise<Timed<readonly ListedRow[]>> {
		return await this.read((tables, nowMs) => {
			const endsBy = abandoned ? nowMs : Number.MAX_SAFE_INTEGER;
			return tables.someOpen(leaseUntil, after, endsBy, limit);
		});
	}

	async takeNotices(order: NoticesToTake): Promise<Timed<readonly string[]>> {
		return await this.writeAlone((transaction) => transaction.takeNotices(order));
	}

	async keepNotices(order: NoticesToKeep): Promise<Timed<null>> {
		return await this.writeAlone((transaction) => transaction.keepNotices(order));
	}

	async noteName(note: NameNote): Promise<Timed<null>> {
		return await this.writeAlone((transaction) => transaction.noteName(note));
	}

	async names(namespaces: readonly string[]): Promise<Timed<ReadonlyMap<string, string>>> {
		return await this.read((tables, nowMs) => tables.names(namespaces, nowMs));
	}

	async tally(order: TallyOrder): Promise<Timed<null>> {
		return await this.writeAlone((transaction) => transaction.tally(order));
	}

	async tallied(buckets: readonly string[]): Promise<Timed<readonly Tallied[]>> {
		return await this.read((tables, nowMs) => tables.tallies.in(buckets, nowMs));
	}

	async stats(): Promise<Timed<readonly StatsRow[]>> {
		return await this.read((tables) => tables.stats());
	}

	async signingKey(): Promise<Timed<Buffer>> {
		return (this.key ??= await this.read((tables) => tables.signingKey()));
	}

	errorOf(error: unknown): StoreError {
		return storeErrorOf(error, this.connection.file);
	}

	async close(): Promise<void> {
		this.closing ??= this.connection.close();
		await this.closing;
	}

	private async read<T>(work: (tables: Tables, nowMs: number) => T): Promise<Timed<T>> {
		return await this.whileBusy(() => this.connection.read(work));
	}

	private async save(): Promise<void> {
		const { writes } = this;
		await this.connection.log.sync();
		this.writesSaved = Math.max(writes, this.writesSaved);
	}

	private writeNow<T>(work: (transaction: WriteTransaction) => T): T {
		const { answer, written } = this.connection.write(work);
		if (written > 0) this.writes++;
		return answer;
	}

	private async writeAlone<T>(work: (transaction: WriteTransaction) => T): Promise<Timed<T>> {
		const done = await this.whileBusy(() =>
			this.writeNow((transaction) => ({
				micros: transaction.clock.micros,
				answer: work(transaction),
			})),
		);
		await this.saved();
		return done;
	}

	private async whileBusy<T>(work: () => T): Promise<T> {
		const giveUpAt = performance.now() + this.busyRetryMs;
		for (let tries = 0; ; tries++) {
			if (this.closing !== null) throw closedError(this.connection.file);
			const tried = attempt(work);
			if (tried.ok) return tried.value;
			if (!isBusy(tried.error) || performance.now() >= giveUpAt) throw tried.error;
			await sleep(BUSY_WAITS_MS[tries] ?? BUSY_WAITS_MS.at(-1));
		}
	}
}
