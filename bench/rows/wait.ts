import { openRedisStore } from '../../lib/stores/redis';
import { waitForSettlement } from '../../lib/guard/wait-for-settlement';
import { setTimeout as sleep } from 'node:timers/promises';
import { onCleanup } from '../../scripts/lib/cleanup.mjs';
import { median } from '../measure';
import type { BenchRedis } from '../redis';
import { clientOf } from '../redis';
import { fencesOf, finishOf, makeRequests } from '../requests';
import type { Report } from '../report';
import type { Scale } from '../scale';

/**
 * From the call that commits to the waiting duplicate's answer, against one round trip. Who waits has connections of its own, as
 * another worker has.
 */
export async function wait(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const { port } = redis;
	// Other timeouts, so that it is a connection of its own in this process too.
	const timeouts = { connectMs: 2_001 };
	const waiter = openRedisStore({ deployment: 'standalone', host: '127.0.0.1', port, timeouts });
	const close = onCleanup(async () => await waiter.close());
	const client = clientOf(port);
	const waits: number[] = [];
	const trips: number[] = [];
	for (const request of makeRequests(scale.of({ full: 300, short: 60 }))) {
		const [fence = 0] = fencesOf(await redis.store.claim([request]));
		const answered = (async () => {
			await waitForSettlement(waiter, [request.identity], performance.now() + 10_000);
			const [reply] = await waiter.claim([{ ...request, owner: 'another' }]);
			if (!reply?.ok || reply.answer.outcome !== 'duplicate') throw new Error('no duplicate');
			return performance.now();
		})();
		// Long enough that it waits, and does not look at its first moment; at any point between two looks.
		await sleep(50 + Math.random() * 150);
		const begun = performance.now();
		await redis.store.command([finishOf(request, fence, null)]);
		waits.push((await answered) - begun);

		const asked = performance.now();
		await client.ping();
		trips.push(performance.now() - asked);
	}
	client.disconnect();
	await close();
	report.row({
		bench: 'wait',
		unit: 'ms (p50)',
		peer: 'one round trip to Redis (PING)',
		better: 'less',
		ours: median(waits),
		theirs: median(trips),
	});
}
