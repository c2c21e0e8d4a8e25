import type { Store, Unclaimed } from '../core/store';
import { OBSERVED, counterOf } from '../core/store';
import type { Claimed } from './claimed';
import type { ClaimableItem } from './prepare';
import { countsIn } from './watch-counts';

/** Counts the answers to items by the minute, by tenant, and where the store could not count them by itself. */
export function countAnswers(
	store: Store,
	items: readonly ClaimableItem[],
	claimed: readonly Claimed[],
): void {
	const counts = countsIn(store);
	for (const [i, each] of claimed.entries()) {
		const item = items[i];
		if (!each.ok || item === undefined) continue;
		const { request, answer, now, alike } = each;
		const counter = counterOf(answer, request.counting);
		if (counter === null) continue;
		const { namespace, executionId, key } = request;
		const about = { namespace, tenant: item.tenantLabel, key, executionId, now };
		// The store was asked before the content was looked at: it has counted a new request.
		const isUncounted = answer.outcome === 'conflict' && answer.reason === 'likely_duplicate';
		counts.note({ ...about, counter, isUncounted });
		if (alike !== undefined && answer.outcome === 'new') {
			counts.note({ ...about, counter: `${OBSERVED}likely_duplicate`, isUncounted: true });
		}
	}
}

/** Requests that never come to the store. */
export function countUnclaimed(
	store: Store,
	place: { readonly namespace: string; readonly executionId: string },
	why: Unclaimed | `${typeof OBSERVED}${Unclaimed}`,
	by = 1,
): void {
	const about = { ...place, tenant: '', key: '', now: Date.now() };
	countsIn(store).note({ ...about, counter: why, isUncounted: true, by });
}
