import { sealToken } from '../keys/claim-token';
import { isGrant } from '../core/grant';
import type { ClaimAnswer, ClaimRequest, OwnedClaim } from '../core/record';
import type { Reply } from '../core/reply';
import { mayBeDone, replyAt, StoreError } from '../core/reply';
import type { Answered, Claimed } from './claimed';
import type { OpenStore } from './opened-store';
import { signingKeysOf } from './opened-store';
import { countAnswers } from './count-answers';
import { lookedAlike } from './look-alike';
import type { ClaimableItem } from './prepare';
import { release } from './release';
import { namingPlace } from './naming';
import { grantedTwice, requestsOf } from './rotation';
import { lifetimeOf } from './secret-keeper';
import type { GuardTerms } from './terms';
import { mayContinueUnprotected } from './unprotected';

export type { Answered, Claimed };

export interface GrantedClaim extends OwnedClaim {
	readonly token: string;
	readonly tenant: string;
	readonly claimTimeoutMs: number;
}

/** Two runs may take each other's way by two namings: each gives its claim back and asks again. */
const TRIES = 3;

export interface ClaimTerms extends Pick<GuardTerms, 'minReplicas'> {
	readonly completeInSql?: boolean;
	/** An item that goes on unprotected may act: its claim, if there is one after all, must not be given back. */
	readonly onStoreError?: string;
}

/** Asks the store for all items, once unless the secret, or how identities are made, is just being changed. Answers come in their order. */
export async function claimItems(
	opened: OpenStore | StoreError,
	terms: ClaimTerms,
	items: readonly ClaimableItem[],
): Promise<Claimed[]> {
	if (opened instanceof StoreError) return items.map(() => ({ ok: false, error: opened }));
	if (items.length === 0) return [];
	const claimed = await claimOnce(opened, terms, items);
	let left = await givenBack(opened, items, claimed, [...items.keys()]);
	for (let tried = 1; tried < TRIES && left.length > 0; tried++) {
		const again = await claimOnce(
			opened,
			terms,
			left.flatMap((i) => items[i] ?? []),
		);
		for (const [at, i] of left.entries()) claimed[i] = again[at]!;
		left = await givenBack(opened, items, claimed, left);
	}
	for (const i of left) claimed[i] = { ok: false, error: askedTwice() };
	countAnswers(opened.store, items, claimed);
	return claimed;
}

async function claimOnce(
	opened: OpenStore,
	{ minReplicas, completeInSql = false, onStoreError }: ClaimTerms,
	items: readonly ClaimableItem[],
): Promise<Claimed[]> {
	const { store, secretKeeper } = opened;
	const announced = await secretKeeper?.announce();
	if (announced) return items.map(() => ({ ok: false, error: announced }));
	const chosen = await requestsOf(opened, items);
	const requests = chosen.filter((each): each is ClaimRequest => !(each instanceof StoreError));
	const namings = namingsOfRequests(opened, items);
	await opened.lost.stopLookingFor(requests);
	const replies = await store.claim(requests, { minReplicas });
	if (onStoreError !== 'continueUnprotected') lookForLost(opened, requests, replies);
	// Only a claim that was granted is handed out: for a duplicate the store is asked nothing more.
	const isGranted = grantsIn(requests, replies).length > 0;
	const [signingKeys, foreign] = isGranted
		? await Promise.all([signingKeysOf(opened), secretKeeper?.refusalAfterGrant()])
		: [];
	const refused =
		(signingKeys?.ok === false ? signingKeys.error : null) ??
		foreign ??
		(await covered(opened, namings, requests, replies));
	const goesOn =
		onStoreError === 'continueUnprotected' && refused && mayContinueUnprotected(refused);
	if (refused && !goesOn) await takeBack(opened, requests, replies);

	let asked = 0;
	const claimed = chosen.map((request): Claimed => {
		if (request instanceof StoreError) return { ok: false, error: request };
		const reply = replyAt(replies, asked++);
		if (!reply.ok) return reply;
		const { answer, micros } = reply;
		const now = Math.floor(micros / 1000);
		if (answer.outcome !== 'new') return { ok: true, request, answer, now, token: null };
		if (refused || !signingKeys?.ok) return { ok: false, error: refused ?? askedTwice() };
		const { identity, owner } = request;
		const remains = { ...request, eventAt: answer.record.eventAt };
		const [naming, fence] = [namings.get(request) ?? '', answer.fence];
		const sealed = { store: store.kind, identity, owner, fence, naming, remains, completeInSql };
		return { ok: true, request, answer, now, token: sealToken(sealed, signingKeys.answer[0]) };
	});
	return await lookedAlike(opened, items, claimed, onStoreError);
}

