import { CONTENT_NAMESPACE } from '../core/listing';
import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	OwnerCommand,
	Tombstone,
} from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt, StoreError } from '../core/reply';
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
 * its place. An error where nobody can tell.
 *
 * @param own every identity that the request's key may have
 */
export async function alikeBefore(
	store: Store,
	asked: ClaimRequest,
	reply: Reply<ClaimAnswer>,
	own: readonly string[],
): Promise<Alike | StoreError | null> {
	let answered = reply;
	let before: Alike | null = null;
	for (let tried = 0; ; tried++) {
		const first = firstOf(answered, own);
		if (first instanceof StoreError) return first;
		if (first === null) return before === null ? null : await grantedAgain(store, before);
		if (tried === TRIES) return first;
		const [content, record] = await store.get([asked.identity, first.identity]);
		if (!content?.ok || !record?.ok) return first;
		const held = liveClaim(content);
		// Held by another by now: who that is, is asked for again.
		const isStill = held !== null && namedIn(held) === first.identity;
		if (isFree(record, first)) before = first;
		else if (isStill) return first;
		if (isStill) await giveBackContents(store, [{ ...held, identity: asked.identity }]);
		answered = replyAt(await store.claim([asked]), 0);
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

/** Lets the next request that says the same be the first. What can't be given back ends by itself. */
export async function giveBackContents(
	store: Store,
	contents: ReadonlyArray<Pick<OwnerCommand, 'identity' | 'owner' | 'fence'>>,
): Promise<void> {
	if (contents.length === 0) return;
	await store.command(
		contents.map(({ identity, owner, fence }) => ({ ...GIVEN_BACK, identity, owner, fence })),
	);
}

const GIVEN_BACK: Omit<OwnerCommand & { type: 'release' }, 'identity' | 'owner' | 'fence'> = {
	type: 'release',
	ownRun: true,
	retryAfterMs: 0,
	statusCode: 0,
	reason: '',
};

function firstOf(reply: Reply<ClaimAnswer>, own: readonly string[]): Alike | StoreError | null {
	if (!reply.ok) return reply.error;
	if (reply.answer.outcome !== 'conflict') return null;
	const { record } = reply.answer;
	if (record === null) return null;
	const identity = namedIn(record);
	if (own.includes(identity)) return null;
	const { key, claimedAt, workflowId, executionId } = record;
	return { key, identity, firstSeenAt: claimedAt, workflowId, executionId };
}

/** The request that a content's record names. */
const namedIn = ({ fieldDigests }: Pick<ClaimRecord, 'fieldDigests'>): string =>
	Buffer.from(fieldDigests).toString('hex');
