import type { StoreError } from '../../core/reply';
import type {
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	SecretNote,
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
	runLater,
} from '../rows/backend';
import { LAST_OPEN_STATE } from '../rows/columns';
import { Counters, dayOf } from '../rows/counters';
import type { Database, SqlRow, SqlValue } from './database';
import { storeErrorOf } from './errors';
import { Purger } from './purger';
import { CLOCK, microsOf } from './clock';
import { tally, talliedIn } from './tallies';
import { PostgresSteps } from './steps';
import { COLUMN_LIST, storedIn } from './values';

/** Counters are written so often: a row that every claim adds to would make all claims wait for each other. */
const COUNT_EVERY_MS = 1_000;

/** Rows in PostgreSQL. */
export class PostgresRows implements RowsBackend {
	readonly kind = 'postgres';

	readonly isLocking = false;

	readonly limits = { items: 1_000, bytes: 4 << 20 };

	private readonly counters = new Counters();

	private counting = Promise.resolve();

	private countTimer: NodeJS.Timeout | undefined;

	private readonly purger: Purger;

	constructor(private readonly database: Database) {
		this.purger = new Purger(database, () => database.offsetMs);
	}

	async run<T>(work: (steps: RowSteps) => Work<T>): Promise<T> {
		const done = await runLater(work(await this.steps()));
		this.purger.purgeSometimes();
		if (!this.counters.isEmpty) this.countTimer ??= this.countLater();
		return done;
	}

	saved(): null {
		return null;
	}

	async look(identities: readonly string[]): Promise<Looked> {
		return await (await this.steps()).read(identities);
	}

	async some(after: bigint, limit: number): Promise<Timed<ListedRow[]>> {
		return await this.listed('id > $2::bigint', 'id', [String(after)], limit);
	}

	async someOpen(
		leaseUntil: bigint,
		after: bigint,
		abandoned: boolean,
		limit: number,
	): Promise<Timed<ListedRow[]>> {
		const isOver = abandoned ? 'AND lease_until <= (SELECT micros / 1000 FROM clock)' : '';
		return await this.listed(
			`state <= ${LAST_OPEN_STATE} AND (lease_until, id) > ($2::bigint, $3::bigint) ${isOver}`,
			'lease_until, id',
			[String(leaseUntil), String(after)],
			limit,
		);
	}

	async takeNotices({ consumer, notices, holdMs }: NoticesToTake): Promise<Timed<string[]>> {
		const table = this.database.names.of('notices');
		await this.database.tables();
		// Not asked again where the answer was lost: what was taken is told after the hold.
		const rows = await this.database.queryOnce(
			`WITH ${CLOCK}, taken AS (
				INSERT INTO ${table} AS n (consumer, notice, until)
				SELECT $2, notice, (SELECT micros / 1000 FROM clock) + $4::bigint FROM (SELECT DISTINCT unnest($3::text[]) AS notice ORDER BY notice) given
				ON CONFLICT (consumer, notice) DO UPDATE SET until = EXCLUDED.until WHERE n.until <= (SELECT micros / 1000 FROM clock)
				RETURNING notice
			)
			SELECT micros, notice FROM clock LEFT JOIN taken ON true`,
			[this.database.offsetMs, consumer, [...notices], Math.ceil(holdMs)],
		);
		const taken = new Set(rows.map(({ notice }) => notice));
		return { micros: microsOf(rows), answer: notices.filter((notice) => taken.has(notice)) };
	}

	async keepNotices({ consumer, notices }: NoticesToKeep): Promise<Timed<null>> {
		const rows = await this.ask(
			`WITH ${CLOCK}, kept AS (
				INSERT INTO ${this.database.names.of('notices')} AS n (consumer, notice, until)
				SELECT DISTINCT ON (notice) $2, notice, until FROM unnest($3::text[], $4::bigint[]) AS given (notice, until) ORDER BY notice, until DESC
				ON CONFLICT (consumer, notice) DO UPDATE SET until = EXCLUDED.until
			)
			SELECT micros FROM clock`,
			[
				this.database.offsetMs,
				consumer,
				notices.map(({ notice }) => notice),
				notices.map(({ until }) => Math.ceil(until)),
			],
		);
		return { micros: microsOf(rows), answer: null };
	}

	async noteName({ namespace, name, lifetimeMs }: NameNote): Promise<Timed<null>> {
		const rows = await this.ask(
			`WITH ${CLOCK}, noted AS (
				INSERT INTO ${this.database.names.of('names')} AS n (namespace, name, until) SELECT $2, $3, micros / 1000 + $4::bigint FROM clock
				ON CONFLICT (namespace) DO UPDATE SET name = EXCLUDED.name, until = EXCLUDED.until
			)
			SELECT micros FROM clock`,
			[this.database.offsetMs, namespace, name, lifetimeMs],
		);
		return { micros: microsOf(rows), answer: null };
	}

	async names(namespaces: readonly string[]): Promise<Timed<Map<string, string>>> {
		const rows = await this.ask(
			`WITH ${CLOCK} SELECT micros, namespace, name FROM clock LEFT JOIN ${this.database.names.of('names')}
				ON namespace = ANY($2::text[]) AND until > micros / 1000`,
			[this.database.offsetMs, [...namespaces]],
		);
		const found = rows.filter(({ name }) => name !== null);
		const answer = new Map(
			found.map(({ namespace, name }) => [String(namespace), String(name)] as const),
		);
		return { micros: microsOf(rows), answer };
	}

