import { randomUUID } from 'node:crypto';

import type { ClaimAnswer, ClaimRequest, ContentHeld, ContentTerms } from './claim-terms';
import { wholeMs } from './durations';
import { CONTENT_NAMESPACE } from './listing';
import type { OwnerCommand } from './orders';
import type { Reply } from './reply';
import type { ClaimRecord } from './stored-record';

/**
 * The same content under another key. Each content has a record of its own for as long as it is looked for: the first grant holds it, and
 * names itself there. This is the claim that makes it: claim.lua writes the same.
 */

/**
 * Asks for the content of a request. The record ends by itself, is in no list, and nobody is told of it. Its owner is one that asks once, so
 * that a grant is always of this claim.
 */
export function contentRequest(
	content: ContentTerms,
	{ identity: named, key, workflowId, executionId }: ClaimRequest,
): ClaimRequest {
	const windowMs = wholeMs(content.windowMs);
	return {
		identity: content.identity,
		owner: randomUUID(),
		fingerprint: 'content',
		comparison: '',
		fieldDigests: bytesOfName(named),
		tenant: '',
		namespace: CONTENT_NAMESPACE,
		key,
		eventAt: null,
		leaseMs: windowMs,
		claimTimeoutMs: windowMs,
		retentionMs: 1,
		onUnknownOutcome: 'retry',
		maxAttempts: null,
		extendRetention: false,
		strictAge: false,
		pending: false,
		workflowId,
		executionId,
		counting: 'none',
	};
}

/** What the answer to `contentRequest` says to the request beside it. */
export function contentHeldIn(reply: Reply<ClaimAnswer>, identity: string): ContentHeld {
	if (!reply.ok) return reply.error;
	const { record } = reply.answer;
	return record === null || namedByContent(record) === identity ? null : record;
}

/** How a content's record names a request, in the place of digests. Hex digits are base64url as well: the text that Redis keeps is the identity. */
export function bytesOfName(identity: string): Buffer {
	return Buffer.from(identity, 'base64url');
}

/** The request that a content's record names. */
export function namedByContent({ fieldDigests }: Pick<ClaimRecord, 'fieldDigests'>): string {
	return Buffer.from(fieldDigests).toString('base64url');
}

/** Lets the next request that says the same be the first. What can't be given back ends by itself. */
export function contentGivenBack({
	identity,
	owner,
	fence,
}: Pick<OwnerCommand, 'identity' | 'owner' | 'fence'>): OwnerCommand {
	return {
		type: 'release',
		identity,
		owner,
		fence,
		ownRun: true,
		retryAfterMs: 0,
		statusCode: 0,
		reason: '',
	};
}
