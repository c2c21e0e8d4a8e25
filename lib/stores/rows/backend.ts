import type { Attempt } from '../../core/attempt';
import type { Budget } from '../../core/budget';
import type { ClaimRecord, Stored } from '../../core/record';
import { StoreError } from '../../core/reply';
import type {
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	StoreKind,
	Tallied,
	TallyOrder,
} from '../../core/store';
import type { Clock } from '../../core/transitions';
import type { Counters } from './counters';

/** A row of a listing, without its result. */
export interface ListedRow {
	/** Its number, by which rows are sorted; and the end of its lease. Big, since what is not ours may hold any number. */
	readonly id: bigint;
	readonly leaseUntil: bigint;
	readonly identity: string;
	readonly stored: Stored | StoreError;
}

/**
 * What a place that keeps rows offers, so that rules-over-rows.ts can be a store over it: see docs/writing-a-store.md. No rule of
 * a claim is stated here.
 */
export interface RowsBackend {
	readonly kind: StoreKind;

	/** Whether `run` holds a lock: its steps are synchronous, nothing changes between them, and all of them are written, or none. */
	readonly isLocking: boolean;

	readonly limits: BatchLimits;

	/** Runs steps. A lost lock, or a place that can't be asked, rejects. */
	run<T>(work: (steps: RowSteps) => Work<T>): Promise<T>;

	/** Resolves when what was written before is safe from a power cut; null where it is. */
	saved(): Promise<void> | null;

	/** Reads rows as they are, with their results, and waits for no lock. */
	look(identities: readonly string[]): Promise<Looked>;

	/** Rows without their results, sorted by their number, after the one with number `after`. */
	some(after: bigint, limit: number): Promise<Timed<readonly ListedRow[]>>;

	/**
	 * Open claims without their results, sorted by the end of their lease and their number, after the one with this end and number.
	 *
	 * @param abandoned only those whose lease is over by now
	 */
	someOpen(
		leaseUntil: bigint,
		after: bigint,
		abandoned: boolean,
		limit: number,
	): Promise<Timed<readonly ListedRow[]>>;

	takeNotices(order: NoticesToTake): Promise<Timed<readonly string[]>>;

	keepNotices(order: NoticesToKeep): Promise<Timed<null>>;

	noteName(note: NameNote): Promise<Timed<null>>;

	names(namespaces: readonly string[]): Promise<Timed<ReadonlyMap<string, string>>>;

	tally(order: TallyOrder): Promise<Timed<null>>;

	tallied(buckets: readonly string[]): Promise<Timed<readonly Tallied[]>>;

	stats(): Promise<Timed<readonly StatsRow[]>>;

	signingKey(): Promise<Timed<Buffer>>;

	/** A listener is called when a claim may have ended in another process, where the place can tell. */
	onSettled?(identities: readonly string[], listener: () => void): () => void;

	/** What a failure means, in words that help. */
	errorOf(error: unknown): StoreError;

	close(): Promise<void>;
}

/** How much goes in one step. A single item may be longer. */
export interface BatchLimits {
	readonly items: number;
	readonly bytes: number;
}

/** A value, or a promise of it where the place has to be asked over a network. */
export type Eventually<T> = T | Promise<T>;

/** Steps that are written once, and run with or without promises: see `ask`. */
export type Work<T> = Generator<unknown, T, unknown>;

/** The steps that change rows. Each is atomic, and its rows are sorted by identity. */
export interface RowSteps {
	/** The time of all steps, where a lock is held; null where each step tells its own. */
	readonly clock: Clock | null;

	/** What was counted, and is written along with the rows or a little later. */
	readonly counters: Counters;

	/**
	 * Inserts each record where its identity has no row, else reads the row. Times that depend on the clock (see columns.ts) are
	 * moved from `at` to the place's own clock.
	 *
	 * @param at a clock of whole milliseconds that the records were made at
	 */
	insertOrRead(grants: readonly FirstGrant[], at: Clock): Eventually<Looked>;

	read(identities: readonly string[]): Eventually<Looked>;

	/** Writes each row if it is still the one that was read. Says of each whether it held, or why its data was refused. */
	swap(writes: readonly Write[]): Eventually<ReadonlyArray<boolean | StoreError>>;

	/** Adds duplicates to finished records; false where the record is another by now. It commutes with itself, so it asks for no version. */
	countDuplicates(counts: readonly DuplicateCount[]): Eventually<readonly boolean[]>;

	/** Takes a unit of each budget that has room, in this order. */
	take(budgets: readonly Budget[]): Eventually<Taken>;

	/** Gives units back that were not granted after all. */
	giveBack(units: readonly Unit[]): Eventually<void>;

	/** Removes whatever is there, readable or not. */
	remove(identity: string): Eventually<void>;

	/** Whether more may be done in the same `run`. */
	goesOn(): boolean;
}

export interface Timed<Answer> {
	/** The place's clock, microseconds since 1970. */
	readonly micros: number;
	readonly answer: Answer;
}

export interface FirstGrant {
	readonly identity: string;
	readonly record: ClaimRecord;
}

/** In the order asked for. */
export interface Looked {
	readonly clock: Clock;
	readonly rows: readonly Found[];
}

/**
 * A row; null where there is none, or, after an insert, where one came in between that can't be seen yet; an error where it can't
 * be read.
 */
export type Found = Row | null | StoreError;

export interface Row {
	/** Null where the row was inserted just now, as asked. */
	readonly stored: Stored;
	/** What `swap` compares. A row's number and version never come back with another content. */
	readonly version: unknown;
}

export interface Write {
	readonly identity: string;
	/** Null where the row was not there: it is inserted. */
	readonly version: unknown;
	readonly before: Stored;
	readonly next: NonNullable<Stored>;
}

export interface DuplicateCount {
	readonly identity: string;
	readonly version: unknown;
	/** Of the record that was read: it is another after the next grant. */
	readonly fence: number;
	readonly by: number;
	readonly expiresAtLeast: number;
}

export interface Taken {
	readonly clock: Clock;
	/** In the order asked for: a unit, or how long until there is room, in ms. */
	readonly units: ReadonlyArray<Unit | number>;
}

export interface Unit {
	readonly budget: string;
	readonly id: unknown;
}

/** The place refused the data of one row of a step, and did nothing of that step: its rows are written one by one. */
export class RowRefused extends StoreError {}

/** `const rows = yield* ask(steps.read(identities))` */
export function* ask<T>(answer: Eventually<T>): Generator<unknown, T, unknown> {
	return (answer instanceof Promise ? yield answer : answer) as T;
}

/** What comes of a step, as a value. */
export function* tryAsk<T>(step: () => Eventually<T>): Generator<unknown, Attempt<T>, unknown> {
	try {
		const answer = step();
		return { ok: true, value: (answer instanceof Promise ? yield answer : answer) as T };
	} catch (error) {
		return { ok: false, error };
	}
}

/** Runs steps whose answers are there at once. */
export function runNow<T>(work: Work<T>): T {
	let turn = work.next();
	while (turn.done !== true) turn = work.next(turn.value);
	return turn.value;
}

/** Runs steps, waiting for each answer. */
export async function runLater<T>(work: Work<T>): Promise<T> {
	let turn = work.next();
	while (turn.done !== true) {
		let answer: unknown;
		try {
			answer = await turn.value;
		} catch (error) {
			turn = work.throw(error);
			continue;
		}
		turn = work.next(answer);
	}
	return turn.value;
}
