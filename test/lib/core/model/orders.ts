import type { Abandoning, ClaimRequest, OwnerCommand } from '../../../../lib/core/record';
import type { Checks } from './checks';
import { CLAIM_TIMEOUT_TICKS, LEASE_TICKS, rulesOf } from './rules';
import type { Run, Settings, World } from './world';
import {
	ANSWER_LOST,
	NOTHING_SENT,
	OK,
	TICK,
	at,
	clockOf,
	executionOf,
	identity,
	ownerName,
	ownerOf,
	resultOf,
} from './world';

/** What runs ask of the store. */

export function claimOf(next: World, settings: Settings, i: number, checks: Checks) {
	const isDoor = settings.doors[i] === true;
	const request: ClaimRequest = {
		identity,
		owner: ownerName(ownerOf(settings, i)),
		fingerprint: settings.payloads[i] ?? '',
		comparison: '',
		fieldDigests: new Uint8Array(),
		tenant: '',
		namespace: '',
		key: '',
		eventAt: null,
		leaseMs: LEASE_TICKS * TICK,
		claimTimeoutMs: CLAIM_TIMEOUT_TICKS * TICK,
		retentionMs: (settings.retentions[i] ?? 1) * TICK,
		onUnknownOutcome: settings.policies[i] ?? 'hold',
		maxAttempts: settings.maxAttempts,
		extendRetention: false,
		strictAge: false,
		pending: isDoor,
		workflowId: '',
		executionId: isDoor ? '' : executionOf(i),
	};
	const done = rulesOf(settings).claim(next.stored, request, clockOf(next));
	next.stored = done.next;
	checks.claimed(i, done.answer);
	return done.answer;
}

type Order = OwnerCommand extends infer Each
	? Each extends OwnerCommand
		? Omit<Each, 'identity' | 'owner' | 'fence' | 'ownRun'>
		: never
	: never;

export function order(
	next: World,
	settings: Settings,
	i: number,
	checks: Checks,
	ordered: Order,
	{ retried, fence }: { retried: number; fence: number } = at(next, i),
) {
	const owner = ownerName(ownerOf(settings, i));
	const whole = { ...ordered, identity, owner, fence, ownRun: retried === 0 } as OwnerCommand;
	const done = rulesOf(settings).command(next.stored, whole, clockOf(next));
	next.stored = done.next;
	checks.obeyed(i, whole, done.answer);
	return done;
}

/** What Commit orders when all acts of a run are done. */
export function commit(
	next: World,
	settings: Settings,
	i: number,
	checks: Checks,
	run: Pick<Run, 'retried' | 'seen' | 'fence'>,
) {
	const end = joined(run, i);
	switch (end.to) {
		case 'released':
			return order(next, settings, i, checks, { type: 'release', ...end }, run).answer;
		case 'unknown':
			return order(next, settings, i, checks, { type: 'park', ...end }, run).answer;
		default: {
			const retention = settings.retentions[i] ?? 1;
			const remains = {
				fingerprint: settings.payloads[i] ?? '',
				comparison: '',
				fieldDigests: new Uint8Array(),
				tenant: '',
				namespace: '',
				key: '',
				eventAt: 0,
				claimTimeoutMs: CLAIM_TIMEOUT_TICKS * TICK,
				retentionMs: retention * TICK,
				onUnknownOutcome: settings.policies[i] ?? 'hold',
				workflowId: '',
				executionId: executionOf(i),
			};
			const retentionMs = (settings.finishRetention ?? retention) * TICK;
			const finish = { type: 'finish' as const, ...end, retentionMs, remains };
			return order(next, settings, i, checks, finish, run).answer;
		}
	}
}

export function abandon(
	next: World,
	settings: Settings,
	i: number,
	checks: Checks,
	end: Abandoning,
): void {
	order(next, settings, i, checks, { type: 'abandon', ...end });
	at(next, i).at = endOf(at(next, i));
}

export const nothingRan: Abandoning = {
	to: 'released',
	retryAfterMs: 0,
	nothingRan: true,
	statusCode: 0,
	reason: '',
};

/** Several acts make one outcome: what is doubtful about one of them is doubtful about all. */
export function joined({ seen, retried }: Pick<Run, 'seen' | 'retried'>, i: number): Abandoning {
	const end = { statusCode: 0, reason: '' };
	if (seen === NOTHING_SENT) return { to: 'released', retryAfterMs: TICK, ...end };
	if ((seen & (ANSWER_LOST | NOTHING_SENT)) > 0) return { to: 'unknown', ...end };
	const to = (seen & OK) > 0 ? 'completed' : 'failed';
	return { to, result: resultOf(1 + 2 * i + retried), ...end };
}

/** Only a run that began can be retried. */
export function endOf({ at: place }: Run): 'ended' | 'over' {
	return ['claim lost', 'pending', 'start lost'].includes(place) ? 'over' : 'ended';
}
