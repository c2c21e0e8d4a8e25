import type { ClaimAnswer, ClaimRequest } from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt, StoreError } from '../core/reply';
import type { Answered, Claimed } from './claimed';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';
import { release } from './release';
import { alikeBefore, contentRequest } from './same-content';

/** What is asked for beside the key of each item; null where nothing is. */
export function contentsOf(
	items: readonly ClaimableItem[],
	chosen: ReadonlyArray<ClaimRequest | StoreError>,
): Array<ClaimRequest | null> {
	return items.map(({ content }, i) => {
		const request = chosen[i];
		if (content === null || request === undefined || request instanceof StoreError) return null;
		return contentRequest(content, request);
	});
}

/**
 * The answers to items, where an earlier request with the same content under another key is told with a new one, or refuses it.
 *
 * @param contents as `contentsOf` gave them
 * @param replies to those of them that were asked for
 */
export async function lookedAlike(
	opened: OpenStore,
	items: readonly ClaimableItem[],
	claimed: readonly Claimed[],
	contents: ReadonlyArray<ClaimRequest | null>,
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): Promise<Claimed[]> {
	const looked: Claimed[] = [];
	let at = 0;
	for (const [i, each] of claimed.entries()) {
		const asked = contents[i] ?? null;
		const reply = asked === null ? null : replyAt(replies, at++);
		const item = items[i];
		if (asked === null || reply === null || item === undefined || !isNew(each)) {
			looked.push(each);
			continue;
		}
		const own = [item.request, ...item.earlierRequests].map(({ identity }) => identity);
		const alike = await alikeBefore(opened.store, asked, reply, own);
		if (alike === null) looked.push(each);
		else if (item.content?.refuses !== true) looked.push({ ...each, alike });
		else looked.push({ ...(await refused(opened, each)), alike });
	}
	return looked;
}

type New = Answered & { readonly answer: { readonly outcome: 'new' } };

const isNew = (claimed: Claimed): claimed is New => claimed.ok && claimed.answer.outcome === 'new';

async function refused(opened: OpenStore, claimed: New): Promise<Answered> {
	const { request, answer } = claimed;
	const { identity, owner } = request;
	const claim = { identity, owner, fence: answer.fence, ownRun: true };
	await release(opened, [claim], 'The same content had come under another key');
	return {
		...claimed,
		token: null,
		answer: { outcome: 'conflict', reason: 'likely_duplicate', retryAfterMs: null, record: null },
	};
}
