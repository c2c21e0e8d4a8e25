import type { ClaimRecord, ClaimRequest, Tombstone } from '../core/record';
import { replyAt, StoreError } from '../core/reply';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';

type Stored = ClaimRecord | Tombstone | null;

/**
 * The request to claim each item with. After a change of the secret a key may have a record under either: it is claimed where it has one
 * that stands in the way, else under the previous secret where there is any, else under the current one. An item fails if its records
 * can't be looked up.
 */
export async function requestsOf(
	{ store }: OpenStore,
	items: readonly ClaimableItem[],
): Promise<Array<ClaimRequest | StoreError>> {
	const earlier = items.flatMap(({ earlierRequest }) => earlierRequest ?? []);
	if (earlier.length === 0) return items.map(({ request }) => request);
	if (earlier.length < items.length) {
		throw new TypeError('Either all items have an earlier request, or none');
	}
	const identities = [...earlier, ...items.map(({ request }) => request)];
	const replies = await store.get(identities.map(({ identity }) => identity));
	return items.map(({ request }, i) => {
		const [before, now] = [replyAt(replies, i), replyAt(replies, items.length + i)];
		if (!before.ok) return before.error;
		if (!now.ok) return now.error;
		if (standsInTheWay(now.answer)) return request;
		return isThere(before.answer) ? (earlier[i] ?? request) : request;
	});
}

/**
 * Whether the key of each granted item has a record under its other secret that stands in the way: another run looked for records
 * before either was there. At least one of the two sees it.
 */
export async function grantedTwice(
	{ store }: OpenStore,
	granted: ReadonlyArray<{ readonly item: ClaimableItem; readonly request: ClaimRequest }>,
): Promise<boolean[]> {
	const others = granted.map(({ item, request }) =>
		request === item.request ? item.earlierRequest : item.request,
	);
	const asked = others.flatMap((other) => other?.identity ?? []);
	if (asked.length === 0) return granted.map(() => false);
	const replies = await store.get(asked);
	let at = 0;
	return others.map((other) => {
		if (other === null) return false;
		const reply = replyAt(replies, at++);
		return !reply.ok || standsInTheWay(reply.answer);
	});
}

function isThere(record: Stored): record is ClaimRecord {
	return record !== null && record.state !== 'tombstone';
}

/** Anything but a key that the next request may have. */
function standsInTheWay(record: Stored): boolean {
	return isThere(record) && record.state !== 'released';
}
