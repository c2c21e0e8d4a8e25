import { type Budget, budgetWaitMs } from '../../lib/core/budget';
import type { ClaimRecord, Stored } from '../../lib/core/record';
import { StoreError } from '../../lib/core/reply';
import type {
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	Store,
	Tallied,
	TallyOrder,
} from '../../lib/core/store';
import type { Clock } from '../../lib/core/transitions';
import { CheckedStore } from '../../lib/stores/checked-store';
import {
	type DuplicateCount,
	type FirstGrant,
	type Found,
	type ListedRow,
	type Looked,
	RowRefused,
	type RowSteps,
	type RowsBackend,
	type Taken,
	type Timed,
	type Unit,
	type Work,
	type Write,
	runLater,
} from '../../lib/stores/rows/backend';
import { COLUMNS } from '../../lib/stores/rows/columns';
import { Counters } from '../../lib/stores/rows/counters';
import { Settlements } from '../../lib/stores/rows/settlements';
import { RulesOverRows } from '../../lib/stores/rules-over-rows';
import { type Kept, type MemoryPlace, copyOf, withDuplicatesOf } from './memory-place';

export interface MemoryFaults {
	/** Awaited before each step and after it: a test lets others come between. */
	readonly pause?: () => Promise<void>;
	/** The data of this row is refused, and with it the whole step. */
	readonly refuses?: (identity: string) => boolean;
}

/** Rows in memory behind promises: the smallest backend that the rules can run on. */
export class MemoryRows implements RowsBackend, RowSteps {
	readonly kind = 'embedded';

	readonly isLocking = false;

	readonly limits = { items: 500, bytes: 4 << 20 };

	readonly clock = null;

	readonly counters = new Counters();

	private isClosed = false;

	constructor(
		readonly place: MemoryPlace,
		private readonly faults: MemoryFaults = {},
	) {}

	async run<T>(work: (steps: RowSteps) => Work<T>): Promise<T> {
		return await runLater(work(this));
	}

	saved(): null {
		return null;
	}

	async look(identities: readonly string[]): Promise<Looked> {
		return await this.read(identities);
	}

	async insertOrRead(grants: readonly FirstGrant[], at: Clock): Promise<Looked> {
		return await this.step((place) => {
			this.refuse(grants);
			const rows = grants.map(({ identity, record }): Found => {
				if (place.rows.has(identity)) return this.find(identity);
				return { stored: null, version: versionOf(place.insert(identity, this.moved(record, at))) };
			});
			return { clock: place.clock, rows };
		});
	}

	async read(identities: readonly string[]): Promise<Looked> {
		return await this.step((place) => ({
			clock: place.clock,
			rows: identities.map((identity) => this.find(identity)),
		}));
	}

	async swap(writes: readonly Write[]): Promise<boolean[]> {
		return await this.step((place) => {
			this.refuse(writes);
			return writes.map(({ identity, version, before, next }) => {
				const kept = place.rows.get(identity);
				if (version === null) {
					if (kept !== undefined) return false;
					place.insert(identity, next);
					return true;
				}
				if (kept === undefined || versionOf(kept) !== version) return false;
				kept.stored = copyOf(withDuplicatesOf(next, before, kept.stored));
				kept.version++;
				return true;
			});
		});
	}

	async countDuplicates(counts: readonly DuplicateCount[]): Promise<boolean[]> {
		return await this.step((place) =>
			counts.map(({ identity, fence, by, expiresAtLeast }) => {
				const kept = place.rows.get(identity);
				const stored = kept?.stored ?? null;
				if (kept === undefined || stored === null || stored.state === 'tombstone') return false;
				if (stored.fence !== fence) return false;
				kept.stored = {
					...stored,
					duplicates: stored.duplicates + by,
					expiresAt: Math.max(stored.expiresAt, expiresAtLeast),
				};
				return true;
			}),
		);
	}

	async take(budgets: readonly Budget[]): Promise<Taken> {
		return await this.step((place) => {
			const units = budgets.map((budget): Unit | number => {
				const { identity } = budget;
				const grants = place.grants.get(identity) ?? [];
				const waitMs = budgetWaitMs(
					grants.map(({ at }) => at),
					budget,
					place.now,
				);
				if (waitMs > 0) return waitMs;
				const id = { at: place.now };
				place.grants.set(identity, [...grants, id]);
				return { budget: identity, id };
			});
			return { clock: place.clock, units };
		});
	}

	async giveBack(units: readonly Unit[]): Promise<void> {
		await this.step((place) => {
			for (const { budget, id } of units) {
				const left = place.grants.get(budget)?.filter((each) => each !== id) ?? [];
				place.grants.set(budget, left);
			}
		});
	}

	async remove(identity: string): Promise<void> {
		await this.step((place) => place.rows.delete(identity));
	}

	goesOn(): boolean {
		return false;
	}

