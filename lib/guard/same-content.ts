import {
	contentGivenBack,
	contentHeldIn,
	contentRequest,
	namedByContent,
} from '../core/content-request';
import type { ClaimRecord, ClaimRequest, ClaimView, ContentHeld, Tombstone } from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt, StoreError } from '../core/reply';
import type { Store } from '../core/store';
import { observe } from '../core/transitions';

/** Who came first with the same content: the record of the content names it, see content-request.ts, unless it was given back. */

/** The request that came first. */
export interface Alike {
	readonly key: string;
	readonly identity: string;
	/** ms */
	readonly firstSeenAt: number;
	readonly workflowId: string;
	readonly executionId: string;
}

/** For as long a record may be on its way that its content names. */
const ON_ITS_WAY_MS = 60_000;
const TRIES = 3;

/**
 * Who came first with the content of a request that was granted its key; null where nobody did, or it was given back, so that this one takes
 * its place. An error where nobody can tell.
 *
 * @param answered with the grant
 * @param own every identity that the request's key may have
 */
export async function alikeBefore(
	store: Store,
	request: ClaimRequest,
	answered: ContentHeld,
	own: readonly string[],
): Promise<Alike | StoreError | null> {
	if (request.content === undefined) return null;
	const asked = contentRequest(request.content, request);
	let held = answered;
	let before: Alike | null = null;
	for (let tried = 0; ; tried++) {
		if (held instanceof StoreError) return held;
		const first = firstOf(held, own);
		if (first === null) return before === null ? null : await grantedAgain(store, before);
		if (tried === TRIES) return first;
		const [content, record] = await store.get([asked.identity, first.identity]);
		if (!content?.ok || !record?.ok) return first;
		const holder = liveClaim(content);
		// Held by another by now: who that is, is asked for again.
		const isStill = holder !== null && namedByContent(holder) === first.identity;
		if (isFree(record, first)) before = first;
		else if (isStill) return first;
		if (isStill) await store.command([contentGivenBack({ ...holder, identity: asked.identity })]);
		held = contentHeldIn(replyAt(await store.claim([asked]), 0));
	}
}

/** The first one, if it was granted anew while its place was taken: then it acts. */
async function grantedAgain(store: Store, first: Alike): Promise<Alike | null> {
	const record = replyAt(await store.get([first.identity]), 0);
	return record.ok && isFree(record, first) ? null : first;
}

type Found = Reply<ClaimRecord | Tombstone | null> & { readonly ok: true };

function isFree({ answer, micros }: Found, first: Alike): boolean {
	const now = Math.floor(micros / 1000);
	const state = observe(answer, now);
	return state === 'released' || (state === 'absent' && now - first.firstSeenAt >= ON_ITS_WAY_MS);
}

/** Null where nobody holds it. */
function liveClaim({ answer, micros }: Found): ClaimRecord | null {
	if (answer === null || answer.state === 'tombstone') return null;
	const state = observe(answer, Math.floor(micros / 1000));
	return state === 'absent' || state === 'released' ? null : answer;
}

/** Null where it is the request itself. */
function firstOf(held: ClaimView | null, own: readonly string[]): Alike | null {
	if (held === null) return null;
	const identity = namedByContent(held);
	if (own.includes(identity)) return null;
	const { key, claimedAt, workflowId, executionId } = held;
	return { key, identity, firstSeenAt: claimedAt, workflowId, executionId };
}
