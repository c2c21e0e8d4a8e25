import { CONTENT_NAMESPACE } from '../core/listing';
import type { ClaimAnswer, ClaimRequest, OwnerCommand } from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt } from '../core/reply';
import type { Store } from '../core/store';
import { observe } from '../core/transitions';
import type { Content } from './content';

/**
 * The same content under another key. Each content has a record of its own for as long as it is looked for: the first key holds it, and
 * names itself there. It is claimed in the same call as the key, so that of two at once one is the first.
 */

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

/** Asks for the content of a request. The record ends by itself, is in no list, and nobody is told of it. */
export function contentRequest(
	{ identity, windowMs }: Content,
	request: ClaimRequest,
): ClaimRequest {
	const { owner, key, workflowId, executionId } = request;
	return {
		identity,
		owner,
		fingerprint: 'content',
		comparison: 'content',
		fieldDigests: Buffer.from(request.identity, 'hex'),
		tenant: '',
		namespace: CONTENT_NAMESPACE,
		key,
		eventAt: null,
		leaseMs: windowMs,
		claimTimeoutMs: windowMs,
		retentionMs: 1,
		onUnknownOutcome: 'retry',
		maxAttempts: null,
		extendRetention: false,
		strictAge: false,
		pending: false,
		workflowId,
		executionId,
		counting: 'none',
	};
}

/**
 * Who came first with the content of a request that was granted its key; null where nobody did, or it was given back, so that this one takes
 * its place.
 *
 * @param own every identity that the request's key may have
 */
export async function alikeBefore(
	store: Store,
	asked: ClaimRequest,
	reply: Reply<ClaimAnswer>,
	own: readonly string[],
): Promise<Alike | null> {
	let answered = reply;
	for (let tried = 0; ; tried++) {
		const first = firstOf(answered, own);
		if (first === null || tried === TRIES) return first;
		const [content, record] = await store.get([asked.identity, first.identity]);
		if (!content?.ok || !record?.ok) return first;
		const now = Math.floor(record.micros / 1000);
		const state = observe(record.answer, now);
		const isOnItsWay = now - first.firstSeenAt < ON_ITS_WAY_MS;
		const isFree = state === 'released' || (state === 'absent' && !isOnItsWay);
		if (!isFree) return first;
		const held = content.answer;
		if (held !== null && held.state !== 'tombstone') {
			const { owner, fence } = held;
			await store.command([{ ...GIVEN_BACK, identity: asked.identity, owner, fence }]);
		}
		answered = replyAt(await store.claim([asked]), 0);
	}
}

const GIVEN_BACK: Omit<OwnerCommand & { type: 'release' }, 'identity' | 'owner' | 'fence'> = {
	type: 'release',
	ownRun: true,
	retryAfterMs: 0,
	statusCode: 0,
	reason: '',
};

function firstOf(reply: Reply<ClaimAnswer>, own: readonly string[]): Alike | null {
	if (!reply.ok || reply.answer.outcome !== 'conflict') return null;
	const { record } = reply.answer;
	if (record === null) return null;
	const identity = Buffer.from(record.fieldDigests).toString('hex');
	if (own.includes(identity)) return null;
	const { key, claimedAt, workflowId, executionId } = record;
	return { key, identity, firstSeenAt: claimedAt, workflowId, executionId };
}
