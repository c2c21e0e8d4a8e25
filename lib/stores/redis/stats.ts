import type { Reply } from '../../core/reply';
import type { Counter, StatsRow } from '../../core/store';
import { SHARDS } from './keys';
import type { RedisCalls } from './redis-calls';

export async function statsOf(calls: RedisCalls): Promise<Reply<readonly StatsRow[]>> {
	return await calls.askAlone(async (client) => {
		const [micros, shards] = await Promise.all([
			calls.clock(client),
			Promise.all(SHARDS.map(async (shard) => await client.hgetall(calls.keys.stats(shard)))),
		]);
		return { micros, answer: sumCounters(shards) };
	});
}

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
