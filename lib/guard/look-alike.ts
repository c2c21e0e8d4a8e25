import type { ClaimAnswer, ClaimRequest, ConflictReason } from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt, StoreError } from '../core/reply';
import type { Answered, Claimed } from './claimed';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';
import { release } from './release';
import type { Alike } from './same-content';
import { alikeBefore, contentRequest, giveBackContents } from './same-content';

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
 * The answers to items, where an earlier request with the same content under another key is told with a new one, or refuses it. Where nobody
 * can tell, an item that would be refused fails, unless items go on without a store: then it goes on with its own key.
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
	onStoreError?: string,
): Promise<Claimed[]> {
	await giveBackOfRefused(opened, claimed, contents, replies);
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
		else if (alike instanceof StoreError) {
			const fails = item.content?.refuses === true && onStoreError !== 'continueUnprotected';
			looked.push(fails ? await unlooked(opened, each, alike) : each);
		} else if (item.content?.refuses !== true) looked.push({ ...each, alike });
		else looked.push(await refused(opened, each, alike));
	}
	return looked;
}

/** For these a request is refused whenever it comes: it never acts, and what it says was not done. */
const NEVER_ACTS: ReadonlySet<ConflictReason> = new Set([
	'payload_mismatch',
	'stale_key',
	'tenant_mismatch',
]);

/** What was refused would else stand for its content, and refuse the first request that may act. */
async function giveBackOfRefused(
	{ store }: OpenStore,
	claimed: readonly Claimed[],
	contents: ReadonlyArray<ClaimRequest | null>,
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): Promise<void> {
	let at = 0;
	const taken = claimed.flatMap((each, i) => {
		const content = contents[i] ?? null;
		if (content === null) return [];
		const reply = replyAt(replies, at++);
		if (!reply.ok || reply.answer.outcome !== 'new') return [];
		const neverActs =
			each.ok && each.answer.outcome === 'conflict' && NEVER_ACTS.has(each.answer.reason);
		return neverActs ? [{ ...content, fence: reply.answer.fence }] : [];
	});
	await giveBackContents(store, taken);
}

type New = Answered & { readonly answer: { readonly outcome: 'new' } };

const isNew = (claimed: Claimed): claimed is New => claimed.ok && claimed.answer.outcome === 'new';

async function refused(opened: OpenStore, claimed: New, alike: Alike): Promise<Answered> {
	await giveBack(opened, claimed, 'The same content had come under another key');
	return {
		...claimed,
		alike,
		token: null,
		answer: { outcome: 'conflict', reason: 'likely_duplicate', retryAfterMs: null, record: null },
	};
}

async function unlooked(opened: OpenStore, claimed: New, error: StoreError): Promise<Claimed> {
	await giveBack(opened, claimed, 'Whether the same content had come before could not be seen');
	return { ok: false, error };
}

async function giveBack(opened: OpenStore, claimed: New, reason: string): Promise<void> {
	const { request, answer } = claimed;
	const { identity, owner } = request;
	await release(opened, [{ identity, owner, fence: answer.fence, ownRun: true }], reason);
}
