import type { IExecuteFunctions } from 'n8n-workflow';

import type { GrantedClaim } from '../../lib/guard/claim-items';
import { release, released } from '../../lib/guard/claim-items';
import { leaseKeeperOf } from '../../lib/guard/lease-keeper';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { Abandoning, OwnerCommand } from '../../lib/core/record';
import type { EncodeOptions } from '../../lib/results/result-codec';
import { encodeResult } from '../../lib/results/result-codec';
import type { AbandonedOutcome } from './run-evidence';
import { abandonedOutcome } from './run-evidence';
import { commandWithRetries } from '../shared/command-with-retries';
import { canHearExecutionEnd, isPutToWait, runDataOf, runIndexOf } from '../shared/engine';
import { rememberStore } from '../shared/granted-in';
import type { GuardSettings } from '../shared/guard-settings';
import { runEvidenceOf } from './run-evidence-of';

/**
 * The claims that one run of a Guard was granted. While their execution lives their leases are renewed, and at its end is settled what
 * no Commit has settled. Where the engine can't tell of the end, the lease lasts as long as the claim may be held (see settings).
 */
export class HeldClaims {
	readonly granted: GrantedClaim[] = [];

	private readonly identities = new Set<string>();

	/** Where on New each claim's item is, by token. */
	private readonly places = new Map<string, number>();

	private listens = false;

	private handedOver = false;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly opened: OpenStore,
		private readonly settings: GuardSettings,
	) {}

	async hold(claims: readonly GrantedClaim[]): Promise<void> {
		if (claims.length === 0) return;
		const { context } = this;
		this.granted.push(...claims);
		for (const { identity } of claims) this.identities.add(identity);
		rememberStore(context, this.opened, claims);
		if (context.getExecutionCancelSignal()?.aborted) {
			// n8n has called the finish handlers, or won't wait for them: nobody would stop the renewal.
			await this.giveBack('The execution was stopped before anything ran');
			return;
		}
		if (!canHearExecutionEnd(context)) return;
		const isWaiting = () => isPutToWait(context);
		leaseKeeperOf(this.opened.store).keep(claims.map((claim) => ({ ...claim, isWaiting })));
		if (this.listens) return;
		this.listens = true;
		context.onExecutionFinish?.(async () => await this.settle());
	}

	/** Whether this run of the Guard was granted the key. */
	has(identity: string): boolean {
		return this.identities.has(identity);
	}

	/** Item `index` of New holds the claim. */
	place(token: string, index: number): void {
		this.places.set(token, index);
	}

	/** From here on the nodes behind the Guard may act for the claims. */
	handOver(): void {
		this.handedOver = true;
	}

	/** Gives back all claims, for none of which anything ran. */
	async giveBack(reason: string): Promise<void> {
		const keeper = leaseKeeperOf(this.opened.store);
		for (const claim of this.granted) keeper.drop(claim);
		await release(this.opened, this.granted, reason);
	}

	private async settle(): Promise<void> {
		const keeper = leaseKeeperOf(this.opened.store);
		const open = this.granted.filter((claim) => keeper.drop(claim));
		if (open.length === 0) return;
		const endOf = this.endReader();
		await commandWithRetries(
			this.opened.store,
			open.map((claim): OwnerCommand => {
				const { identity, owner, fence } = claim;
				return { identity, owner, fence, ownRun: true, type: 'abandon', ...endOf(claim) };
			}),
		);
	}

	private endReader(): (claim: GrantedClaim) => Abandoning {
		const { context, settings, places, granted } = this;
		if (!this.handedOver) return () => released('The run was stopped before anything ran');
		if (settings.isTestRun) {
			// It must not block the next one.
			return () => released('The test run ended without Idempotency Commit');
		}
		const { secret } = this.opened;
		const node = context.getNode().name;
		const run = runIndexOf(context);
		const runData = runDataOf(context);
		const when = `The run of ${new Date().toISOString()}`;
		return ({ identity, tenant, token }) => {
			const index = places.get(token) ?? -1;
			const outcome = abandonedOutcome(
				runData === null
					? { ended: 'unknown', claimsGranted: granted.length, startedAfterGuard: [] }
					: runEvidenceOf(context, runData, { node, run, index }, granted.length),
			);
			return abandoning(outcome, `${when} ${outcome.reason}`, {
				...(secret === '' ? {} : { encryption: { secret, tenant, identity } }),
			});
		};
	}
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
