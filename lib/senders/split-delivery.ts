import { deliveryOf, isRecord } from './delivery';
import { DETECTION_V1, detectSender, senderOf } from './delivery-ids';
import type { SenderValue } from './sender';

/** One event of a delivery that may hold several: an item's json of the same shape, with this event alone in its body. */
export interface SplitEvent {
	/** One of the sender's kinds; null where it has none. */
	readonly kind: string | null;
	readonly json: unknown;
}

/** The events of a delivery, and whose it is. */
export interface SplitDelivery {
	readonly sender: SenderValue | null;
	/** Empty where the delivery holds none, as a heartbeat does. One, the delivery itself, where its sender does not batch. */
	readonly events: readonly SplitEvent[];
}

/** Most events of one delivery. A body with more is no sender's, and would cost a claim each. */
export const MOST_EVENTS = 10_000;

/**
 * Splits what n8n's Webhook node or a trigger emits by its sender's own rule. Each event then has a delivery ID of its own, so that
 * one without does not lose the others. Never throws.
 */
export function splitDelivery(
	item: { readonly json: unknown },
	sender: 'auto' | SenderValue,
	detection: readonly SenderValue[] = DETECTION_V1,
): SplitDelivery {
	const { json } = item;
	const whose = sender === 'auto' ? detectSender(item, detection) : sender;
	const { split } = whose === null ? {} : senderOf(whose);
	if (whose === null || split === undefined) {
		return { sender: whose, events: [{ kind: null, json }] };
	}
	const { body, isRequest } = deliveryOf(json);
	const parts = split(body);
	if (parts.length > MOST_EVENTS) return { sender: whose, events: [{ kind: null, json }] };
	return {
		sender: whose,
		events: parts.map(({ kind, body: part }) => ({
			kind,
			json: isRequest && isRecord(json) ? { ...json, body: part } : part,
		})),
	};
}