	async some(after: bigint, limit: number): Promise<Timed<ListedRow[]>> {
		return await this.step((place) => ({
			micros: place.micros,
			answer: this.listed()
				.filter(({ id }) => id > after)
				.sort(byNumber)
				.slice(0, limit),
		}));
	}

	async someOpen(
		leaseUntil: bigint,
		after: bigint,
		abandoned: boolean,
		limit: number,
	): Promise<Timed<ListedRow[]>> {
		return await this.step((place) => {
			const answer = this.listed().filter((row) => {
				if (row.stored === null || row.stored instanceof StoreError) return false;
				if (!['pending', 'processing', 'unknown'].includes(row.stored.state)) return false;
				if (abandoned && row.leaseUntil > BigInt(place.now)) return false;
				return row.leaseUntil > leaseUntil || (row.leaseUntil === leaseUntil && row.id > after);
			});
			answer.sort((a, b) => Number(a.leaseUntil - b.leaseUntil) || byNumber(a, b));
			return { micros: place.micros, answer: answer.slice(0, limit) };
		});
	}

	async takeNotices(order: NoticesToTake): Promise<Timed<string[]>> {
		return await this.timed((place) => place.takeNotices(order));
	}

	async keepNotices(order: NoticesToKeep): Promise<Timed<null>> {
		return await this.timed((place) => place.keepNotices(order));
	}

	async noteName(note: NameNote): Promise<Timed<null>> {
		return await this.timed((place) => place.noteName(note));
	}

	async names(namespaces: readonly string[]): Promise<Timed<Map<string, string>>> {
		return await this.timed((place) => place.names(namespaces));
	}

	async tally(order: TallyOrder): Promise<Timed<null>> {
		return await this.timed((place) => place.tally(order));
	}

	async tallied(buckets: readonly string[]): Promise<Timed<Tallied[]>> {
		return await this.timed((place) => place.tallied(buckets));
	}

	async stats(): Promise<Timed<StatsRow[]>> {
		return await this.timed((place) => place.stats());
	}

	async signingKey(): Promise<Timed<Buffer>> {
		return await this.timed((place) => place.signingKey);
	}

	errorOf(error: unknown): StoreError {
		if (error instanceof StoreError) return error;
		return new StoreError('unexpected', String(error), { cause: error });
	}

	async close(): Promise<void> {
		this.isClosed = true;
		await Promise.resolve();
	}

	private async timed<T>(work: (place: MemoryPlace) => T): Promise<Timed<T>> {
		return await this.step((place) => ({ micros: place.micros, answer: work(place) }));
	}

	private async step<T>(work: (place: MemoryPlace) => T): Promise<T> {
		if (this.isClosed) throw new StoreError('unreachable', 'This store was closed.');
		this.place.steps++;
		await this.faults.pause?.();
		this.place.count(this.counters.takeAll());
		const answer = work(this.place);
		await this.faults.pause?.();
		return answer;
	}

	/** Where a row can't be read, as where its state is none. */
	private find(identity: string): Found {
		const kept = this.place.rows.get(identity);
		if (kept === undefined) return null;
		if (kept.stored === null) return unreadable();
		return { stored: kept.stored, version: versionOf(kept) };
	}

	private listed(): ListedRow[] {
		return [...this.place.rows].map(([identity, { id, stored }]) => ({
			id: BigInt(id),
			leaseUntil: stored !== null && 'leaseUntil' in stored ? BigInt(stored.leaseUntil) : 0n,
			identity,
			stored: stored === null ? unreadable() : withoutResult(stored),
		}));
	}

	private moved(record: ClaimRecord, at: Clock): ClaimRecord {
		const micros = this.place.micros - at.micros;
		const by = { ms: this.place.now - at.micros / 1000, micros };
		const moved: Record<string, unknown> = { ...record };
		for (const { field, clock } of COLUMNS) {
			if (clock !== null) moved[field] = Number(record[field]) + by[clock];
		}
		return moved as unknown as ClaimRecord;
	}

	private refuse(rows: ReadonlyArray<{ readonly identity: string }>): void {
		if (rows.some(({ identity }) => this.faults.refuses?.(identity) === true)) {
			throw new RowRefused('unexpected', 'A row was refused.');
		}
	}
}

/** A store over the place; every one of a place and this process hears of the others' ends. */
export function openMemoryStore(place: MemoryPlace, faults: MemoryFaults = {}): Store {
	const rows = new RulesOverRows(new MemoryRows(place, faults), new Settlements());
	return new CheckedStore(rows, () => 'Ask the test.');
}

const unreadable = () => new StoreError('corrupt_record', 'Not a record of ours.');

const withoutResult = (stored: NonNullable<Stored>) =>
	stored.state === 'tombstone' ? stored : { ...stored, result: null };

const versionOf = ({ id, version }: Kept): string => `${id}.${version}`;

const byNumber = (a: ListedRow, b: ListedRow): number => Number(a.id - b.id);
