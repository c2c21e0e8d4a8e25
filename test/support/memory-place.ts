import { randomBytes } from 'node:crypto';

import type { Stored } from '../../lib/core/record';
import type {
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	Tallied,
	TallyOrder,
} from '../../lib/core/store';
import type { Clock } from '../../lib/core/transitions';
import type { CountedRow } from '../../lib/stores/rows/counters';
import { dayOf } from '../../lib/stores/rows/counters';

export interface Kept {
	readonly id: number;
	version: number;
	/** Null for what is not a record of ours. */
	stored: NonNullable<Stored> | null;
}

/** What openings of a place share. Each step of an opening is atomic, and others may come between any two. */
export class MemoryPlace {
	readonly rows = new Map<string, Kept>();

	/** Times of grants (ms), by budget. */
	readonly grants = new Map<string, Array<{ readonly at: number }>>();

	private readonly notices = new Map<string, number>();

	private readonly noted = new Map<string, { readonly name: string; readonly until: number }>();

	private readonly tallies = new Map<string, Tallied & { readonly until: number }>();

	private readonly counted = new Map<string, number>();

	readonly signingKey = randomBytes(32);

	readonly epoch: number;

	/** How many steps were asked for: round trips, if it were a server. */
	steps = 0;

	private ids = 0;

	/** @param micros the place's clock, which stands still but for the test */
	constructor(public micros: number) {
		this.epoch = Math.floor(micros / 1000);
	}

	get now(): number {
		return Math.floor(this.micros / 1000);
	}

	get clock(): Clock {
		return { micros: this.micros, epoch: this.epoch };
	}

	insert(identity: string, stored: NonNullable<Stored>): Kept {
		const kept = { id: ++this.ids, version: 0, stored: copyOf(stored) };
		this.rows.set(identity, kept);
		return kept;
	}

	takeNotices({ consumer, notices, holdMs }: NoticesToTake): string[] {
		return notices.filter((notice) => {
			const name = `${consumer} ${notice}`;
			if ((this.notices.get(name) ?? 0) > this.now) return false;
			this.notices.set(name, Math.ceil(this.now + holdMs));
			return true;
		});
	}

	keepNotices({ consumer, notices }: NoticesToKeep): null {
		for (const { notice, until } of notices) {
			this.notices.set(`${consumer} ${notice}`, Math.ceil(until));
		}
		return null;
	}

	noteName({ namespace, name, lifetimeMs }: NameNote): null {
		this.noted.set(namespace, { name, until: this.now + lifetimeMs });
		return null;
	}

	names(namespaces: readonly string[]): Map<string, string> {
		const names = new Map<string, string>();
		for (const namespace of namespaces) {
			const note = this.noted.get(namespace);
			if (note !== undefined && note.until > this.now) names.set(namespace, note.name);
		}
		return names;
	}

	tally({ counts, keepMs }: TallyOrder): null {
		for (const { bucket, name, by } of counts) {
			const known = this.tallies.get(`${bucket} ${name}`);
			const sum = (known?.by ?? 0) + by;
			this.tallies.set(`${bucket} ${name}`, { bucket, name, by: sum, until: this.now + keepMs });
		}
		return null;
	}

	tallied(buckets: readonly string[]): Tallied[] {
		return [...this.tallies.values()].flatMap(({ until, ...each }) =>
			buckets.includes(each.bucket) && until > this.now ? [each] : [],
		);
	}

	count(rows: readonly CountedRow[]): void {
		const day = dayOf(this.micros);
		for (const { namespace, counter, by } of rows) {
			const name = `${day} ${counter} ${namespace}`;
			this.counted.set(name, (this.counted.get(name) ?? 0) + by);
		}
	}

	stats(): StatsRow[] {
		return [...this.counted].map(([name, value]) => {
			const [day = '', counter, ...namespace] = name.split(' ');
			const at = { day, namespace: namespace.join(' ') };
			return { ...at, counter: counter as StatsRow['counter'], value };
		});
	}

	/** As a purge between any two steps. */
	purge(): void {
		for (const [identity, { stored }] of this.rows) {
			if (stored !== null && stored.expiresAt <= this.now) this.rows.delete(identity);
		}
	}
}

/** A place has bytes of its own. */
export function copyOf(stored: NonNullable<Stored>): NonNullable<Stored> {
	if (stored.state === 'tombstone' || stored.result === null) return stored;
	return { ...stored, result: Uint8Array.from(stored.result) };
}

/** Counted in between: the difference is written, as every backend has to. */
export function withDuplicatesOf(
	next: NonNullable<Stored>,
	before: Stored,
	stored: Stored,
): NonNullable<Stored> {
	if (next.state === 'tombstone' || stored === null || stored.state === 'tombstone') return next;
	const known = before === null || before.state === 'tombstone' ? 0 : before.duplicates;
	return { ...next, duplicates: stored.duplicates + next.duplicates - known };
}
