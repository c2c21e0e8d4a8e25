import { isRecord, own } from '../delivery';
import type { SenderValue } from '../delivery-ids';
import { detectSender } from '../delivery-ids';

/**
 * Whose a body is by its shape alone; null where that says nothing. Headers are not signed: who has seen a delivery of one sender could
 * send it as one of another who signs alike, under an ID that is new.
 */
export function whoseBody(body: unknown): SenderValue | null {
	// Linear is detected by a header; its time stands in the body, and nobody else would look there.
	if (isRecord(body) && typeof own(body, 'webhookTimestamp') === 'number') return 'linear';
	return detectSender({ json: { headers: {}, query: {}, body } });
}
