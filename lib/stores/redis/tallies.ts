import type { Reply } from '../../core/reply';
import type { Tallied, TallyOrder } from '../../core/store';
import type { RedisCalls } from './redis-calls';

/** Counters beside those of claims: a hash for each bucket, which ends by itself. */
export async function tally(
	calls: RedisCalls,
	{ counts, keepMs }: TallyOrder,
): Promise<Reply<null>> {
	const keyOf = (bucket: string) => calls.keys.tally(bucket);
	const buckets = new Set(counts.map(({ bucket }) => bucket));
	return await calls.askAlone(async (client) => {
		await Promise.all([
			...counts.map(async ({ bucket, name, by }) => client.hincrby(keyOf(bucket), name, by)),
			...[...buckets].map(async (bucket) => client.pexpire(keyOf(bucket), keepMs)),
		]);
		return { micros: 0, answer: null };
	});
}

export async function talliedIn(
	calls: RedisCalls,
	buckets: readonly string[],
): Promise<Reply<Tallied[]>> {
	return await calls.askAlone(async (client) => {
		const [micros, found] = await Promise.all([
			calls.clock(client),
			Promise.all(buckets.map(async (bucket) => await client.hgetall(calls.keys.tally(bucket)))),
		]);
		const answer = buckets.flatMap((bucket, i) =>
			Object.entries(found[i] ?? {}).map(([name, by]) => ({ bucket, name, by: Number(by) })),
		);
		return { micros, answer };
	});
}
