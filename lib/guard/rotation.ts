import type { ClaimRequest } from '../core/record';
import { replyAt, StoreError } from '../core/reply';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';

const ENDS_SOON_MS = 60_000;

/**
 * The request to claim each item with. After a change of the secret, a key with a record under the previous secret is claimed there. A
 * record that is about to expire is not used: it might be gone before it is claimed, and the key could then be granted under both
 * secrets. For the same reason an item fails if its earlier record can't be looked up.
 */
export async function requestsOf(
	{ store }: OpenStore,
	items: readonly ClaimableItem[],
): Promise<Array<ClaimRequest | StoreError>> {
	const earlier = items.flatMap(({ earlierRequest }) => earlierRequest ?? []);
	if (earlier.length === 0) return items.map(({ request }) => request);
	const replies = await store.get(earlier.map(({ identity }) => identity));
	return items.map(({ request, earlierRequest }, i) => {
		const reply = replyAt(replies, i);
		if (!reply.ok) return reply.error;
		if (earlierRequest === null) {
			return new StoreError('unexpected', 'Either all items have an earlier request, or none');
		}
		const record = reply.answer;
		if (record === null || record.state === 'tombstone') return request;
		const now = reply.micros / 1000;
		const endsSoon = record.leaseUntil <= now && record.expiresAt - now <= ENDS_SOON_MS;
		return endsSoon ? request : earlierRequest;
	});
}
