import { createHash } from 'node:crypto';

import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRemains,
	ClaimRequest,
	OwnerCommand,
} from '../../lib/core/record';
import type { Reply } from '../../lib/core/reply';

/** Requests with ordinary values, so that a test states only what it is about. */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const LEASE = 30 * SECOND;
export const CLAIM_TIMEOUT = 10 * MINUTE;
export const RETENTION = 2 * HOUR;

export const identityOf = (label: string): string =>
	createHash('sha256').update(label).digest('hex');

let made = 0;
/** An identity that no other test of this process uses. */
export const freshIdentity = (label = 'key'): string => identityOf(`${label} ${made++}`);

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export function claimRequest(over: Partial<ClaimRequest> & { identity: string }): ClaimRequest {
	return {
		owner: 'owner-a',
		fingerprint: 'fingerprint-1',
		comparison: 'comparison-1',
		fieldDigests: bytes(1, 2, 0, 255),
		tenant: '',
		namespace: 'orders',
		key: 'order 1',
		eventAt: null,
		leaseMs: LEASE,
		claimTimeoutMs: CLAIM_TIMEOUT,
		retentionMs: RETENTION,
		onUnknownOutcome: 'hold',
		maxAttempts: null,
		extendRetention: false,
		strictAge: false,
		pending: false,
		workflowId: 'workflow-1',
		executionId: `execution of ${over.owner ?? 'owner-a'}`,
		...over,
	};
}

export function remainsOf(request: ClaimRequest): ClaimRemains {
	return {
		fingerprint: request.fingerprint,
		comparison: request.comparison,
		fieldDigests: request.fieldDigests,
		tenant: request.tenant,
		namespace: request.namespace,
		key: request.key,
		eventAt: request.eventAt ?? 0,
		claimTimeoutMs: request.claimTimeoutMs,
		retentionMs: request.retentionMs,
		onUnknownOutcome: request.onUnknownOutcome,
		workflowId: request.workflowId,
		executionId: request.executionId,
	};
}

type Finish = OwnerCommand & { type: 'finish' };

/** Finishes what `request` was granted with `fence`. */
export function finishOf(
	request: ClaimRequest,
	fence: number,
	over: Partial<Omit<Finish, 'type'>> = {},
): Finish {
	return {
		type: 'finish',
		identity: request.identity,
		owner: request.owner,
		fence,
		ownRun: true,
		to: 'completed',
		retentionMs: request.retentionMs,
		remains: remainsOf(request),
		result: bytes(0, 1, 2, 254, 255),
		statusCode: 200,
		reason: '',
		...over,
	};
}

export function answered<Answer>(reply: Reply<Answer> | undefined): Answer {
	if (reply === undefined) throw new Error('no reply');
	if (!reply.ok) throw reply.error;
	return reply.answer;
}

export function microsOf(reply: Reply<unknown> | undefined): number {
	if (reply === undefined) throw new Error('no reply');
	if (!reply.ok) throw reply.error;
	return reply.micros;
}

export function fenceOf(reply: Reply<ClaimAnswer> | undefined): number {
	const answer = answered(reply);
	if (answer.outcome !== 'new') throw new Error(`expected a new claim: ${JSON.stringify(answer)}`);
	return answer.fence;
}

export function recordOf(stored: unknown): ClaimRecord {
	const record = stored as ClaimRecord | null;
	if (record === null || record.owner === undefined) throw new Error('expected a record');
	return record;
}

/** Bytes as text, so that a Buffer and a Uint8Array of the same bytes are equal. */
export function comparable(value: unknown): unknown {
	if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
	if (Array.isArray(value)) return value.map(comparable);
	if (typeof value === 'object' && value !== null) {
		return Object.fromEntries(
			Object.entries(value).map(([name, part]) => [name, comparable(part)]),
		);
	}
	return value;
}
