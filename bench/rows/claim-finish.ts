import { onCleanup } from '../../scripts/lib/cleanup.mjs';
import { type Round, inTurns, rateOf } from '../measure';
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
const AT_ONCE = 100;

const ANSWER = { id: 'ch_0001', status: 'succeeded' };
type HandleAll = (orders: readonly Order[]) => Promise<void>;

const act = async () => await Promise.resolve(ANSWER);

/**
 * Requests that are claimed, acted on (which takes no time here) and finished with a small result: one after the other, as webhooks
 * come; and 100 at once, each by calls of its own, as concurrent executions come: what joins them is the store's, or the client's, affair.
 */
export async function claimFinish(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	await redis.empty();
	const count = scale.of({ full: 1_000, short: 500 });
	const rounds = scale.of({ full: 15, short: 5 });
	const { port } = redis;
	const open = async (peer: Peer): Promise<Handler> => {
		const handler = await peer.open({ port, leaseMs: 60_000, retentionMs: 48 * HOUR_MS });
		onCleanup(async () => await handler.close());
		return handler;
	};
	const round = (atOnce: number, handleAll: HandleAll): Round => {
		return async () => {
			const parts = Array.from({ length: count / atOnce }, () =>
				Array.from({ length: atOnce }, makeOrder),
			);
			return await rateOf(count, async () => {
				for (const part of parts) await handleAll(part);
			});
		};
	};
	const sideBySide = (handler: Handler) => async (orders: readonly Order[]) => {
		await Promise.all(orders.map(async (order) => await handleOnce(handler, order)));
	};
	const ours = await open(ourPeer());
	const theirs = { [powertools.name]: await open(powertools) };
	theirs[nodeIdempotency.name] = await open(nodeIdempotency);

	const compare = async (unit: string, atOnce: number, oursAll: HandleAll) => {
		const peers = Object.entries(theirs);
		const medians: Record<string, number> = await inTurns(rounds, {
			ours: round(atOnce, oursAll),
			...Object.fromEntries(
				peers.map(([name, handler]) => [name, round(atOnce, sideBySide(handler))]),
			),
		});
		for (const [peer] of peers) {
			const figures = { ours: medians.ours ?? NaN, peer, theirs: medians[peer] ?? NaN };
			report.row({ bench: 'claim-finish', unit, ...figures, better: 'more' });
		}
	};
	await compare('requests/s, one by one', 1, sideBySide(ours));
	await compare(`requests/s, ${AT_ONCE} at once`, AT_ONCE, sideBySide(ours));
}

export async function handleOnce(handler: Handler, order: Order): Promise<void> {
	const told = await handler.handle({ key: order.orderId, payload: { ...order } }, act);
	if (told.outcome !== 'result' || !told.acted) throw new Error(`told ${JSON.stringify(told)}`);
}
