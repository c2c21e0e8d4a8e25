import type { ClaimRecord, ClaimRequest, Tombstone } from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt, StoreError } from '../core/reply';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';

type Stored = ClaimRecord | Tombstone | null;

/**
 * The request to claim each item with. After a change of the secret, or of how identities are made, a key may have a record under more than
 * one naming: it is claimed where it has one that stands in the way, else by an earlier naming where there is any, else by the current
 * one. An item fails if its records can't be looked up.
 */
export async function requestsOf(
	{ store }: OpenStore,
	items: readonly ClaimableItem[],
): Promise<Array<ClaimRequest | StoreError>> {
	if (items.every(({ earlierRequests }) => earlierRequests.length === 0)) {
		return items.map(({ request }) => request);
	}
	const asked = items.map(({ request, earlierRequests }) => [...earlierRequests, request]);
	const replies = await store.get(asked.flat().map(({ identity }) => identity));
	let at = 0;
	return asked.map((requests) => {
		const found = requests.map((request) => ({ request, reply: replyAt(replies, at++) }));
		return chosenOf(found);
	});
}

interface Found {
	readonly request: ClaimRequest;
	readonly reply: Reply<Stored>;
}

/** @param found by the earlier namings, then by the current one */
function chosenOf(found: readonly Found[]): ClaimRequest | StoreError {
	const records = new Map<ClaimRequest, Stored>();
	for (const { request, reply } of found) {
		if (!reply.ok) return reply.error;
		records.set(request, reply.answer);
	}
	const requests = found.map(({ request }) => request);
	const [current, ...earlier] = [...requests.slice(-1), ...requests.slice(0, -1)];
	if (current === undefined) throw new RangeError('An item has a request');
	const has = (test: (record: Stored) => boolean) => (request: ClaimRequest) =>
		test(records.get(request) ?? null);
	return [current, ...earlier].find(has(standsInTheWay)) ?? earlier.find(has(isThere)) ?? current;
}

/**
 * Whether the key of each granted item has a record by another naming that stands in the way: another run looked for records
 * before either was there. At least one of the two sees it.
 */
export async function grantedTwice(
	{ store }: OpenStore,
	granted: ReadonlyArray<{ readonly item: ClaimableItem; readonly request: ClaimRequest }>,
): Promise<boolean[]> {
	const others = granted.map(({ item, request }) =>
		[item.request, ...item.earlierRequests].filter((other) => other !== request),
	);
	const asked = others.flat().map(({ identity }) => identity);
	if (asked.length === 0) return granted.map(() => false);
	const replies = await store.get(asked);
	let at = 0;
	return others.map((ofItem) => {
		const found = ofItem.map(() => replyAt(replies, at++));
		return found.some((reply) => !reply.ok || standsInTheWay(reply.answer));
	});
}

function isThere(record: Stored): record is ClaimRecord {
	return record !== null && record.state !== 'tombstone';
}

/** Anything but a key that the next request may have. */
function standsInTheWay(record: Stored): boolean {
	return isThere(record) && record.state !== 'released';
}
