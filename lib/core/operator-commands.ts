import type {
	Abandoning,
	ObservedState,
	OperatorAnswer,
	OperatorCommand,
	Stored,
	Tombstone,
} from './record';
import type { Clock, Transition } from './observe';
import { isTombstone, liveRecord, nextFence, nowOf, observe } from './observe';
import { settled } from './settle';

/** The rows of docs/contract.md that a person orders: resolve, forget. */
export function operate(
	stored: Stored,
	order: OperatorCommand,
	clock: Clock,
): Transition<OperatorAnswer> {
	const now = nowOf(clock);
	const live = liveRecord(stored, now);
	const unchanged = (outcome: 'kept' | 'changed' | 'refused', state: ObservedState) => ({
		next: stored,
		answer: { outcome, state },
	});
	if (live === null || isTombstone(live)) {
		return unchanged(order.type === 'forget' ? 'kept' : 'refused', 'absent');
	}
	const state = observe(live, now);
	const running = state === 'processing' || state === 'pending';
	const { seen } = order;
	if (seen !== undefined && (seen.fence !== live.fence || seen.state !== state)) {
		return unchanged('changed', state);
	}

	if (order.type === 'forget') {
		if (running && !order.force) return unchanged('refused', state);
		const leaseMs = Math.max(0, live.leaseUntil - now);
		const next: Tombstone = {
			state: 'tombstone',
			fence: nextFence(clock, live.fence - 1),
			expiresAt: Math.max(live.believedUntil, now + live.retentionMs + leaseMs),
		};
		return { next, answer: { outcome: 'done', state: 'absent' } };
	}

	if ((running && !order.force) || state === 'completed') return unchanged('refused', state);
	const end: Abandoning =
		order.to === 'completed' ? order : { ...order, retryAfterMs: 0, statusCode: 0 };
	const next = settled(live, end, now);
	return {
		next: order.to === 'released' ? { ...next, attempts: 0 } : next,
		answer: { outcome: 'done', state: order.to },
	};
}