	async tally(order: TallyOrder): Promise<Timed<null>> {
		await this.database.tables();
		return await tally(this.database, order);
	}

	async tallied(buckets: readonly string[]): Promise<Timed<Tallied[]>> {
		await this.database.tables();
		return await talliedIn(this.database, buckets);
	}

	async stats(): Promise<Timed<StatsRow[]>> {
		await this.writeCounters();
		const rows = await this.ask(
			`WITH ${CLOCK} SELECT micros, s.* FROM clock LEFT JOIN ${this.database.names.of('stats')} s ON true ORDER BY day, namespace, counter`,
			[this.database.offsetMs],
		);
		const answer = rows.flatMap(({ day, namespace, counter, value }): StatsRow[] =>
			Buffer.isBuffer(namespace)
				? [
						{
							day: String(day),
							namespace: namespace.toString(),
							counter: String(counter) as StatsRow['counter'],
							value: Number(value),
						},
					]
				: [],
		);
		return { micros: microsOf(rows), answer };
	}

	async signingKey(): Promise<Timed<Buffer>> {
		if (this.database.isClosed) await this.ask('SELECT 1', []);
		return { micros: 0, answer: (await this.database.tables()).signingKey };
	}

	async secretNotes(): Promise<Timed<SecretNote[]>> {
		const rows = await this.ask(
			`WITH ${CLOCK} SELECT micros, s.* FROM clock LEFT JOIN ${this.database.names.of('secrets')} s ON until > micros / 1000`,
			[this.database.offsetMs],
		);
		const answer = rows.flatMap(({ id, until }) =>
			id === null ? [] : [{ id: String(id), until: Number(until) }],
		);
		return { micros: microsOf(rows), answer };
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Timed<null>> {
		const rows = await this.ask(
			`WITH ${CLOCK}, noted AS (
				INSERT INTO ${this.database.names.of('secrets')} AS s (id, until) SELECT $2, micros / 1000 + $3::bigint FROM clock
				ON CONFLICT (id) DO UPDATE SET until = greatest(s.until, EXCLUDED.until)
			)
			SELECT micros FROM clock`,
			[this.database.offsetMs, id, Math.ceil(lifetimeMs)],
		);
		return { micros: microsOf(rows), answer: null };
	}

	errorOf(error: unknown): StoreError {
		return storeErrorOf(error, this.database.address);
	}

	async close(): Promise<void> {
		clearTimeout(this.countTimer);
		// What was counted since is lost where the database can't be asked.
		await this.writeCounters().catch(() => undefined);
		await this.database.close();
	}

	private async steps(): Promise<PostgresSteps> {
		return new PostgresSteps(this.database, await this.database.tables(), this.counters);
	}

	private async ask(text: string, values: SqlValue[]): Promise<SqlRow[]> {
		await this.database.tables();
		return await this.database.query(text, values);
	}

	private async listed(
		where: string,
		order: string,
		values: readonly string[],
		limit: number,
	): Promise<Timed<ListedRow[]>> {
		const rows = await this.ask(
			`WITH ${CLOCK} SELECT micros, c.* FROM clock LEFT JOIN (
				SELECT id, version, identity, ${COLUMN_LIST} FROM ${this.database.names.of('claims')} WHERE ${where} ORDER BY ${order} LIMIT ${limit}
			) c ON true ORDER BY ${order}`,
			[this.database.offsetMs, ...values],
		);
		const answer = rows.flatMap((row): ListedRow[] => {
			if (row.id === null) return [];
			return [
				{
					id: BigInt(String(row.id)),
					leaseUntil: BigInt(String(row.lease_until)),
					identity: String(row.identity),
					stored: storedIn(row, null),
				},
			];
		});
		return { micros: microsOf(rows), answer };
	}

	private countLater(): NodeJS.Timeout {
		return setTimeout(() => {
			this.countTimer = undefined;
			void this.writeCounters().catch(() => undefined);
		}, COUNT_EVERY_MS).unref();
	}

	/** One after the other: who reads the counters waits for those that are being written. */
	private async writeCounters(): Promise<void> {
		this.counting = this.counting
			.catch(() => undefined)
			.then(async () => await this.writeCounted());
		await this.counting;
	}

	private async writeCounted(): Promise<void> {
		const counted = this.counters.takeAll();
		if (counted.length === 0) return;
		const stats = this.database.names.of('stats');
		const { micros } =
			(await this.ask(`WITH ${CLOCK} SELECT micros FROM clock`, [this.database.offsetMs]))[0] ?? {};
		// Not asked again: it would count twice.
		await this.database.queryOnce(
			`INSERT INTO ${stats} AS s (day, namespace, counter, value)
			SELECT $1, * FROM unnest($2::bytea[], $3::text[], $4::bigint[])
			ON CONFLICT (day, namespace, counter) DO UPDATE SET value = s.value + EXCLUDED.value`,
			[
				dayOf(Number(micros)),
				counted.map(({ namespace }) => Buffer.from(namespace)),
				counted.map(({ counter }) => counter),
				counted.map(({ by }) => by),
			],
		);
	}
}
