import type { Counter } from '../../core/store';

/** What was counted since it was last written, by namespace. */
export class Counters {
	private byNamespace = new Map<string, Map<Counter, number>>();

	get isEmpty(): boolean {
		return this.byNamespace.size === 0;
	}

	add(namespace: string, counter: Counter, by: number): void {
		let counters = this.byNamespace.get(namespace);
		if (counters === undefined) this.byNamespace.set(namespace, (counters = new Map()));
		counters.set(counter, (counters.get(counter) ?? 0) + by);
	}

	/** Gives all of it, in the order in which it is written everywhere, and begins anew. */
	takeAll(): CountedRow[] {
		const rows: CountedRow[] = [];
		for (const [namespace, counters] of this.byNamespace) {
			for (const [counter, by] of counters) rows.push({ namespace, counter, by });
		}
		this.byNamespace = new Map();
		return rows.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.counter, b.counter));
	}
}

export interface CountedRow {
	readonly namespace: string;
	readonly counter: Counter;
	readonly by: number;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `yyyymmdd`, in UTC. */
export function dayOf(micros: number): string {
	const day = new Date(micros / 1000).toISOString();
	return day.slice(0, 4) + day.slice(5, 7) + day.slice(8, 10);
}
