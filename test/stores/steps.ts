import fc from 'fast-check';

import type { Budget } from '../../lib/core/budget';
import type { ClaimRequest, OperatorCommand, OwnerCommand, Stored } from '../../lib/core/record';
import { observe } from '../../lib/core/transitions';
import {
	CLAIM_TIMEOUT,
	HOUR,
	LEASE,
	MINUTE,
	RETENTION,
	bytes,
	claimRequest,
	remainsOf,
} from '../support/requests';
import { listStep, noticeStep } from './reading-steps';

/** What a random walk may do: plain data, so that fast-check shortens a walk that fails to the steps that matter. */

export const KEYS = [0, 1, 2] as const;
const OWNERS = ['owner-a', 'owner-b', 'owner-c'] as const;

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const key = oneOf(0, 0, 0, 1, 1, 2);
const owner = oneOf(...OWNERS);
const rarely = oneOf(false, false, false, false, false, true);
const mostly = rarely.map((value) => !value);

/** By how much durations fall short of whole milliseconds. */
const short = oneOf(0, 0, 0, 0.5, 0.999);

const claimItem = fc.record({
	key,
	owner,
	fingerprint: oneOf('one', 'one', 'one', 'one', 'one', 'one', 'two', ''),
	comparison: oneOf('one', 'one', 'one', 'one', 'one', 'two'),
	tenant: oneOf('', '', '', '', '', '', '', '', 'tenant'),
	event: oneOf('none', 'none', 'none', 'now', 'before the store began', 'older than retention'),
	retentionMs: oneOf(RETENTION, RETENTION, 3 * RETENTION),
	onUnknownOutcome: oneOf('hold' as const, 'retry' as const, 'retry' as const),
	maxAttempts: oneOf(null, null, null, 1, 2, 3),
	extendRetention: fc.boolean(),
	strictAge: fc.boolean(),
	pending: oneOf(false, false, false, true),
	short,
});
export type ClaimItem = typeof claimItem extends fc.Arbitrary<infer T> ? T : never;

const commandItem = fc.record({
	key,
	owner,
	grant: oneOf('last', 'last', 'last', 'last', 'last', 'own last', 'earlier', 'another', 'none'),
	ownRun: mostly,
	type: oneOf(
		'finish' as const,
		'finish' as const,
		'release' as const,
		'release' as const,
		'park' as const,
		'abandon' as const,
		'renew' as const,
		'start' as const,
		'deposit' as const,
	),
	to: oneOf('completed' as const, 'failed' as const, 'released' as const, 'unknown' as const),
	result: oneOf(null, bytes(), bytes(0), bytes(1, 0, 255, 254, 13, 10), bytes(0xc3, 0x28)),
	retentionMs: oneOf(RETENTION, RETENTION, 2 * RETENTION, MINUTE),
	retryAfterMs: oneOf(null, 0, 0, MINUTE),
	nothingRan: oneOf(undefined, false, true),
	leaseMs: oneOf(LEASE, LEASE, 2 * LEASE, 2 * CLAIM_TIMEOUT),
	short,
	statusCode: oneOf(0, 200, 503),
	reason: oneOf('', 'stopped at "HTTP Request": ETIMEDOUT', 'Straße 7, 東京 🚚'),
});
export type CommandItem = typeof commandItem extends fc.Arbitrary<infer T> ? T : never;

const claimStep = fc.record({
	type: fc.constant('claim' as const),
	items: fc.array(claimItem, { minLength: 1, maxLength: 4 }),
	/** All items of a Guard have a budget, or none. */
	budgets: oneOf(null, null, { limits: [1, 3], windowMs: MINUTE }, { limits: [2], windowMs: HOUR }),
});

const commandStep = fc.record({
	type: fc.constant('command' as const),
	items: fc.array(commandItem, { minLength: 1, maxLength: 3 }),
});

const operateStep = fc.record({
	type: fc.constant('operate' as const),
	key,
	does: oneOf('complete', 'release', 'forget', 'forget by force'),
	seen: oneOf('current', 'current', 'current', 'another fence', 'another state'),
	force: rarely,
	reason: oneOf('', 'asked the provider: not charged'),
});

/** To a moment at which something changes by itself, or just beside it. */
const advanceStep = fc.record({
	type: fc.constant('advance' as const),
	key,
	to: oneOf('lease end', 'lease end', 'backoff end', 'claim timeout', 'expiry', 'a while'),
	offsetMs: oneOf(-1, 0, 1, 1),
	ms: oneOf(1, 1_000, MINUTE, HOUR),
});

export const stepArbitrary = fc.oneof(
	{ weight: 8, arbitrary: claimStep },
	{ weight: 8, arbitrary: commandStep },
	{ weight: 2, arbitrary: operateStep },
	{ weight: 3, arbitrary: advanceStep },
	{ weight: 2, arbitrary: listStep },
	{ weight: 2, arbitrary: noticeStep },
);
export type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never;

/** The claims granted in a walk: tokens that owners may still come back with. */
export class Grants {
	private readonly granted: Array<{ request: ClaimRequest; fence: number }> = [];

	add(request: ClaimRequest, fence: number): void {
		this.granted.push({ request, fence });
	}

