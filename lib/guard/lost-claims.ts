import { setTimeout as sleep } from 'node:timers/promises';

import type { ClaimRequest } from '../core/record';
import { replyAt } from '../core/reply';
import type { Store } from '../core/store';
import { release } from './release';

/** When a lost claim is looked for. The last looks are for a server that carries out late what it was sent. */
const LOOKS_AFTER_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];

/** A store that is down fails every request: what is more than this ends by its lease. */
const MOST_SEARCHES = 1_000;

/**
 * Claims that may have been granted though the answer was lost: nobody acts for them, and nobody else would get the key before their
 * lease is over, and then only after a review. They are looked for until they are found and given back.
 */
export class LostClaims {
	private readonly searches = new Map<string, Search>();

	constructor(
		private readonly store: Store,
		private readonly looksAfterMs: readonly number[] = LOOKS_AFTER_MS,
	) {}

	/** Looks for the claim of a request that failed, in the background. The process may end meanwhile. */
	lookFor(request: ClaimRequest): void {
		const name = nameOf(request);
		if (this.searches.has(name) || this.searches.size >= MOST_SEARCHES) return;
		const search = new Search(this.store, request, this.looksAfterMs);
		this.searches.set(name, search);
		void search.done.finally(() => {
			if (this.searches.get(name) === search) this.searches.delete(name);
		});
	}

	/** The same claimant asks again: its claim is not lost any more. Resolves when nothing is being given back. */
	async stopLookingFor(requests: readonly ClaimRequest[]): Promise<void> {
		if (this.searches.size === 0) return;
		const found = requests.flatMap((request) => this.searches.get(nameOf(request)) ?? []);
		await Promise.all(found.map(async (search) => await search.stop()));
	}
}

class Search {
	readonly done: Promise<void>;

	private readonly stopped = new AbortController();

	constructor(
		private readonly store: Store,
		private readonly request: ClaimRequest,
		looksAfterMs: readonly number[],
	) {
		this.done = this.run(looksAfterMs);
	}

	async stop(): Promise<void> {
		this.stopped.abort();
		await this.done;
	}

	private async run(looksAfterMs: readonly number[]): Promise<void> {
		const { signal } = this.stopped;
		for (const ms of looksAfterMs) {
			await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined);
			if (signal.aborted || (await this.giveBack())) return;
		}
	}

	/** @returns whether there is nothing left to give back */
	private async giveBack(): Promise<boolean> {
		const { identity, owner } = this.request;
		const reply = replyAt(await this.store.get([identity]), 0);
		if (!reply.ok) return false;
		const record = reply.answer;
		if (record === null || record.state === 'tombstone' || record.owner !== owner) return false;
		if (record.state !== 'pending' && record.state !== 'processing') return true;
		const claim = { identity, owner, fence: record.fence, ownRun: true };
		await release({ store: this.store }, [claim], 'The answer to the claim was lost: nothing ran');
		return false;
	}
}

function nameOf({ identity, owner }: ClaimRequest): string {
	return `${identity} ${owner}`;
}
