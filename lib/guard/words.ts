import type { Budget } from '../core/budget';
import type { ClaimAnswer, ClaimView } from '../core/record';

/**
 * What `idempotency.message` says. A person reads it, or a language model that called a tool and must know when to stop. So each message
 * says what was already done and when, whether trying again helps, and what to look at instead. It never says that a changed
 * request, or another key, would get through.
 */

type Conflict = ClaimAnswer & { outcome: 'conflict' };

export interface ConflictWords {
	/** In brackets, or empty. */
	readonly difference: string;
	readonly retryAfterSeconds: number | null;
	readonly sameBatch: boolean;
	readonly storeIsYounger: boolean;
	readonly budget: Budget | undefined;
	/** The request that came first with the same content. */
	readonly alike: NamedAlike | null;
}

export interface NamedAlike {
	/** As the end of "came under …". */
	readonly name: string;
	readonly firstSeenAt: number;
	/** Null where it may not be told, or is gone. */
	readonly record: ClaimView | null;
}

export function conflictMessage({ reason, record }: Conflict, words: ConflictWords): string {
	const { difference, retryAfterSeconds } = words;
	const since = isoTime(record?.claimedAt);
	switch (reason) {
		case 'payload_mismatch':
			return `This key was first used at ${isoTime(record?.firstSeenAt)} for a different request${difference}, which ${whatCameOf(record)}. Nothing was done for this one. To get the result of the first request, send it again unchanged. Changing a request does not repeat or correct it: something truly new needs a key of its own.`;
		case 'in_progress':
			return words.sameBatch
				? 'Another item of this batch has the same key and is being handled. Nothing was done for this one. It need not be sent again.'
				: `The first request with this key has been running since ${since}. Nothing was done for this one. Do not send it under another key: ask again with the same request in ${retryAfterSeconds} s to get its result.`;
		case 'unknown_outcome':
			return `${
				record?.state === 'unknown' && record.reason !== ''
					? record.reason
					: `The run of ${since} ended without a result`
			}. Whether it acted is not known, so nothing was done. Do not try again, nor under another key: first check with the service that it called whether the request of ${isoTime(record?.firstSeenAt)} took effect.`;
		case 'retry_later':
			return `The last try did not succeed${record?.reason ? ` (${record.reason})` : ''}. Nothing was done now. Send the same request again, unchanged. Try again in ${retryAfterSeconds} s, not earlier.`;
		case 'attempts_exhausted':
			return `This request was tried ${record?.attempts} times without success${
				record?.reason ? ` (last: ${record.reason})` : ''
			}. Nothing was done now, and no further try will be made. Do not try again: tell what the last try was refused for.`;
		case 'budget_exhausted':
			return `${budgetWords(words.budget)}. Nothing was done now. Stop here: another payload or key does not get through either. Check what the earlier requests did. A further one may be made in ${retryAfterSeconds} s.`;
		case 'stale_key':
			return words.storeIsYounger
				? 'The store began to remember after the event happened, so the event may have been handled before. Nothing was done. Do not try again: check where it was sent from whether it was handled.'
				: 'The event is older than this node remembers, so it may have been handled before. Nothing was done. Do not try again: check where it was sent from whether it was handled.';
		case 'likely_duplicate': {
			const { name = 'another key', firstSeenAt, record: first = null } = words.alike ?? {};
			const came = first === null ? '' : `, and that request ${whatCameOf(first)}`;
			return `The same content came at ${isoTime(firstSeenAt)} under ${name}${came}. Nothing was done for this one. Do not send it again under another key${whatToDoAbout(first)}.`;
		}
		case 'tenant_mismatch':
			return 'This key belongs to somebody else. Nothing was done.';
	}
}

/** Of a duplicate: what the first request came to. */
export function duplicateMessage(record: ClaimView): string {
	const handled = `This request was handled before: it ${whatCameOf(record)}`;
	return record.state === 'failed'
		? `${handled}. Nothing was done now. The same request will get the same answer: trying again does not help.`
		: `${handled}. Nothing was done now, and nothing needs to be done again.`;
}

/** As the end of "Do not send it again under another key …". */
function whatToDoAbout(first: ClaimView | null): string {
	switch (first?.state) {
		case 'completed':
		case 'failed':
			return ': the key that it had first gets its result';
		case 'processing':
		case 'pending':
			return ': ask later with the key that it had first';
		case 'unknown':
			return ': check with the service that was called whether it took effect';
		default:
			return '';
	}
}

/** As the end of "the request …". */
function whatCameOf(record: ClaimView | null): string {
	const { state, finishedAt = 0, claimedAt = 0, statusCode = 0 } = record ?? {};
	const status = statusCode === 0 ? '' : ` with HTTP ${statusCode}`;
	switch (state) {
		case 'completed':
			return `was completed at ${isoTime(finishedAt)}${status}`;
		case 'failed':
			return `was refused at ${isoTime(finishedAt)}${status}`;
		case 'released':
			return 'did not succeed and may be tried again';
		case 'unknown':
			return `began at ${isoTime(claimedAt)} and ended without anybody knowing whether it acted`;
		default:
			return `has been running since ${isoTime(claimedAt)}`;
	}
}

function budgetWords(budget: Budget | undefined): string {
	if (budget === undefined) return 'As many new requests were made as are allowed';
	const minutes = budget.windowMs / 60_000;
	const many = budget.limit === 1 ? 'One new request was' : `${budget.limit} new requests were`;
	const window = minutes === 1 ? 'minute' : `${Number(minutes.toFixed(2))} minutes`;
	return `${many} already made in the last ${window}, which is as many as are allowed`;
}

export function isoTime(ms: number | undefined): string | null {
	return ms === undefined || ms === 0 ? null : new Date(ms).toISOString();
}
