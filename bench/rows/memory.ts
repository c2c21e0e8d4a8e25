import type { BenchRedis } from '../redis';
import { fencesOf, finishOf, makeRequests } from '../requests';
import type { Report } from '../report';
import type { Scale } from '../scale';

/** A store mostly holds what was finished: a claim is open for seconds, and remembered for days. */
const OPEN_SHARE = 0.1;

/** Bytes a record takes in Redis, index of open claims and counters included, against a bare `SET` of key and token. */
export async function memory(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const count = scale.of({ full: 200_000, short: 50_000 });
	const requests = makeRequests(count);

	/** Bytes a record, from an empty server. */
	const grownBy = async (work: () => Promise<unknown>): Promise<number> => {
		await redis.empty();
		await work();
		await redis.empty();
		// The buffers of the connections have grown now, and are no record's.
		const before = await redis.usedBytes();
		await work();
		return ((await redis.usedBytes()) - before) / count;
	};
	const claimAll = async () => fencesOf(await redis.store.claim(requests));
	const setAll = async (expiring: boolean) => {
		for (let from = 0; from < count; from += 10_000) {
			const pipeline = redis.client.pipeline();
			for (const { identity, owner, retentionMs } of requests.slice(from, from + 10_000)) {
				if (expiring) pipeline.set(identity, owner, 'PX', retentionMs);
				else pipeline.set(identity, owner);
			}
			await pipeline.exec();
		}
	};

	const claimed = await grownBy(claimAll);
	/** All are claimed, and but for a share of them finished. */
	const grownByFinished = async (openShare: number) =>
		await grownBy(async () => {
			const fences = await claimAll();
			const finished = requests.slice(Math.round(count * openShare));
			const skipped = count - finished.length;
			await redis.store.command(
				finished.map((each, i) => finishOf(each, fences[skipped + i] ?? 0, null)),
			);
		});
	const finished = await grownByFinished(0);
	const mixed = await grownByFinished(OPEN_SHARE);
	const bare = await grownBy(async () => await setAll(false));
	const expiring = await grownBy(async () => await setAll(true));

	const row = (unit: string, ours: number, peer: string, theirs: number) =>
		report.row({ bench: 'memory', unit, ours, peer, theirs, better: 'less' });
	row('bytes a claimed record', claimed, 'SET key token', bare);
	row('bytes a claimed record', claimed, 'SET key token PX', expiring);
	row('bytes a finished record', finished, 'SET key token', bare);
	row(`bytes a record, ${OPEN_SHARE * 100}% of them claimed`, mixed, 'SET key token', bare);
}
