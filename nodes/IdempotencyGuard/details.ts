import type { IDataObject } from 'n8n-workflow';

import { changedFieldsOf } from '../../lib/field-digests';
import { deterministicKsuid, uuidV8 } from '../../lib/key-formats';
import type { ClaimAnswer, ClaimRequest, ClaimView, ConflictReason } from '../../lib/record';
import { shortened } from '../shared/messages';
import { DOCS_URL } from '../shared/store-parameter';
import type { Compared } from './item-key';
import type { Scope } from './scope';

/** What the `idempotency` object of every outcome says. */
export function commonDetails(
	outcome: string,
	key: string,
	identity: string,
	record: ClaimView | null,
	scope: Scope,
): IDataObject {
	return {
		outcome,
		key,
		hash: identity,
		ksuid: record === null ? null : deterministicKsuid(identity, record.eventAt),
		uuid: uuidV8(identity),
		scope: scope.label,
		attempt: record?.attempts ?? 0,
		takeover: false,
		firstSeenAt: isoTime(record?.firstSeenAt),
		expiresAt: isoTime(record?.expiresAt),
		duplicates: record?.duplicates ?? 0,
	};
}

type Conflict = ClaimAnswer & { outcome: 'conflict' };

/** Why an item was refused, in words and as an RFC 9457 problem. */
export interface Refusal {
	readonly reason: ConflictReason | 'missing_key';
	readonly statusCode: number;
	readonly title: string;
	readonly message: string;
	readonly retryAfterSeconds: number | null;
	readonly changedFields: string[];
}

const TITLES: Readonly<Record<Refusal['reason'], readonly [statusCode: number, title: string]>> = {
	payload_mismatch: [422, 'This key was used for a different request'],
	in_progress: [409, 'The first request is still running'],
	unknown_outcome: [409, 'An earlier run never finished'],
	retry_later: [409, 'The request may be tried again later'],
	attempts_exhausted: [429, 'The request was tried too often'],
	stale_key: [412, 'The event is too old'],
	tenant_mismatch: [403, 'The key belongs to somebody else'],
	missing_key: [400, 'The request has no key'],
};

/** What the store's refusal means to the caller. `now` in ms by the store's clock. */
export function refusalOf(
	conflict: Conflict,
	compared: Compared | null,
	now: number,
	seen: { sameBatch: boolean; secret: string; storeIsYounger: boolean },
): Refusal {
	const { reason, record } = conflict;
	const [statusCode, title] = TITLES[reason];
	const { changed: changedFields, missing } =
		reason === 'payload_mismatch' && record !== null && compared !== null
			? changedFieldsOf(record.fieldDigests, compared.fields, seen.secret)
			: { changed: [], missing: 0 };
	const retryAfterSeconds = retryAfter(conflict, now);
	return {
		reason,
		statusCode,
		title,
		message: messageOf(conflict, differenceOf(changedFields, missing), retryAfterSeconds, seen),
		retryAfterSeconds,
		changedFields: changedFields.slice(0, MOST_NAMES).map(shortened),
	};
}

/** `why` with or without a full stop. */
export function missingKeyRefusal(why: string): Refusal {
	const [statusCode, title] = TITLES.missing_key;
	const message = `${why.replace(/\.$/, '')}. Nothing was done.`;
	return {
		reason: 'missing_key',
		statusCode,
		title,
		message,
		retryAfterSeconds: null,
		changedFields: [],
	};
}

export function refusalDetails(refusal: Refusal): IDataObject {
	const { title, ...details } = refusal;
	return {
		...details,
		problem: {
			type: `${DOCS_URL}/blob/main/docs/conflicts.md#${refusal.reason}`,
			title,
			status: refusal.statusCode,
			detail: refusal.message,
		},
	};
}

function retryAfter(conflict: Conflict, now: number): number | null {
	if (conflict.retryAfterMs !== null) return Math.ceil(conflict.retryAfterMs / 1000);
	if (conflict.reason !== 'in_progress' || conflict.record === null) return null;
	// As long again as the first run has taken so far: short for quick workflows, patient with slow ones.
	const elapsed = Math.ceil((now - conflict.record.claimedAt) / 1000);
	return Math.min(Math.max(elapsed, 1), 60);
}

/** A request may bring any number of fields with names of any length: the answer to it stays short. */
const MOST_NAMES = 100;
const MOST_NAMES_IN_TEXT = 10;

/** In brackets, or empty. The names of fields that are gone are not kept, only their number. */
function differenceOf(changedFields: readonly string[], missing: number): string {
	const named = changedFields.slice(0, MOST_NAMES_IN_TEXT).map(shortened).join(', ');
	const more = changedFields.length - MOST_NAMES_IN_TEXT;
	const parts = [
		...(changedFields.length > 0
			? [`it differs in: ${named}${more > 0 ? ` and ${more.toLocaleString('en-US')} more` : ''}`]
			: []),
		...(missing > 0 ? [`${missing} of its fields ${missing === 1 ? 'is' : 'are'} missing`] : []),
	];
	return parts.length > 0 ? ` (${parts.join('; ')})` : '';
}

function messageOf(
	{ reason, record }: Conflict,
	difference: string,
	retryAfterSeconds: number | null,
	{ sameBatch, storeIsYounger }: { sameBatch: boolean; storeIsYounger: boolean },
): string {
	const since = isoTime(record?.claimedAt);
	switch (reason) {
		case 'payload_mismatch':
			return `This key was first used at ${isoTime(record?.firstSeenAt)} for a different request${difference}. Nothing was done. Send the same request again, or use a new key for a new request.`;
		case 'in_progress':
			return sameBatch
				? 'Another item of this batch has the same key and is being handled. Nothing was done for this one.'
				: `The first request with this key has been running since ${since}. Nothing was done for this one. Ask again in ${retryAfterSeconds} s to get its result.`;
		case 'unknown_outcome':
			return `${
				record?.reason ? record.reason : `The run of ${since} ended without a result`
			}. Whether it acted is not known, so nothing was done. Check with the service that it called before trying again.`;
		case 'retry_later':
			return `The last try did not succeed${record?.reason ? ` (${record.reason})` : ''}. Nothing was done now. Try again in ${retryAfterSeconds} s.`;
		case 'attempts_exhausted':
			return `This request was tried ${record?.attempts} times without success${
				record?.reason ? ` (last: ${record.reason})` : ''
			}. Nothing was done now, and no further try will be made.`;
		case 'stale_key':
			return storeIsYounger
				? 'The store began to remember after the event happened, so the event may have been handled before. Nothing was done.'
				: 'The event is older than this node remembers, so it may have been handled before. Nothing was done.';
		case 'tenant_mismatch':
			return 'This key belongs to somebody else. Nothing was done.';
	}
}

export function isoTime(ms: number | undefined): string | null {
	return ms === undefined || ms === 0 ? null : new Date(ms).toISOString();
}

/** Whether an event of this age would be remembered: where it is stale all the same, the store began later. */
export function isWithinRetention({ eventAt, retentionMs }: ClaimRequest, now: number): boolean {
	return eventAt !== null && eventAt >= now - retentionMs;
}
