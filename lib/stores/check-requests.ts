import { budgetProblem } from '../core/budget';
import { durationProblem, wholeMs } from '../core/durations';
import {
	MAX_DIGESTS_BYTES,
	MAX_RESULT_BYTES,
	bytesProblem,
	identityProblem,
	keptStatus,
	keptText,
	nameProblem,
	timeProblem,
	tokenProblem,
} from '../core/limits';
import type { ClaimRemains, ClaimRequest, OperatorCommand, OwnerCommand } from '../core/record';

/**
 * What is asked of a store, checked before any store is touched: each function gives the item as it is kept (durations in whole
 * milliseconds, texts cut), or throws what is wrong with it in words. An item that needs no change is given back itself.
 */

export class RequestProblem extends Error {}

/** @throws RequestProblem for the first of these that is not null */
export function refuseFor(...problems: ReadonlyArray<string | null>): void {
	for (const problem of problems) if (problem !== null) throw new RequestProblem(problem);
}

type Names = Pick<ClaimRequest, 'namespace' | 'workflowId' | 'executionId' | 'tenant'>;

export class RequestChecks {
	/** The last that were found good. What many of a batch have in common is checked once. */
	private last: Names | undefined;

	private lastClaim: ClaimRequest | undefined;

	claim(request: ClaimRequest): ClaimRequest {
		const { lastClaim } = this;
		const isLikeLast = lastClaim !== undefined && haveSameTerms(request, lastClaim);
		if (!isLikeLast) return this.claimOnOtherTerms(request);
		const { executionId } = request;
		const problem =
			ownProblem(request) ??
			(executionId === lastClaim.executionId ? null : nameProblem('executionId', executionId));
		if (problem !== null) throw new RequestProblem(problem);
		const kept = keptText(request.key);
		return kept === request.key ? request : { ...request, key: kept };
	}

	private claimOnOtherTerms(request: ClaimRequest): ClaimRequest {
		const { leaseMs, claimTimeoutMs, retentionMs, eventAt, maxAttempts, budget, key } = request;
		this.refuseNames(request);
		refuseFor(
			ownProblem(request),
			durationProblem('leaseMs', leaseMs),
			durationProblem('claimTimeoutMs', claimTimeoutMs),
			durationProblem('retentionMs', retentionMs),
			eventAt === null ? null : timeProblem('eventAt', eventAt),
			maxAttempts === null || (Number.isSafeInteger(maxAttempts) && maxAttempts >= 1)
				? null
				: 'maxAttempts must be a whole number from 1',
			budget === undefined
				? null
				: (identityProblem('budget.identity', budget.identity) ?? budgetProblem(budget)),
		);
		const kept = keptText(key);
		const isWhole =
			kept === key &&
			Number.isInteger(leaseMs) &&
			Number.isInteger(claimTimeoutMs) &&
			Number.isInteger(retentionMs) &&
			(eventAt === null || Number.isInteger(eventAt)) &&
			(budget === undefined || Number.isInteger(budget.windowMs));
		if (isWhole) {
			this.lastClaim = request;
			return request;
		}
		const whole: ClaimRequest = {
			...request,
			key: kept,
			leaseMs: wholeMs(leaseMs),
			claimTimeoutMs: wholeMs(claimTimeoutMs),
			retentionMs: wholeMs(retentionMs),
			eventAt: eventAt === null ? null : Math.floor(eventAt),
		};
		return budget === undefined
			? whole
			: { ...whole, budget: { ...budget, windowMs: wholeMs(budget.windowMs) } };
	}

	command(order: OwnerCommand): OwnerCommand {
		refuseFor(identityProblem('identity', order.identity), tokenProblem('owner', order.owner));
		switch (order.type) {
			case 'finish': {
				refuseFor(durationProblem('retentionMs', order.retentionMs), resultProblem(order.result));
				const retentionMs = wholeMs(order.retentionMs);
				const remains = this.remains(order.remains);
				const statusCode = keptStatus(order.statusCode);
				const reason = keptText(order.reason);
				const isKept =
					retentionMs === order.retentionMs &&
					remains === order.remains &&
					statusCode === order.statusCode &&
					reason === order.reason;
				return isKept ? order : { ...order, retentionMs, remains, statusCode, reason };
			}
			case 'release':
				return {
					...order,
					retryAfterMs: checkedBackoff(order.retryAfterMs),
					statusCode: keptStatus(order.statusCode),
					reason: keptText(order.reason),
				};
			case 'park':
				return {
					...order,
					statusCode: keptStatus(order.statusCode),
					reason: keptText(order.reason),
				};
			case 'abandon': {
				const statusCode = keptStatus(order.statusCode);
				const reason = keptText(order.reason);
				if (order.to === 'unknown') return { ...order, statusCode, reason };
				if (order.to === 'released') {
					const retryAfterMs = checkedBackoff(order.retryAfterMs);
					return { ...order, retryAfterMs, statusCode, reason };
				}
				refuseFor(resultProblem(order.result));
				return { ...order, statusCode, reason };
			}
			case 'renew':
				refuseFor(durationProblem('leaseMs', order.leaseMs));
				return { ...order, leaseMs: wholeMs(order.leaseMs) };
			case 'start':
				refuseFor(
					durationProblem('leaseMs', order.leaseMs),
					nameProblem('workflowId', order.workflowId),
					nameProblem('executionId', order.executionId),
				);
				return { ...order, leaseMs: wholeMs(order.leaseMs) };
			case 'deposit':
				refuseFor(bytesProblem('request', order.request, MAX_RESULT_BYTES));
				return order;
		}
	}

