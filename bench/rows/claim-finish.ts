import type { Host } from '../host';
import { inTurns, rateOf } from '../measure';
import { nodeIdempotency } from '../peers/node-idempotency';
import { ourPeer } from '../peers/ours';
import type { Handler, Peer } from '../peers/peer';
import { powertools } from '../peers/powertools';
import type { BenchRedis } from '../redis';
import type { Order } from '../requests';
import { makeOrder } from '../requests';
import type { Report } from '../report';
import type { Scale } from '../scale';

const HOUR_MS = 3_600_000;

/** A request that is claimed, acted on (which takes no time here) and finished with a small result, one after the other. */
export async function claimFinish(
	host: Host,
	redis: BenchRedis,
	report: Report,
	scale: Scale,
): Promise<void> {
	const count = scale.of({ full: 1_000, short: 500 });
	const { port } = redis;
	const open = async (peer: Peer): Promise<Handler> => {
		const handler = await peer.open({ port, leaseMs: 60_000, retentionMs: 48 * HOUR_MS });
		host.onCleanup(async () => await handler.close());
		return handler;
	};
	const round = (handler: Handler) => async () => {
		await redis.empty();
		const orders = Array.from({ length: count }, makeOrder);
		return await rateOf(count, async () => {
			for (const order of orders) await handleOnce(handler, order);
		});
	};
	const medians = await inTurns(scale.of({ full: 15, short: 5 }), {
		ours: round(await open(ourPeer())),
		[powertools.name]: round(await open(powertools)),
		[nodeIdempotency.name]: round(await open(nodeIdempotency)),
	});
	for (const { name: peer } of [powertools, nodeIdempotency]) {
		const [ours = NaN, theirs = NaN] = [medians.ours, medians[peer]];
		report.row({ bench: 'claim-finish', unit: 'requests/s', ours, peer, theirs, better: 'more' });
	}
}

export async function handleOnce(handler: Handler, order: Order): Promise<void> {
	const payload = { ...order };
	const answer = { id: 'ch_0001', status: 'succeeded' };
	const told = await handler.handle({ key: order.orderId, payload }, async () => answer);
	if (told.outcome !== 'result' || !told.acted) throw new Error(`told ${JSON.stringify(told)}`);
}
