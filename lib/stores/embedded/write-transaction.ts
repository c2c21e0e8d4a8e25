import type { Budget } from '../../core/budget';
import { StoreError } from '../../core/reply';
import type { NameNote, NoticesToKeep, NoticesToTake, TallyOrder } from '../../core/store';
import type { Clock } from '../../core/transitions';
import type {
	DuplicateCount,
	FirstGrant,
	Found,
	Looked,
	RowSteps,
	Taken,
	Unit,
	Write,
} from '../rows/backend';
import { Counters, dayOf } from '../rows/counters';
import { isRefusedValue } from './errors';
import { type Tables, orUnreadable } from './tables';

/** A turn on n8n's thread ends after so long. */
const LONGEST_TURN_MS = 20;

/** The steps of one transaction, all at one time. Its caller holds the file's write lock. */
export class WriteTransaction implements RowSteps {
	/** Rows written. A duplicate's counts, too: what it is told may have been written by another process, and has to survive a power cut. */
	written = 0;

	readonly counters = new Counters();

	private readonly turnEnds = performance.now() + LONGEST_TURN_MS;

	constructor(
		private readonly tables: Tables,
		readonly clock: Clock,
	) {}

	insertOrRead(grants: readonly FirstGrant[]): Looked {
		const rows = grants.map(({ identity, record }): Found => {
			let id: number | null;
			try {
				id = this.tables.insert(identity, record);
			} catch (error) {
				return refusedValue(error);
			}
			if (id === null) return orUnreadable(() => this.tables.find(identity));
			this.written++;
			return { stored: null, version: id };
		});
		return { clock: this.clock, rows };
	}

	read(identities: readonly string[]): Looked {
		return {
			clock: this.clock,
			rows: identities.map((identity) => orUnreadable(() => this.tables.find(identity))),
		};
	}

	swap(writes: readonly Write[]): Array<true | StoreError> {
		return writes.map(({ identity, version, before, next }) => {
			try {
				if (version === null) this.tables.insert(identity, next);
				else this.tables.update(Number(version), before, next);
			} catch (error) {
				return refusedValue(error);
			}
			this.written++;
			return true;
		});
	}

	countDuplicates(counts: readonly DuplicateCount[]): boolean[] {
		this.written += counts.length;
		return counts.map((each) => this.tables.countDuplicates(each));
	}

	take(budgets: readonly Budget[]): Taken {
		const nowMs = Math.floor(this.clock.micros / 1000);
		return {
			clock: this.clock,
			units: budgets.map((budget) => this.tables.budgets.take(budget, nowMs)),
		};
	}

	giveBack(units: readonly Unit[]): void {
		for (const unit of units) this.tables.budgets.giveBack(unit);
	}

	remove(identity: string): void {
		this.tables.remove(identity);
		this.written++;
	}

	goesOn(): boolean {
		return performance.now() < this.turnEnds;
	}

	takeNotices({ consumer, notices, holdMs }: NoticesToTake): string[] {
		const now = Math.floor(this.clock.micros / 1000);
		this.tables.dropNotices(now);
		const taken = notices.filter((notice) =>
			this.tables.takeNotice(consumer, notice, Math.ceil(now + holdMs)),
		);
		this.written += taken.length;
		return taken;
	}

	keepNotices({ consumer, notices }: NoticesToKeep): null {
		for (const { notice, until } of notices) {
			this.tables.keepNotice(consumer, notice, Math.ceil(until));
		}
		this.written += notices.length;
		return null;
	}

	tally(order: TallyOrder): null {
		this.tables.tallies.count(order, Math.floor(this.clock.micros / 1000));
		this.written++;
		return null;
	}

	noteName({ namespace, name, lifetimeMs }: NameNote): null {
		const now = Math.floor(this.clock.micros / 1000);
		this.tables.noteName(namespace, name, now + lifetimeMs, now);
		this.written++;
		return null;
	}

	/** Adds what was counted to the file, once a transaction. */
	writeCounters(): void {
		if (this.counters.isEmpty) return;
		const day = dayOf(this.clock.micros);
		for (const { namespace, counter, by } of this.counters.takeAll()) {
			this.tables.count(day, namespace, counter, by);
		}
	}
}

/** A value that SQLite refuses fails its own row. @throws all else, which fails the transaction */
function refusedValue(error: unknown): StoreError {
	if (!isRefusedValue(error)) throw error;
	return new StoreError('unexpected', 'The record holds a value that can not be stored.', {
		cause: error,
	});
}
