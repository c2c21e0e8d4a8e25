import { sealToken } from '../../lib/claim-token';
import type { ClaimAnswer, ClaimRequest, OwnerCommand } from '../../lib/record';
import type { StoreKind } from '../../lib/store';
import { StoreError } from '../../lib/store';
import type { OpenStore } from '../shared/open-store';
import { signingKeyOf } from '../shared/open-store';

/** The store's answer to an item. */
export type Claimed =
	| {
			readonly ok: true;
			readonly answer: ClaimAnswer;
			/** The store's clock, in ms. */
			readonly now: number;
			/** Only for a new claim. */
			readonly token: string | null;
	  }
	| { readonly ok: false; readonly error: StoreError };

export interface GrantedClaim {
	readonly identity: string;
	readonly owner: string;
	readonly fence: number;
	readonly token: string;
	readonly claimTimeoutMs: number;
}

/** Asks the store once for all requests. Answers come in the order of the requests. */
export async function claimItems(
	opened: OpenStore | StoreError,
	kind: StoreKind,
	requests: readonly ClaimRequest[],
): Promise<Claimed[]> {
	if (opened instanceof StoreError) return requests.map(() => ({ ok: false, error: opened }));
	if (requests.length === 0) return [];
	const [signingKey, replies] = await Promise.all([
		signingKeyOf(opened),
		opened.store.claim(requests),
	]);

	const claimed = requests.map((request, i): Claimed => {
		const reply = replies[i];
		if (reply === undefined) {
			return { ok: false, error: new StoreError('unexpected', 'The store gave no answer') };
		}
		if (!reply.ok) return reply;
		const { answer } = reply;
		const now = Math.floor(reply.micros / 1000);
		if (answer.outcome !== 'new') return { ok: true, answer, now, token: null };
		if (!signingKey.ok) return signingKey;
		const { fence, record } = answer;
		const { identity, owner, retentionMs } = request;
		const remains = { ...request, eventAt: record.eventAt };
		const token = sealToken(
			{ store: kind, identity, owner, fence, retentionMs, remains },
			signingKey.answer,
		);
		return { ok: true, answer, now, token };
	});
	if (!signingKey.ok) {
		// Without a token nobody could finish these claims: give them back.
		await release(
			opened,
			requests.flatMap((request, i) => {
				const reply = replies[i];
				return reply?.ok && reply.answer.outcome === 'new'
					? [{ ...request, fence: reply.answer.fence }]
					: [];
			}),
			'The claim could not be handed over',
		);
	}
	return claimed;
}

export function grantedClaims(
	requests: readonly ClaimRequest[],
	claimed: readonly Claimed[],
): GrantedClaim[] {
	return requests.flatMap(({ identity, owner, claimTimeoutMs }, i) => {
		const each = claimed[i];
		return each?.ok && each.token !== null && each.answer.outcome === 'new'
			? [{ identity, owner, fence: each.answer.fence, token: each.token, claimTimeoutMs }]
			: [];
	});
}

/** Gives claims back after which nothing ran. What can't be given back now ends by its lease. */
export async function release(
	opened: OpenStore | StoreError,
	claims: ReadonlyArray<Pick<GrantedClaim, 'identity' | 'owner' | 'fence'>>,
	reason: string,
): Promise<void> {
	if (opened instanceof StoreError || claims.length === 0) return;
	await opened.store.command(
		claims.map(
			({ identity, owner, fence }): OwnerCommand => ({
				type: 'abandon',
				to: 'released',
				identity,
				owner,
				fence,
				ownRun: true,
				retryAfterMs: 0,
				statusCode: 0,
				reason,
			}),
		),
	);
}
