import type { Abandoning, OwnedClaim, OwnerAnswer, OwnerCommand } from '../core/record';
import type { Reply } from '../core/reply';
import type { Store } from '../core/store';
import { commandWithRetries } from './command-with-retries';

/** The end of a claim for which nothing ran: the key is free at once, and the attempt is given back. */
export function released(reason: string): Abandoning {
	return { to: 'released', retryAfterMs: 0, nothingRan: true, statusCode: 0, reason };
}

/** Gives claims back after which nothing ran, with as many tries as for any command. What can't be given back now ends by its lease. */
export async function release(
	{ store }: { readonly store: Store },
	claims: readonly OwnedClaim[],
	reason: string,
): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
	if (claims.length === 0) return [];
	return await commandWithRetries(
		store,
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
