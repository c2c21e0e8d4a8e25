import {
	bytesOfName,
	contentGivenBack,
	contentHeldIn,
	contentRequest,
	namedByContent,
} from '../core/content-request';
import type { ClaimRecord, ClaimRequest, ClaimView, ContentHeld, Stored } from '../core/record';
import { viewOf } from '../core/record';
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
	/** Null where it is gone. */
	readonly record: ClaimView | null;
}

const TRIES = 3;

/**
 * Who came first with the content of a request that was granted its key; null where nobody did, or it was given back, so that this one takes
 * its place. An error where nobody can tell.
 *
 * @param answered with the grant
 * @param own every identity that the request's key may have: what another naming of it said is this request's
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
		if (held === null) break;
		const identity = namedByContent(held);
		const isOwn = own.includes(identity);
		const [content, record] = await store.get([asked.identity, identity]);
		const first = isOwn ? null : alikeOf(identity, held, record);
		if (tried === TRIES || !content?.ok || !record?.ok) return first;
		const holder = liveClaim(content);
		// Held by another by now: who that is, is asked for again.
		const isStill = holder !== null && namedByContent(holder) === identity;
		if (isOwn || isFree(record)) before = first ?? before;
		else if (isStill) return first;
		if (isStill) await store.command([contentGivenBack({ ...holder, identity: asked.identity })]);
		held = contentHeldIn(replyAt(await store.claim([asked]), 0), request.identity);
	}
	return before === null || !(await isGrantedAgain(store, before))
		? null
		: await putBack(store, asked, before);
}

/** Whether the first one was granted anew while its place was taken: then it acts. */
async function isGrantedAgain(store: Store, { identity }: Alike): Promise<boolean> {
	const record = replyAt(await store.get([identity]), 0);
	return !record.ok || !isFree(record);
}

/** Lets the content name the first one again, for whoever comes next. */
async function putBack(store: Store, asked: ClaimRequest, first: Alike): Promise<Alike> {
	const { identity, key, workflowId, executionId } = first;
	const content = replyAt(await store.get([asked.identity]), 0);
	const holder = content.ok ? liveClaim(content) : null;
	if (holder?.owner !== asked.owner) return first;
	await store.command([contentGivenBack({ ...holder, identity: asked.identity })]);
	const fieldDigests = bytesOfName(identity);
	await store.claim([{ ...asked, fieldDigests, key, workflowId, executionId }]);
	return first;
}

type Found = Reply<Stored> & { readonly ok: true };

/** One that is gone may have acted: it ended, and is remembered for a shorter time than its content. */
const isFree = ({ answer, micros }: Found): boolean =>
	observe(answer, Math.floor(micros / 1000)) === 'released';

/** Null where nobody holds it. */
function liveClaim({ answer, micros }: Found): ClaimRecord | null {
	if (answer === null || answer.state === 'tombstone') return null;
	const state = observe(answer, Math.floor(micros / 1000));
	return state === 'absent' || state === 'released' ? null : answer;
}

/** What took the place of another is told by its own record: that of the content keeps the first one's key. */
function alikeOf(identity: string, held: ClaimView, record: Reply<Stored> | undefined): Alike {
	const { claimedAt, workflowId, executionId } = held;
	const own = record?.ok === true && record.answer?.state !== 'tombstone' ? record.answer : null;
	return {
		key: own?.key ?? held.key,
		identity,
		firstSeenAt: claimedAt,
		workflowId,
		executionId,
		record: own === null ? null : viewOf(own),
	};
}
