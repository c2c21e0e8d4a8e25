import { setImmediate as nextTurn } from 'node:timers/promises';

import type { OwnedClaim, OwnerAnswer } from '../core/record';
import type { Reply } from '../core/reply';
import type { Store } from '../core/store';
import { SLICE_LENGTH } from './turns';

/** A lease and how often it is renewed, in ms. Three renewals may fail before it is over. */
export const LEASE_MS = 60_000;
export const RENEW_EVERY_MS = 15_000;

/** A claim that this process holds for a living execution. */
export interface KeptClaim extends OwnedClaim {
	/** How long the run may hold the key. */
	readonly claimTimeoutMs: number;
	/** Whether the execution was put to wait: it may go on in another process, or in days. */
	readonly isWaiting: () => boolean;
}

/**
 * Renews the leases of all claims that a process holds in one store: one timer and one batched call, however many they are. The
 * store ends a lease at the claim timeout, whatever is asked here. The timer never keeps a process alive.
 */
export class LeaseKeeper {
	private readonly claims = new Map<string, KeptClaim>();

	private timer: NodeJS.Timeout | undefined;

	private renewing = false;

	constructor(
		private readonly store: Pick<Store, 'command'>,
		private readonly times: { leaseMs: number; renewEveryMs: number } = {
			leaseMs: LEASE_MS,
			renewEveryMs: RENEW_EVERY_MS,
		},
	) {}

	/** How many claims are renewed. */
	get size(): number {
		return this.claims.size;
	}

	keep(claims: readonly KeptClaim[]): void {
		for (const claim of claims) this.claims.set(idOf(claim), claim);
		if (this.claims.size > 0 && this.timer === undefined) {
			// A store never rejects; if it did, that would end n8n.
			const tick = () => this.renew().catch(() => undefined);
			this.timer = setInterval(() => void tick(), this.times.renewEveryMs).unref();
		}
	}

	/** @returns whether the claim was still kept: false once it was finished, lost or handed to a waiting execution. */
	drop(claim: OwnedClaim): boolean {
		const kept = this.claims.delete(idOf(claim));
		this.stopWhenEmpty();
		return kept;
	}

	/** Renews all leases now. What could not be renewed is tried again with the next tick. */
	async renew(): Promise<void> {
		if (this.renewing) return;
		this.renewing = true;
		try {
			const claims = [...this.claims.values()];
			for (let from = 0; from < claims.length; from += SLICE_LENGTH) {
				if (from > 0) await nextTurn();
				await this.renewSlice(claims.slice(from, from + SLICE_LENGTH));
			}
			this.stopWhenEmpty();
		} finally {
			this.renewing = false;
		}
	}

	/**
	 * Claims of an execution that is about to sleep, maybe for days and in another process: they are held for as long as they may be, and
	 * no longer renewed.
	 *
	 * @throws StoreError where the store can't be told: the run must not sleep on with a claim that others may take
	 */
	async handToWaiting(claims: readonly KeptClaim[]): Promise<void> {
		const kept = claims.filter((claim) => this.claims.has(idOf(claim)));
		for (let from = 0; from < kept.length; from += SLICE_LENGTH) {
			const replies = await this.renewSlice(kept.slice(from, from + SLICE_LENGTH));
			for (const reply of replies) if (!reply.ok) throw reply.error;
		}
		this.stopWhenEmpty();
	}

	private async renewSlice(
		claims: readonly KeptClaim[],
	): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
		const waiting = claims.map((claim) => claim.isWaiting());
		const replies = await this.store.command(
			claims.map(({ identity, owner, fence, ownRun, claimTimeoutMs }, i) => ({
				type: 'renew',
				identity,
				owner,
				fence,
				ownRun,
				leaseMs: waiting[i] ? claimTimeoutMs : this.times.leaseMs,
			})),
		);
		for (const [i, claim] of claims.entries()) {
			const reply = replies[i];
			const isOver = reply?.ok && (waiting[i] || reply.answer.outcome !== 'done');
			// Meanwhile it may have been dropped, and granted once more.
			if (isOver && this.claims.get(idOf(claim)) === claim) this.claims.delete(idOf(claim));
		}
		return replies;
	}

	private stopWhenEmpty(): void {
		if (this.claims.size > 0) return;
		clearInterval(this.timer);
		this.timer = undefined;
	}
}

function idOf({ identity, owner, fence }: OwnedClaim): string {
	return `${identity}:${owner}:${fence}`;
}