	private remains(remains: ClaimRemains): ClaimRemains {
		this.refuseNames(remains);
		refuseFor(
			tokenProblem('remains.fingerprint', remains.fingerprint),
			bytesProblem('remains.fieldDigests', remains.fieldDigests, MAX_DIGESTS_BYTES),
			timeProblem('remains.eventAt', remains.eventAt),
			durationProblem('remains.claimTimeoutMs', remains.claimTimeoutMs),
			durationProblem('remains.retentionMs', remains.retentionMs),
		);
		const key = keptText(remains.key);
		const eventAt = Math.floor(remains.eventAt);
		const claimTimeoutMs = wholeMs(remains.claimTimeoutMs);
		const retentionMs = wholeMs(remains.retentionMs);
		const isKept =
			key === remains.key &&
			eventAt === remains.eventAt &&
			claimTimeoutMs === remains.claimTimeoutMs &&
			retentionMs === remains.retentionMs;
		return isKept ? remains : { ...remains, key, eventAt, claimTimeoutMs, retentionMs };
	}

	private refuseNames(names: Names): void {
		const { namespace, workflowId, executionId, tenant } = names;
		const { last } = this;
		if (
			namespace === last?.namespace &&
			workflowId === last.workflowId &&
			executionId === last.executionId &&
			tenant === last.tenant
		) {
			return;
		}
		refuseFor(
			namespace === '' ? 'namespace must not be empty' : nameProblem('namespace', namespace),
			nameProblem('workflowId', workflowId),
			nameProblem('executionId', executionId),
			tokenProblem('tenant', tenant),
		);
		this.last = { namespace, workflowId, executionId, tenant };
	}
}

/** What each item of a batch has for itself. */
function ownProblem(request: ClaimRequest): string | null {
	const { identity, owner, fingerprint, fieldDigests, content } = request;
	return (
		identityProblem('identity', identity) ??
		(owner === '' ? 'owner must not be empty' : tokenProblem('owner', owner)) ??
		tokenProblem('fingerprint', fingerprint) ??
		bytesProblem('fieldDigests', fieldDigests, MAX_DIGESTS_BYTES) ??
		(content === undefined
			? null
			: (identityProblem('content.identity', content.identity) ??
				durationProblem('content.windowMs', content.windowMs)))
	);
}

/** Whether all the rest is the same, but the execution; an event's time and a budget are looked at each time. */
function haveSameTerms(one: ClaimRequest, other: ClaimRequest): boolean {
	return (
		one.eventAt === null &&
		one.budget === undefined &&
		one.leaseMs === other.leaseMs &&
		one.claimTimeoutMs === other.claimTimeoutMs &&
		one.retentionMs === other.retentionMs &&
		one.maxAttempts === other.maxAttempts &&
		one.namespace === other.namespace &&
		one.workflowId === other.workflowId &&
		one.tenant === other.tenant
	);
}

export function checkedOperation(order: OperatorCommand): OperatorCommand {
	refuseFor(identityProblem('identity', order.identity));
	if (order.type === 'forget') return order;
	if (order.to === 'released') return { ...order, reason: keptText(order.reason) };
	refuseFor(resultProblem(order.result));
	return { ...order, statusCode: keptStatus(order.statusCode), reason: keptText(order.reason) };
}

function resultProblem(result: Uint8Array | null): string | null {
	return bytesProblem('result', result, MAX_RESULT_BYTES);
}

/** 0 is at once. */
function checkedBackoff(retryAfterMs: number | null): number | null {
	if (retryAfterMs === null || retryAfterMs === 0) return retryAfterMs;
	refuseFor(durationProblem('retryAfterMs', retryAfterMs));
	return wholeMs(retryAfterMs);
}
