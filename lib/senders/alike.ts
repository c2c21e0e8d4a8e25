import { withoutPaths } from '../keys/field-paths';
import { deliveryOf } from './delivery';
import type { SenderValue } from './sender';
import { senderOf } from './delivery-ids';

/**
 * Fields of a payload that a sender makes anew for each event, although it tells of the same. A sender that is not here is known by all that
 * it sends, less what looks volatile.
 */
const MADE_ANEW: Partial<Record<SenderValue, readonly string[]>> = {
	paddle: ['body.event_id', 'body.notification_id', 'body.occurred_at'],
	payPal: ['body.id', 'body.create_time'],
	slack: ['body.event_id', 'body.event_time', 'body.event_context'],
	square: ['body.event_id', 'body.created_at'],
	stripe: ['body.id', 'body.created', 'body.request', 'body.pending_webhooks'],
};

/** They send one event to each who asked for it, and each of them is meant to act: what they say alike is not the same. */
const MEANT: ReadonlySet<SenderValue> = new Set(['shopify']);

/** The sender whose delivery ID is the key; null where it is none's. @param parts of the key */
export function senderOfDelivery(parts: readonly unknown[]): SenderValue | null {
	const [source, sender] = parts;
	return source === 'delivery' ? (sender as SenderValue) : null;
}

/** What two deliveries of a sender have alike where they tell of the same; null where that is never so. */
export function alikeIn(json: unknown, payload: unknown, sender: SenderValue | null): unknown {
	if (sender === null) return payload;
	if (MEANT.has(sender)) return null;
	const thing = senderOf(sender).thing?.read(deliveryOf(json));
	if (thing?.kind === 'id') return ['what happened', sender, thing.scope, thing.id];
	return withoutPaths(payload, MADE_ANEW[sender] ?? []);
}
