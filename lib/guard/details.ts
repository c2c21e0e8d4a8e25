import { deterministicKsuid, uuidV8 } from '../keys/key-formats';
import type { Answered } from './claim-items';
import type { JsonObject } from './item';
import type { Alike } from './same-content';
import type { Scope } from './scope';
import { isoTime } from './words';

/** What the `idempotency` object of an answered item says. A refused item has `refusalDetails` besides. */
export function answerDetails(
	{ request, answer, token, alike }: Answered,
	key: string,
	scope: Scope,
): JsonObject {
	const { identity } = request;
	const { record, outcome } = answer;
	return {
		outcome,
		key,
		hash: identity,
		ksuid: record === null ? null : deterministicKsuid(identity, record.eventAt),
		uuid: uuidV8(identity),
		scope: scope.label,
		attempt: record?.attempts ?? 0,
		takeover: outcome === 'new' && answer.takeover,
		firstSeenAt: isoTime(record?.firstSeenAt),
		expiresAt: isoTime(record?.expiresAt),
		duplicates: record?.duplicates ?? 0,
		...(outcome === 'new' ? { token, fence: answer.fence } : {}),
		...(alike === undefined ? {} : { likelyDuplicate: alikeDetails(alike) }),
	};
}

function alikeDetails({ key, identity, firstSeenAt, executionId }: Alike): JsonObject {
	const named = key === '' ? null : key;
	return { key: named, hash: identity, firstSeenAt: isoTime(firstSeenAt), executionId };
}
