import { StoreError } from '../core/reply';
import type { Answered, Claimed } from './claimed';
import type { OpenStore } from './opened-store';
import type { ClaimableItem } from './prepare';
import { release } from './release';
import type { Alike } from './same-content';
import { alikeBefore } from './same-content';

/**
 * The answers to items, where an earlier request with the same content under another key is told with a new one, or refuses it. Where nobody
 * can tell, an item that would be refused fails, unless items go on without a store: then it goes on with its own key.
 */
export async function lookedAlike(
	opened: OpenStore,
	items: readonly ClaimableItem[],
	claimed: readonly Claimed[],
	onStoreError?: string,
): Promise<Claimed[]> {
	const looked: Claimed[] = [];
	for (const [i, each] of claimed.entries()) {
		const item = items[i];
		const isHeld = isNew(each) && each.answer.contentHeld != null;
		looked.push(isHeld && item ? await lookedAt(opened, item, each, onStoreError) : each);
	}
	return looked;
}

async function lookedAt(
	opened: OpenStore,
	{ request, earlierRequests, content }: ClaimableItem,
	claimed: New,
	onStoreError?: string,
): Promise<Claimed> {
	const own = [request, ...earlierRequests].map(({ identity }) => identity);
	const { contentHeld = null } = claimed.answer;
	const refuses = content?.refuses === true;
	const alike = await alikeBefore(opened.store, claimed.request, contentHeld, own);
	if (alike === null) return claimed;
	if (alike instanceof StoreError) {
		const fails = refuses && onStoreError !== 'continueUnprotected';
		return fails ? await unlooked(opened, claimed, alike) : { ...claimed, unlooked: alike };
	}
	return refuses ? await refused(opened, claimed, alike) : { ...claimed, alike };
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
	const { problem, message, advice } = error;
	return {
		ok: false,
		error: new StoreError(
			problem,
			`Whether the same content came before under another key could not be seen: ${message}`,
			{ cause: error, advice },
		),
	};
}

async function giveBack(opened: OpenStore, claimed: New, reason: string): Promise<void> {
	const { request, answer } = claimed;
	const { identity, owner } = request;
	await release(opened, [{ identity, owner, fence: answer.fence, ownRun: true }], reason);
}
