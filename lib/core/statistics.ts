import { allRecords } from './all-records';
import type { ConflictReason } from './record';
import type { Reply } from './reply';
import type { Blocked, Counter, ObservedCounter, StatsRow, Store } from './store';
import { OBSERVED } from './store';

/** What happened to claims of one namespace on one day (UTC). */
export interface DayStatistics {
	/** `yyyy-mm-dd` */
	readonly day: string;
	readonly namespace: string;
	/** Claims of keys that were not known. */
	readonly new: number;
	/** Claims of keys that had been given back, or taken over. */
	readonly retries: number;
	readonly duplicates: number;
	readonly conflicts: number;
	/** Those whose signature was refused are among them. */
	readonly conflictsByReason: Readonly<
		Partial<Record<ConflictReason | 'signature_refused', number>>
	>;
	/** Requests without a key, which never came to the store. */
	readonly missingKeys: number;
	/** What "Observe Only" let through, by why it would have been blocked. */
	readonly observedByReason: Readonly<Partial<Record<Blocked, number>>>;
	/** Results that were stored. */
	readonly bytes: number;
}

/** The counters of a store as one row a day and namespace, by day and namespace. */
export function statisticsOf(
	rows: readonly StatsRow[],
	{ fromDay, namespace }: { readonly fromDay: string; readonly namespace: string | null },
): DayStatistics[] {
	const days = new Map<string, Mutable<DayStatistics>>();
	for (const row of rows) {
		const day = isoDay(row.day);
		if (day < fromDay || (namespace !== null && row.namespace !== namespace)) continue;
		const name = `${day} ${row.namespace}`;
		const statistics = days.get(name) ?? nothingOn(day, row.namespace);
		days.set(name, statistics);
		add(statistics, row);
	}
	return [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, statistics]) => statistics);
}

export function nothingOn(day: string, namespace: string): DayStatistics {
	return {
		day,
		namespace,
		new: 0,
		retries: 0,
		duplicates: 0,
		conflicts: 0,
		conflictsByReason: {},
		missingKeys: 0,
		observedByReason: {},
		bytes: 0,
	};
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function add(statistics: Mutable<DayStatistics>, { counter, value }: StatsRow): void {
	if (isObserved(counter)) {
		const reason = counter.slice(OBSERVED.length) as Blocked;
		const known = statistics.observedByReason[reason] ?? 0;
		statistics.observedByReason = { ...statistics.observedByReason, [reason]: known + value };
		return;
	}
	switch (counter) {
		case 'new':
		case 'bytes':
			statistics[counter] += value;
			break;
		case 'retry':
			statistics.retries += value;
			break;
		case 'missing_key':
			statistics.missingKeys += value;
			break;
		case 'duplicate':
			statistics.duplicates += value;
			break;
		default: {
			const known = statistics.conflictsByReason[counter] ?? 0;
			statistics.conflicts += value;
			statistics.conflictsByReason = {
				...statistics.conflictsByReason,
				[counter]: known + value,
			};
		}
	}
}

const isObserved = (counter: Counter): counter is ObservedCounter => counter.startsWith(OBSERVED);

/** How much would have been blocked. */
export const observedIn = ({ observedByReason }: DayStatistics): number =>
	Object.values(observedByReason).reduce((all, count) => all + count, 0);

/** `20261124` → `2026-11-24` */
const isoDay = (day: string) => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;

/** The UTC day of a time in ms, `yyyy-mm-dd`. */
export const dayOfTime = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Claims of a namespace whose outcome nobody knows. */
export interface Unresolved {
	readonly count: number;
	/** Since when the oldest waits, ms. */
	readonly oldestSince: number;
}

/**
 * How many claims of each namespace wait for somebody to say what happened: read from the index of open claims.
 *
 * @param workflowId only those that were last handled by this workflow; null: all
 */
export async function unresolvedIn(
	store: Store,
	workflowId: string | null = null,
): Promise<Reply<ReadonlyMap<string, Unresolved>>> {
	const unresolved = new Map<string, Unresolved>();
	let micros = 0;
	for await (const page of allRecords(store, { states: ['lapsed', 'unknown'], workflowId })) {
		if (!page.ok) return page;
		({ micros } = page);
		for (const { state, record } of page.answer.records) {
			// It never began: there is nothing to find out.
			if (state === 'released') continue;
			const { namespace, leaseUntil } = record;
			const known = unresolved.get(namespace) ?? { count: 0, oldestSince: leaseUntil };
			unresolved.set(namespace, {
				count: known.count + 1,
				oldestSince: Math.min(known.oldestSince, leaseUntil),
			});
		}
	}
	return { ok: true, micros, answer: unresolved };
}
