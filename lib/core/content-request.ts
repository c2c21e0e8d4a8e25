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

/** Asks for the content of a request. The record ends by itself, is in no list, and nobody is told of it. */
export function contentRequest(
	content: ContentTerms,
	{ identity: named, owner, key, workflowId, executionId }: ClaimRequest,
): ClaimRequest {
	const windowMs = wholeMs(content.windowMs);
	return {
		identity: content.identity,
		owner,
		fingerprint: 'content',
		comparison: '',
		fieldDigests: Buffer.from(named, 'hex'),
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

/** What the answer to `contentRequest` says of the grant beside it. */
export function contentHeldIn(reply: Reply<ClaimAnswer>): ContentHeld {
	if (!reply.ok) return reply.error;
	return reply.answer.outcome === 'conflict' ? reply.answer.record : null;
}

/** The request that a content's record names. */
export function namedByContent({ fieldDigests }: Pick<ClaimRecord, 'fieldDigests'>): string {
	return Buffer.from(fieldDigests).toString('hex');
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
