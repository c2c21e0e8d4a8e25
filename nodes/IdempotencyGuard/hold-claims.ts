import type { IExecuteFunctions } from 'n8n-workflow';

import { leaseKeeperOf } from '../../lib/lease-keeper';
import type { Abandoning, OwnerCommand } from '../../lib/record';
import type { EncodeOptions } from '../../lib/result-codec';
import { encodeResult } from '../../lib/result-codec';
import type { AbandonedOutcome } from '../../lib/run-evidence';
import { abandonedOutcome } from '../../lib/run-evidence';
import { commandWithRetries } from '../shared/command-with-retries';
import { canHearExecutionEnd, isPutToWait, runDataOf, runIndexOf } from '../shared/engine';
import type { OpenStore } from '../shared/open-store';
import type { GrantedClaim } from './claim-items';
import { runEvidenceOf } from './run-evidence-of';
import type { GuardSettings } from './settings';

/**
 * Holds the granted claims while their execution lives: renews their leases, and settles at its end what no Commit has settled.
 * Where the engine can't tell of the end, the lease lasts as long as the claim may be held (see settings).
 */
export function holdWhileRunning(
	context: IExecuteFunctions,
	opened: OpenStore,
	settings: GuardSettings,
	granted: readonly GrantedClaim[],
	places: ReadonlyMap<string | null, number>,
): void {
	if (granted.length === 0 || !canHearExecutionEnd(context)) return;
	const keeper = leaseKeeperOf(opened.store);
	const isWaiting = () => isPutToWait(context);
	keeper.keep(granted.map((claim) => ({ ...claim, isWaiting })));
	context.onExecutionFinish?.(async () => {
		const open = granted.filter((claim) => keeper.drop(claim));
		if (open.length === 0) return;
		const endOf = settings.isTestRun
			? () => testRunEnd
			: evidenceReader(context, opened.secret, granted.length, places);
		await commandWithRetries(
			opened.store,
			open.map((claim): OwnerCommand => {
				const { identity, owner, fence } = claim;
				return { identity, owner, fence, ownRun: true, type: 'abandon', ...endOf(claim) };
			}),
		);
	});
}

/** A test run without Commit must not block the next one. */
const testRunEnd: Abandoning = {
	to: 'released',
	retryAfterMs: 0,
	statusCode: 0,
	reason: 'The test run ended without Idempotency Commit',
};

function evidenceReader(
	context: IExecuteFunctions,
	secret: string,
	claimsGranted: number,
	places: ReadonlyMap<string | null, number>,
): (claim: GrantedClaim) => Abandoning {
	const node = context.getNode().name;
	const run = runIndexOf(context);
	const runData = runDataOf(context);
	const when = `The run of ${new Date().toISOString()}`;
	return ({ identity, tenant, token }) => {
		const index = places.get(token) ?? -1;
		const outcome = abandonedOutcome(
			runData === null
				? { ended: 'unknown', claimsGranted, startedAfterGuard: [] }
				: runEvidenceOf(context, runData, { node, run, index }, claimsGranted),
		);
		return abandoning(outcome, `${when} ${outcome.reason}`, {
			...(secret === '' ? {} : { encryption: { secret, tenant, identity } }),
		});
	};
}

function abandoning(
	outcome: AbandonedOutcome,
	reason: string,
	encryption: Pick<EncodeOptions, 'encryption'>,
): Abandoning {
	const { to, statusCode = 0, retryAfterMs = null, result } = outcome;
	switch (to) {
		case 'released':
			return { to, retryAfterMs, statusCode, reason };
		case 'unknown':
			return { to, statusCode, reason };
		default: {
			const bytes = result && encodeResult(result, { maxBytes: 1024, ...encryption }).bytes;
			return { to, result: bytes ?? null, statusCode, reason };
		}
	}
}
