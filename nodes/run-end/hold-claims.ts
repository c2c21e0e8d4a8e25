import type { IExecuteFunctions } from 'n8n-workflow';

import type { GrantedClaim } from '../../lib/guard/claim-items';
import { attemptAsync } from '../../lib/core/attempt';
import { release, released } from '../../lib/guard/release';
import type { KeptClaim } from '../../lib/guard/lease-keeper';
import type { OpenStore } from '../../lib/guard/opened-store';
import { Turns } from '../../lib/guard/turns';
import type { Abandoning, OwnerCommand } from '../../lib/core/record';
import { DEFAULT_RESPONSE_RULES } from '../../lib/results/response-outcome';
import { commandInSlices } from '../../lib/guard/command-with-retries';
import { canHearExecutionEnd, isPutToWait, onNodeEnd } from '../shared/engine';
import { rememberStore } from '../shared/granted-in';
import type { GuardSettings } from '../shared/guard-settings';
import { patienceWith } from '../shared/watching';
import type { ClaimEnd } from './claim-end';
import { claimEndOf } from './claim-end';
import { ResultEncoder, WHOLE_ITEMS } from './encode-items';
import { readRun, runEndedOf } from './end-reader';
import { isKeptByCommit } from './kept-parts';

/**
 * The claims that one run of a Guard was granted. While their execution lives their leases are renewed, and at its end is settled what
 * no Commit has settled. Where the engine can't tell of the end, the lease lasts as long as the claim may be held (see settings).
 */
export class HeldClaims {
	readonly granted: GrantedClaim[] = [];

	private readonly identities = new Set<string>();

	private kept: KeptClaim[] = [];

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
		const kept = claims.map((claim) => ({ ...claim, isWaiting }));
		this.kept.push(...kept);
		this.opened.leases.keep(kept);
		if (this.listens) return;
		this.listens = true;
		context.onExecutionFinish?.(async () => await this.bounded(async () => await this.settle()));
		// n8n waits for this before it puts the execution to sleep.
		onNodeEnd(context, async () => {
			if (!isWaiting()) return;
			await this.bounded(async () => await this.opened.leases.handToWaiting(this.kept));
		});
	}

	/** Whether this run of the Guard was granted the key. */
	has(identity: string): boolean {
		return this.identities.has(identity);
	}

	/** From here on the nodes behind the Guard may act for the claims. */
	handOver(): void {
		this.handedOver = true;
		if (this.granted.length > 0) this.noteName();
	}

	/** Only here can the names be read: a listing in another workflow sees IDs. A namespace of one's own choice is its own name. */
	private noteName(): void {
		const { kind, namespace } = this.settings.scope;
		if (kind === 'custom') return;
		const workflow = this.context.getWorkflow().name ?? '';
		const name = kind === 'node' ? `${workflow} › ${this.context.getNode().name}` : workflow;
		this.opened.names.note(namespace, name);
	}

	/** Gives back all claims, for none of which anything ran. */
	async giveBack(reason: string): Promise<void> {
		const keeper = this.opened.leases;
		for (const claim of this.granted) keeper.drop(claim);
		await release(this.opened, this.granted, reason);
	}

	/** Where the run is only watched, the store neither holds it up nor stops it. */
	private async bounded(work: () => Promise<void>): Promise<void> {
		if (!this.settings.observes) {
			await work();
			return;
		}
		const patience = patienceWith(this.context.getNode());
		await attemptAsync(async () => await patience.within(work));
	}

	private async settle(): Promise<void> {
		const { context, opened } = this;
		const keeper = opened.leases;
		const open = this.granted.filter(
			(claim) => !isKeptByCommit(context, claim.identity) && keeper.drop(claim),
		);
		if (open.length === 0) return;
		const turns = new Turns();
		const endOf = await this.endReader(turns);
		const commandFor = async (index: number): Promise<OwnerCommand> => {
			const claim = open[index];
			if (claim === undefined) throw new RangeError('There is no such claim');
			const { identity, owner, fence } = claim;
			const end = await endOf(claim);
			return { identity, owner, fence, ownRun: true, type: 'abandon', ...end };
		};
		await commandInSlices(opened.store, open.length, commandFor, turns);
	}

	private async endReader(turns: Turns): Promise<(claim: GrantedClaim) => Promise<Abandoning>> {
		const { context, settings, opened } = this;
		if (!this.handedOver) return async () => released('The run was stopped before anything ran');
		if (settings.isTestRun) {
			// It must not block the next one.
			return async () => released('The test run ended without Idempotency Commit');
		}
		const when = `The run of ${new Date().toISOString()}`;
		if (settings.completeInSql) {
			const reason = `${when} ended, and no statement has completed the request`;
			return async () => ({ to: 'released', retryAfterMs: null, statusCode: 0, reason });
		}
		const ended = runEndedOf(context);
		const reading = await readRun(context, DEFAULT_RESPONSE_RULES, turns);
		const encoder = new ResultEncoder(context, WHOLE_ITEMS, opened.secret);
		return async (granted) => {
			if (reading === null) {
				return { to: 'unknown', statusCode: 0, reason: `${when} ended in a way nobody saw` };
			}
			const { trace, judge, results } = reading;
			const isItsEnd = (claim: number) =>
				ended.how === 'success' ||
				(ended.failed !== null && !judge.mayHaveGot(claim, ended.failed));
			const claim = trace.claimOf(granted.token);
			const end = claimEndOf(judge, claim, ended, settings.awaitsCommit);
			const reason = `${when} ${end.reason}`;
			if (end.outcome !== 'completed' && end.outcome !== 'failed') return abandoningOf(end, reason);
			const { statusCode = 0 } = end;
			const items = claim !== undefined && isItsEnd(claim) ? results.resultOf(claim) : null;
			const { identity, tenant } = granted;
			const owner = { identity, tenant, state: end.outcome, statusCode };
			const { bytes } =
				items === null ? encoder.without('no_items', owner) : await encoder.encode(items, owner);
			return { to: end.outcome, result: bytes, statusCode, reason };
		};
	}
}

function abandoningOf(end: ClaimEnd, reason: string): Abandoning {
	const { outcome, statusCode = 0, retryAfterMs = null, nothingActed } = end;
	return outcome === 'released'
		? { to: 'released', retryAfterMs, nothingRan: nothingActed, statusCode, reason }
		: { to: 'unknown', statusCode, reason };
}
