import type { IDataObject } from 'n8n-workflow';

import { NEVER_BEGAN } from '../../lib/core/observe';
import type { ClaimRecord, ObservedState } from '../../lib/core/record';
import type { StoreSecrets } from '../../lib/guard/store-secrets';
import { secretsOf } from '../../lib/guard/store-secrets';
import { isoTime } from '../../lib/guard/words';
import { deterministicKsuid, uuidV8 } from '../../lib/keys/key-formats';
import { REQUEST_PURPOSE, resultPurpose } from '../../lib/results/purposes';
import { decodeResult } from '../../lib/results/result-codec';

/** A record as an item, without owner token, fingerprint, and result. */
export function recordItem(
	identity: string,
	state: ObservedState,
	record: Omit<ClaimRecord, 'result'>,
): IDataObject {
	return {
		state,
		reason: hasNeverBegun(state, record) ? NEVER_BEGAN : record.reason,
		key: record.key,
		hash: identity,
		ksuid: deterministicKsuid(identity, record.eventAt),
		uuid: uuidV8(identity),
		namespace: record.namespace,
		started: record.state !== 'pending',
		statusCode: record.statusCode,
		attempts: record.attempts,
		duplicates: record.duplicates,
		fence: record.fence,
		onUnknownOutcome: record.onUnknownOutcome,
		workflowId: record.workflowId,
		executionId: record.executionId,
		firstSeenAt: isoTime(record.firstSeenAt),
		claimedAt: isoTime(record.claimedAt),
		leaseUntil: isoTime(record.leaseUntil),
		finishedAt: isoTime(record.finishedAt),
		retryAfter: isoTime(record.notBefore),
		expiresAt: isoTime(record.expiresAt),
	};
}

/** A request that was accepted, and whose run had not started when its time was over. */
function hasNeverBegun(state: ObservedState, record: Omit<ClaimRecord, 'result'>): boolean {
	return record.state === 'pending' && state === 'released';
}

/**
 * The stored result as it would be replayed, or `result: null` with the reason why there is none. For a request that Idempotent Webhook
 * took in and that has not started yet, this is the request.
 */
export function resultItem(
	secrets: StoreSecrets,
	identity: string,
	{ result, tenant, reason, state, statusCode, finishedAt }: ClaimRecord,
): IDataObject {
	if (result === null || (finishedAt === 0 && state !== 'pending')) {
		return { result: null, resultMessage: reason || 'There is no result' };
	}
	const usable = secretsOf(secrets);
	const purpose = state === 'pending' ? REQUEST_PURPOSE : resultPurpose(state, statusCode);
	const decoded = decodeResult(result, usable && { secrets: usable, tenant, identity, purpose });
	if (!decoded.ok) return { result: null, resultMessage: decoded.message };
	if (decoded.items === null) {
		const words = {
			not_kept: 'The result was not kept, as Idempotency Commit is set',
			too_large: 'The result was larger than the limit, and not kept',
			unserializable: 'The result could not be written as JSON, and was not kept',
			no_items: reason || 'There is no result',
		};
		return { result: null, resultMessage: words[decoded.reason] };
	}
	const items = decoded.items as unknown as Array<{ json: IDataObject }>;
	return state === 'pending' ? { request: items[0]?.json ?? null } : { result: items };
}
