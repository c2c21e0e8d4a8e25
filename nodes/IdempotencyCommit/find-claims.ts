import type { IExecuteFunctions } from 'n8n-workflow';

import type { Complaint } from '../../lib/guard/complaint';
import type { SealedClaim } from '../../lib/keys/claim-token';
import { looksLikeToken, unsealToken, storeNamedBy } from '../../lib/keys/claim-token';
import type { StoreKind } from '../../lib/core/store';
import { guardsBefore } from '../shared/node-types';
import { openClaimsOf } from '../shared/open-claims';
import type { ItemParameters } from '../shared/parameters';
import { storeTitle } from '../shared/store-parameter';
import type { RunTrace } from '../run-end/run-trace';
import { inputTags, linkedClaims } from './linked-claims';

/** The claims that an item stands for; none where it came through without one. */
export type ItemClaims =
	| { readonly ok: true; readonly tokens: readonly string[]; readonly by: FoundBy }
	| { readonly ok: false; readonly complaint: Complaint };

/** How a claim was found: by item links, by the option "Claim", or as the only one that is open. */
export type FoundBy = 'link' | 'option' | 'context';

/** By item link, else the only open claim of the nearest Guard, else what the option "Claim" says; that option goes first. */
export function claimsOfItems(
	context: IExecuteFunctions,
	parameters: ItemParameters,
	trace: RunTrace | null,
	itemCount: number,
): ItemClaims[] {
	const tags = trace === null ? [] : inputTags(context, trace, itemCount);
	const guard = guardsBefore(context)[0]?.name;
	return Array.from({ length: itemCount }, (_, index): ItemClaims => {
		const given = parameters.get<unknown>('options.claim', index, '');
		if (given !== undefined && given !== null && given !== '') return claimGiven(given);
		const tag = tags[index];
		const linked = trace === null || tag === undefined ? null : linkedClaims(trace, tag);
		if (linked?.isSure && (linked.tokens.length > 0 || guard !== undefined)) {
			return { ok: true, tokens: linked.tokens, by: 'link' };
		}
		return claimOfContext(context, guard);
	});
}

function claimGiven(given: unknown): ItemClaims {
	const token =
		typeof given === 'object' && given !== null && 'token' in given ? given.token : given;
	if (looksLikeToken(token)) return { ok: true, tokens: [token], by: 'option' };
	return {
		ok: false,
		complaint: {
			message: 'The option "Claim" does not hold a claim token',
			description:
				"Give it the token that Idempotency Guard put on its New item, for example {{ $('Idempotency Guard').first().json.idempotency.token }}.",
		},
	};
}

function claimOfContext(context: IExecuteFunctions, guard: string | undefined): ItemClaims {
	if (guard === undefined) {
		return {
			ok: false,
			complaint: {
				message: 'There is no Idempotency Guard before this node',
				description:
					'Idempotency Commit saves the result of a request that an Idempotency Guard let through. Put a Guard before the node that acts, and connect its output New.',
			},
		};
	}
	const open = openClaimsOf(context, guard);
	if (open !== null && open.length <= 1) return { ok: true, tokens: open, by: 'context' };
	return {
		ok: false,
		complaint: {
			message: `The items lost their link to "${guard}", which let several requests through`,
			description:
				'A node between them (such as Code) made new items without saying which input they come from. Set pairedItem there, set "Mode" of Execute Sub-workflow to "Run once for each item", or give this node the token of each item in the option "Claim".',
		},
	};
}

/** The claim in a token, or why this node may not use it. */
export function unsealClaim(
	token: string,
	signingKeys: readonly Buffer[],
	store: StoreKind,
	workflowId: string | undefined,
):
	| { readonly ok: true; readonly claim: SealedClaim }
	| { readonly ok: false; readonly complaint: Complaint } {
	const named = storeNamedBy(token);
	if (named !== null && named !== store) {
		return refused(
			`This request is kept in the store "${storeTitle(named)}", but "Store" of this node is "${storeTitle(store)}"`,
			'Set "Store" to the same in Idempotency Guard and Idempotency Commit.',
		);
	}
	const opened = unsealToken(token, signingKeys);
	if (!opened.ok) {
		return opened.problem === 'unreadable'
			? refused(
					'The claim token is damaged',
					'Hand it on from Idempotency Guard as it is. It may be cut or changed on its way.',
				)
			: refused(
					'The claim token is not from this store',
					'It was made up, comes from another store or secret, or the store has lost its data since. Nothing was saved: check what the request did before you run it again.',
				);
	}
	if (opened.claim.remains.workflowId !== workflowId) {
		return refused(
			'The claim token belongs to another workflow',
			'Keep Idempotency Guard and Idempotency Commit in one workflow.',
		);
	}
	return opened;
}

function refused(message: string, description: string) {
	return { ok: false as const, complaint: { message, description } };
}
