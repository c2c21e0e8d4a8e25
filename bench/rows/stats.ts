import { claimArguments } from '../../lib/stores/redis/claim-script';
import { Keys, chunksOf } from '../../lib/stores/redis/keys';
import { scriptText } from '../../lib/stores/redis/scripts';
import { inTurns, rateOf } from '../measure';
import type { BenchRedis } from '../redis';
import { clientOf } from '../redis';
import { makeRequests } from '../requests';
import type { Report } from '../report';
import type { Scale } from '../scale';

const COUNTING = '\tcount(KEYS[#KEYS], tally)\n';

/** What the counters cost: claims by our script, against the same script without its counting. */
export async function stats(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const count = scale.of({ full: 10_000, short: 5_000 });
	const text = scriptText('claim');
	if (!text.includes(COUNTING)) throw new Error('claim.lua counts elsewhere by now');
	const [ours, bare] = [sideOf(redis, text), sideOf(redis, text.replace(COUNTING, ''))];
	const medians = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours: async () => await ours.claim(count),
		bare: async () => await bare.claim(count),
	});
	ours.close();
	bare.close();
	report.row({
		bench: 'stats',
		unit: 'claims/s',
		ours: medians.ours,
		peer: 'without counters',
		theirs: medians.bare,
		better: 'more',
	});
}

function sideOf({ port }: BenchRedis, lua: string) {
	const client = clientOf(port);
	client.defineCommand('claimBench', { lua });
	const keys = new Keys('stats');
	const commands = client as unknown as Record<
		'claimBench',
		(...args: Array<string | Buffer | number>) => Promise<unknown[]>
	>;
	return {
		claim: async (count: number) => {
			const chunks = chunksOf(makeRequests(count), false);
			return await rateOf(count, async () => {
				await Promise.all(
					chunks.map(async (chunk) => await commands.claimBench(...claimArguments(keys, chunk, 0))),
				);
			});
		},
		close: () => client.disconnect(),
	};
}
