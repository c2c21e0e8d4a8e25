import { during } from '../../scripts/lib/log.mjs';
import { PEERS } from '../peers';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { SCENARIOS } from './scenarios';

/** Every scenario for every peer: the peers of one scenario side by side, each with keys of its own. */
export async function correctness(redis: BenchRedis, report: Report): Promise<void> {
	for (const { name: scenario, expected, run } of SCENARIOS) {
		await redis.empty();
		const outcomes = await during(
			`correctness: ${scenario}`,
			async () => await Promise.all(PEERS.map(async (peer) => await run(peer, redis.port))),
		);
		for (const [i, { sideEffects, told }] of outcomes.entries()) {
			const peer = PEERS[i]?.name ?? '';
			report.verdict({ scenario, peer, sideEffects, expected, told });
		}
	}
}
