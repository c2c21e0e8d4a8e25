import { sqlTokenOf } from '../keys/sql-token';
import type { ClaimView } from '../core/record';
import type { StoreError } from '../core/reply';
import type { Claimed } from './claim-items';
import { answerDetails } from './details';
import type { JsonObject } from './item';
import type { OpenStore } from './opened-store';
import { secretsOf } from './store-secrets';
import type { ClaimableItem } from './prepare';
import type { Refusal } from './refusal';
import { refusalOf } from './refusal';
import type { Replay } from './replay';
import { replayOf } from './replay';
import type { GuardTerms } from './terms';

/** The answer to an item that asked for a claim. `details` go into our own field of the item. */
export type Answer =
	| { readonly kind: 'new'; readonly details: JsonObject; readonly token: string }
	| {
			readonly kind: 'duplicate';
			/** Made where they are told: who gets the stored result gets nothing else. */
			readonly details: () => JsonObject;
			readonly record: ClaimView;
			readonly replay: Replay;
	  }
	| { readonly kind: 'conflict'; readonly details: JsonObject; readonly refusal: Refusal }
	/** The store could not be asked. */
	| { readonly kind: 'failed'; readonly error: StoreError };

/** @param isHeldHere whether this very run holds a key for an earlier item */
export function answerOf(
	claimed: Claimed,
	item: ClaimableItem,
	terms: GuardTerms,
	opened: OpenStore,
	isHeldHere: (identity: string) => boolean,
): Answer {
	if (!claimed.ok) return { kind: 'failed', error: claimed.error };
	const { answer, request, token } = claimed;
	const details = () => answerDetails(claimed, item.label, terms.scope);
	switch (answer.outcome) {
		case 'new':
			return {
				kind: 'new',
				details: terms.completeInSql
					? {
							...details(),
							sqlToken: sqlTokenOf({ ...request, fence: answer.fence }, opened.secret !== ''),
						}
					: details(),
				token: token ?? '',
			};
		case 'duplicate': {
			const replay = replayOf(answer, request, secretsOf(opened), details);
			return { kind: 'duplicate', details, record: answer.record, replay };
		}
		case 'conflict': {
			const sameBatch = answer.reason === 'in_progress' && isHeldHere(request.identity);
			const refusal = refusalOf(answer, claimed, item, opened, sameBatch);
			return {
				kind: 'conflict',
				details: sameBatch ? { ...details(), sameBatch } : details(),
				refusal,
			};
		}
	}
}
