import type { Counter, StatsRow } from '../../core/store';

const COUNTED = /^(\d{8})\|(.*)\|([a-z_]+)$/s;

/** The counters of all shards, added up. Other fields of the hashes are left out. */
export function sumCounters(shards: ReadonlyArray<Readonly<Record<string, string>>>): StatsRow[] {
	const sums = new Map<string, number>();
	for (const counters of shards) {
		for (const [name, value] of Object.entries(counters)) {
			sums.set(name, (sums.get(name) ?? 0) + Number(value));
		}
	}
	return [...sums].sort(byName).flatMap(([name, value]) => {
		const [, day = '', namespace = '', counter = ''] = COUNTED.exec(name) ?? [];
		return day === '' ? [] : [{ day, namespace, counter: counter as Counter, value }];
	});
}

function byName([a]: [string, number], [b]: [string, number]): number {
	return a < b ? -1 : 1;
}