	pick(item: CommandItem, identity: string): { request: ClaimRequest; fence: number } {
		const ofKey = this.granted.filter(({ request }) => request.identity === identity);
		const own = ofKey.filter(({ request }) => request.owner === item.owner);
		const last = ofKey.at(-1) ?? {
			request: claimRequest({ identity, owner: item.owner }),
			fence: 1_000_000,
		};
		switch (item.grant) {
			case 'own last':
				return own.at(-1) ?? last;
			case 'earlier':
				return ofKey.at(-2) ?? last;
			case 'another':
				return { ...last, fence: last.fence + 1 };
			case 'none':
				return { ...last, fence: 0 };
			default:
				return last;
		}
	}
}

/** The budget of item `i` of a step: all items of a walk share it, with limits of their own. */
export function budgetOf(
	{ budgets }: Step & { type: 'claim' },
	i: number,
	identity: string,
): Budget | undefined {
	if (budgets === null) return undefined;
	const { limits, windowMs } = budgets;
	return { identity, limit: limits[i % limits.length] ?? 1, windowMs: windowMs - 0.25 };
}

export function claimOf(
	item: ClaimItem,
	identity: string,
	namespace: string,
	time: { now: number; epoch: number },
	budget?: Budget,
): ClaimRequest {
	const { event, key: keyNumber, short: lacks, ...fields } = item;
	const eventAt = {
		none: null,
		now: time.now,
		'before the store began': time.epoch - HOUR,
		'older than retention': time.now - item.retentionMs - 1,
	}[event];
	return claimRequest({
		...fields,
		...countedAs(lacks),
		leaseMs: LEASE - lacks,
		claimTimeoutMs: CLAIM_TIMEOUT - lacks,
		retentionMs: item.retentionMs - lacks,
		identity,
		namespace,
		key: `key ${keyNumber}`,
		eventAt: eventAt ?? null,
		...(budget === undefined ? {} : { budget }),
	});
}

/** Some claims are counted otherwise. It hangs on another choice, so that the walks are those that meet every answer. */
function countedAs(lacks: number): Pick<ClaimRequest, 'counting'> {
	return lacks === 0 ? {} : { counting: 'observed' };
}

export function commandOf(
	item: CommandItem,
	grants: Grants,
	identity: string,
	namespace: string,
): OwnerCommand {
	const { request, fence } = grants.pick(item, identity);
	const owned = { identity, owner: request.owner, fence, ownRun: item.ownRun };
	const { result, statusCode, reason, to, nothingRan } = item;
	const leaseMs = item.leaseMs - item.short;
	const retryAfterMs = item.retryAfterMs && item.retryAfterMs - item.short;
	const waits = nothingRan === undefined ? { retryAfterMs } : { retryAfterMs, nothingRan };
	switch (item.type) {
		case 'finish':
			return {
				...owned,
				type: 'finish',
				to: to === 'failed' ? 'failed' : 'completed',
				retentionMs: item.retentionMs - item.short,
				remains: { ...remainsOf(request), namespace },
				result,
				statusCode,
				reason,
			};
		case 'release':
			return { ...owned, type: 'release', ...waits, statusCode, reason };
		case 'park':
			return { ...owned, type: 'park', statusCode, reason };
		case 'abandon':
			if (to === 'released') {
				return { ...owned, type: 'abandon', to, ...waits, statusCode, reason };
			}
			if (to === 'unknown') return { ...owned, type: 'abandon', to, statusCode, reason };
			return { ...owned, type: 'abandon', to, result, statusCode, reason };
		case 'renew':
			return { ...owned, type: 'renew', leaseMs };
		case 'start':
			return { ...owned, type: 'start', leaseMs, workflowId: 'workflow-2', executionId: reason };
		case 'deposit':
			return { ...owned, type: 'deposit', request: result ?? bytes(7) };
	}
}

export function operatorCommandOf(
	step: Step & { type: 'operate' },
	identity: string,
	stored: Stored,
	nowMs: number,
): OperatorCommand {
	const fence = stored?.fence ?? 1;
	const seen = {
		fence: step.seen === 'another fence' ? fence + 1 : fence,
		state: step.seen === 'another state' ? ('pending' as const) : observe(stored, nowMs),
	};
	const { force, reason } = step;
	switch (step.does) {
		case 'complete':
			return {
				identity,
				type: 'resolve',
				to: 'completed',
				seen,
				force,
				result: bytes(91, 93),
				statusCode: 200,
				reason,
			};
		case 'release':
			return { identity, type: 'resolve', to: 'released', seen, force, reason };
		default:
			return {
				identity,
				type: 'forget',
				force: step.does === 'forget by force',
				...(step.reason === '' ? {} : { seen }),
			};
	}
}

export function advanceBy(step: Step & { type: 'advance' }, stored: Stored, nowMs: number): number {
	if (stored === null || step.to === 'a while') return step.ms;
	const record = stored.state === 'tombstone' ? null : stored;
	const moment = {
		'lease end': record?.leaseUntil,
		'backoff end': record?.notBefore,
		'claim timeout': record === null ? undefined : record.claimedAt + record.claimTimeoutMs,
		expiry: stored.expiresAt,
	}[step.to];
	const ms = (moment ?? 0) + step.offsetMs - nowMs;
	return ms > 0 ? ms : step.ms;
}
