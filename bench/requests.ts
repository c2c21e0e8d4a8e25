import { partsOfObject } from '../lib/keys/canonical-parts';
import { fieldDigestsOfTexts } from '../lib/keys/field-digests';
import { comparisonOf, fingerprintOfText, identityOf, ownerTokenOf } from '../lib/keys/identity';
import { LEASE_MS } from '../lib/guard/lease-keeper';
import type { ClaimAnswer, ClaimRequest, OwnerCommand } from '../lib/core/record';
import type { Reply } from '../lib/core/reply';
import { claimRequest, finishOf as finishWith, remainsOf } from '../test/support/requests';

/** Claims as a Guard asks for them: an order by its number, compared by its whole payload. */

const HOUR_MS = 3_600_000;

let made = 0;

export interface Order {
	readonly orderId: string;
	readonly amount: number;
	readonly currency: string;
	readonly customer: { readonly name: string; readonly email: string };
	readonly lines: ReadonlyArray<{ readonly article: string; readonly count: number }>;
}

/** An order that no other has the number of. */
export function makeOrder(): Order {
	const number = made++;
	return {
		orderId: `order-${process.pid}-${number}`,
		amount: 1_000 + (number % 9_000),
		currency: 'EUR',
		customer: { name: 'Ada Lovelace', email: 'ada@example.com' },
		lines: [{ article: 'A-1001', count: 1 + (number % 3) }],
	};
}

/** All that a Guard computes of an item before it asks the store. */
export function requestOf(order: Order, itemIndex = 0): ClaimRequest {
	const scope = ['node', 'AbCdEfGhIjKlMnOp', '5f0b2a52-6f0e-4c0e-9a55-0d7a5f3a0004'];
	const executionId = '123456';
	const parts = partsOfObject({ ...order }, new Set(), () => Object.entries(order));
	const claimant = { nonce: 'c29tZSBub25jZQ', executionId, nodeId: scope[2] ?? '', runIndex: 0 };
	return claimRequest({
		identity: identityOf({ scope, tenant: null, keyParts: [order.orderId] }),
		owner: ownerTokenOf({ ...claimant, itemIndex }),
		fingerprint: fingerprintOfText(parts.text),
		comparison: comparisonOf(['payload']),
		fieldDigests: fieldDigestsOfTexts(parts.fields),
		namespace: 'AbCdEfGhIjKlMnOp:Guard',
		key: order.orderId,
		leaseMs: LEASE_MS,
		claimTimeoutMs: HOUR_MS,
		retentionMs: 48 * HOUR_MS,
		workflowId: 'AbCdEfGhIjKlMnOp',
		executionId,
	});
}

export function makeRequests(count: number): ClaimRequest[] {
	return Array.from({ length: count }, (_, i) => requestOf(makeOrder(), i));
}

/** @throws where a claim was not granted: a figure of refused claims would be none. */
export function fencesOf(replies: ReadonlyArray<Reply<ClaimAnswer>>): number[] {
	return replies.map((reply) => {
		if (!reply.ok) throw reply.error;
		if (reply.answer.outcome !== 'new') throw new Error(`the claim was a ${reply.answer.outcome}`);
		return reply.answer.fence;
	});
}

/** Saves a result for what was granted. */
export function finishOf(
	request: ClaimRequest,
	fence: number,
	result: Uint8Array | null,
): OwnerCommand {
	const remains = { ...remainsOf(request), eventAt: Math.floor(fence / 1000) };
	return finishWith(request, fence, { result, remains });
}