/** What the record of each request is named by; none where the store notes no namings. */
function namingsOfRequests(
	{ secretKeeper }: OpenStore,
	items: readonly ClaimableItem[],
): ReadonlyMap<ClaimRequest, string> {
	const ids = secretKeeper?.ids ?? [];
	return new Map(
		items.flatMap((item) =>
			[item.request, ...item.earlierRequests].map((request) => {
				return [request, ids[namingPlace(item, request)] ?? ''] as const;
			}),
		),
	);
}

/** Gives back what was granted. What can't be given back now is looked for: nothing ran for it. */
async function takeBack(
	opened: OpenStore,
	requests: readonly ClaimRequest[],
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): Promise<void> {
	const granted = requests.filter((_, i) => isGrant(replies[i]));
	const reason = 'The claim could not be handed over';
	const given = await release(opened, grantsIn(requests, replies), reason);
	for (const [i, request] of granted.entries()) {
		if (!replyAt(given, i).ok) opened.lost.lookFor(request);
	}
}

function lookForLost(
	{ lost }: OpenStore,
	requests: readonly ClaimRequest[],
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): void {
	for (const [i, reply] of replies.entries()) {
		const request = requests[i];
		if (request === undefined || reply.ok) continue;
		if (mayBeDone(reply.error.problem)) lost.lookFor(request);
	}
}

/** Notes the namings of the records that may have been written, for as long as they may live. */
async function covered(
	{ secretKeeper }: OpenStore,
	namings: ReadonlyMap<ClaimRequest, string>,
	requests: readonly ClaimRequest[],
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): Promise<StoreError | null> {
	if (secretKeeper === undefined) return null;
	const longest = new Map<string, number>();
	for (const [i, request] of requests.entries()) {
		const reply = replies[i];
		if (!mayBeWritten(request, reply)) continue;
		const id = namings.get(request) ?? '';
		longest.set(id, Math.max(longest.get(id) ?? 0, lifetimeOf(request)));
	}
	for (const [id, lifetimeMs] of longest) {
		const failed = await secretKeeper.cover(id, lifetimeMs);
		if (failed !== null) return failed;
	}
	return null;
}

/** Also where the answer was lost: a grant that is found later is given back, but a duplicate's longer time stays. */
function mayBeWritten(
	{ extendRetention }: ClaimRequest,
	reply: Reply<ClaimAnswer> | undefined,
): boolean {
	if (reply === undefined) return false;
	if (!reply.ok) return extendRetention && mayBeDone(reply.error.problem);
	const { outcome } = reply.answer;
	return outcome === 'new' || (outcome === 'duplicate' && extendRetention);
}

/** Gives back what was granted by one naming while the key has a record by another. @returns the places of those items */
async function givenBack(
	opened: OpenStore,
	items: readonly ClaimableItem[],
	claimed: readonly Claimed[],
	places: readonly number[],
): Promise<number[]> {
	const granted = places.flatMap((place) => {
		const [each, item] = [claimed[place], items[place]];
		if (!each?.ok || each.token === null || !item || item.earlierRequests.length === 0) return [];
		return [{ place, item, request: each.request, claim: grantedClaims([each]) }];
	});
	if (granted.length === 0) return [];
	const twice = await grantedTwice(opened, granted);
	const back = granted.filter((_, i) => twice[i]);
	await release(
		opened,
		back.flatMap(({ claim }) => claim),
		'The key has a record by another naming',
	);
	return back.map(({ place }) => place);
}

export function grantedClaims(claimed: readonly Claimed[]): GrantedClaim[] {
	return claimed.flatMap((each) => {
		if (!each.ok || each.answer.outcome !== 'new' || each.token === null) return [];
		const { identity, owner, tenant, claimTimeoutMs } = each.request;
		const { fence } = each.answer;
		return [{ identity, owner, fence, ownRun: true, token: each.token, tenant, claimTimeoutMs }];
	});
}

function grantsIn(
	requests: readonly ClaimRequest[],
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): OwnedClaim[] {
	return requests.flatMap(({ identity, owner }, i): OwnedClaim[] => {
		const reply = replies[i];
		return isGrant(reply) ? [{ identity, owner, fence: reply.answer.fence, ownRun: true }] : [];
	});
}

function askedTwice(): StoreError {
	return new StoreError(
		'busy',
		'The secret of the credential, or the version of this package, was just changed, and several runs asked for this request before and after',
		{ advice: 'Nothing was done. Run it again.' },
	);
}
