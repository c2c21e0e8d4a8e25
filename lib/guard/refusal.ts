import type { ClaimAnswer, ClaimRequest, ConflictReason } from '../core/record';
import { changedFieldsOf } from '../keys/field-digests';
import type { Answered } from './claim-items';
import { shortened } from './complaint';
import { DOCS_URL } from './docs-url';
import type { JsonObject } from './item';
import { namingPlace, namingsOf } from './naming';
import type { StoreSecrets } from './store-secrets';
import type { ClaimableItem } from './prepare';
import type { Alike } from './same-content';
import type { NamedAlike } from './words';
import { conflictMessage } from './words';

type Conflict = ClaimAnswer & { outcome: 'conflict' };

/** Why an item was refused, in words and as an RFC 9457 problem. */
export interface Refusal {
	readonly reason: ConflictReason | 'missing_key' | 'signature_refused';
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
	budget_exhausted: [429, 'Too many new requests'],
	stale_key: [412, 'The event is too old'],
	tenant_mismatch: [403, 'The key belongs to somebody else'],
	likely_duplicate: [409, 'The same content came under another key'],
	missing_key: [400, 'The request has no key'],
	signature_refused: [401, 'The request could not be authenticated'],
};

/** What the store's refusal means to the caller. @param sameBatch whether this very run holds the key for an earlier item */
export function refusalOf(
	conflict: Conflict,
	{ request, now, alike }: Answered,
	item: ClaimableItem,
	secrets: StoreSecrets,
	sameBatch: boolean,
): Refusal {
	const { reason, record } = conflict;
	const [statusCode, title] = TITLES[reason];
	const { secret: usedSecret } = namingsOf(secrets)[namingPlace(item, request)]!;
	const { changed: changedFields, missing } =
		reason === 'payload_mismatch' && record !== null && item.compared !== null
			? changedFieldsOf(record.fieldDigests, item.compared.fields(), usedSecret)
			: { changed: [], missing: 0 };
	const retryAfterSeconds = retryAfter(conflict, now);
	return {
		reason,
		statusCode,
		title,
		message: conflictMessage(conflict, {
			sameBatch,
			alike: alike === undefined ? null : namedAlike(alike, item),
			storeIsYounger: isWithinRetention(request, now),
			budget: request.budget,
			difference: differenceOf(changedFields, missing),
			retryAfterSeconds,
		}),
		retryAfterSeconds,
		changedFields: changedFields.slice(0, MOST_NAMES).map(shortened),
	};
}

/** `why` with or without a full stop. */
export function missingKeyRefusal(why: string): Refusal {
	return refusedBefore('missing_key', `${why.replace(/\.$/, '')}. Nothing was done.`);
}

/** One answer for every cause: whoever tries to forge a signature learns nothing from it. */
export function signatureRefusal(): Refusal {
	return refusedBefore(
		'signature_refused',
		'The request could not be authenticated. Nothing was done.',
	);
}

/** A caller that nobody knows learns of no key but its own. With a secret only the hash is kept. */
function namedAlike(alike: Alike, { content }: ClaimableItem): NamedAlike {
	const { firstSeenAt, record } = alike;
	return content === null
		? { name: 'another key', firstSeenAt, record: null }
		: { name: nameOfAlike(alike), firstSeenAt, record };
}

/** How the request is called that came first with the same content. */
export function nameOfAlike({ key, identity }: Pick<Alike, 'key' | 'identity'>): string {
	return key === '' ? `another key (hash ${identity})` : `the key "${shortened(key)}"`;
}

/** Of a request that was not asked for at the store. */
function refusedBefore(reason: 'missing_key' | 'signature_refused', message: string): Refusal {
	const [statusCode, title] = TITLES[reason];
	return { reason, statusCode, title, message, retryAfterSeconds: null, changedFields: [] };
}

export function refusalDetails(refusal: Refusal): JsonObject {
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
	// As long as the first run has taken so far: a short wait for quick workflows, a longer one for slow ones.
	const elapsed = Math.ceil((now - conflict.record.claimedAt) / 1000);
	return Math.min(Math.max(elapsed, 1), 60);
}

/** A request may bring any number of fields, with names of any length. The answer to it stays short. */
const MOST_NAMES = 100;
const MOST_NAMES_IN_TEXT = 10;

/** In brackets, or empty. The store keeps no names, so fields that are gone are only counted. */
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

/** Whether an event of this age would still be remembered. If it is refused as stale all the same, the store began after it. */
function isWithinRetention({ eventAt, retentionMs }: ClaimRequest, now: number): boolean {
	return eventAt !== null && eventAt >= now - retentionMs;
}
