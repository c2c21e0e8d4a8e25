import { sealToken } from '../keys/claim-token';
import type {
	Abandoning,
	ClaimAnswer,
	ClaimRequest,
	OwnedClaim,
	OwnerCommand,
} from '../core/record';
import type { Reply } from '../core/reply';
import { replyAt, StoreError } from '../core/reply';
import type { OpenStore } from './opened-store';
import { signingKeysOf } from './opened-store';
import type { ClaimableItem } from './prepare';
import { requestsOf } from './rotation';
import type { GuardTerms } from './terms';

/** The store's answer to an item. */
export interface Answered {
	readonly ok: true;
	readonly request: ClaimRequest;
	readonly answer: ClaimAnswer;
	/** The store's clock, in ms. */
	readonly now: number;
	/** Only for a new claim. */
	readonly token: string | null;
}

export type Claimed = Answered | { readonly ok: false; readonly error: StoreError };

export interface GrantedClaim extends OwnedClaim {
	readonly token: string;
	readonly tenant: string;
	readonly claimTimeoutMs: number;
}

/** Asks the store once for all items. Answers come in their order. */
export async function claimItems(
	opened: OpenStore | StoreError,
	{ minReplicas }: Pick<GuardTerms, 'minReplicas'>,
	items: readonly ClaimableItem[],
): Promise<Claimed[]> {
	if (opened instanceof StoreError) return items.map(() => ({ ok: false, error: opened }));
	if (items.length === 0) return [];
	const chosen = await requestsOf(opened, items);
	const requests = chosen.filter((each): each is ClaimRequest => !(each instanceof StoreError));
	const [signingKeys, replies] = await Promise.all([
		signingKeysOf(opened),
		opened.store.claim(requests, { minReplicas }),
	]);
	if (!signingKeys.ok) await releaseUnsealed(opened, requests, replies);

	let asked = 0;
	return chosen.map((request): Claimed => {
		if (request instanceof StoreError) return { ok: false, error: request };
		const reply = replyAt(replies, asked++);
		if (!reply.ok) return reply;
		const { answer, micros } = reply;
		const now = Math.floor(micros / 1000);
		if (answer.outcome !== 'new') return { ok: true, request, answer, now, token: null };
		if (!signingKeys.ok) return signingKeys;
		const { identity, owner } = request;
		const remains = { ...request, eventAt: answer.record.eventAt };
		const sealed = { store: opened.store.kind, identity, owner, fence: answer.fence, remains };
		return { ok: true, request, answer, now, token: sealToken(sealed, signingKeys.answer[0]) };
	});
}

export function grantedClaims(claimed: readonly Claimed[]): GrantedClaim[] {
	return claimed.flatMap((each) => {
		if (!each.ok || each.answer.outcome !== 'new' || each.token === null) return [];
		const { identity, owner, tenant, claimTimeoutMs } = each.request;
		const { fence } = each.answer;
		return [{ identity, owner, fence, ownRun: true, token: each.token, tenant, claimTimeoutMs }];
	});
}

/** The end of a claim for which nothing ran: the key is free at once, and the attempt is given back. */
export function released(reason: string): Abandoning {
	return { to: 'released', retryAfterMs: 0, nothingRan: true, statusCode: 0, reason };
}

/** Gives claims back after which nothing ran. What can't be given back now ends by its lease. */
export async function release(
	{ store }: OpenStore,
	claims: readonly OwnedClaim[],
	reason: string,
): Promise<void> {
	if (claims.length === 0) return;
	await store.command(
		claims.map(
			({ identity, owner, fence, ownRun }): OwnerCommand => ({
				type: 'abandon',
				identity,
				owner,
				fence,
				ownRun,
				...released(reason),
			}),
		),
	);
}

/** Without a token nobody could finish these claims. */
async function releaseUnsealed(
	opened: OpenStore,
	requests: readonly ClaimRequest[],
	replies: ReadonlyArray<Reply<ClaimAnswer>>,
): Promise<void> {
	const granted = requests.flatMap(({ identity, owner }, i): OwnedClaim[] => {
		const reply = replies[i];
		return reply?.ok && reply.answer.outcome === 'new'
			? [{ identity, owner, fence: reply.answer.fence, ownRun: true }]
			: [];
	});
	await release(opened, granted, 'The claim could not be handed over');
}
