/**
 * One outcome of many: of all items and all acts of one request. What happened must not happen again, and what did not happen must not
 * be lost: where the answers disagree about that, nobody knows.
 */
import type { ResponseOutcome } from './response-outcome';

const OUTCOMES = ['unknown', 'completed', 'failed', 'released'] as const;

/** What was seen so far, counted; the first of each kind speaks for it. */
export class Tally {
	private readonly counts = { unknown: 0, completed: 0, failed: 0, released: 0 };

	private readonly first = new Map<ResponseOutcome['outcome'], ResponseOutcome>();

	private longestWaitMs: number | undefined;

	get total(): number {
		return OUTCOMES.reduce((sum, outcome) => sum + this.counts[outcome], 0);
	}

	/** Whether something of it was surely done. */
	get hasCompleted(): boolean {
		return this.counts.completed > 0;
	}

	add(seen: ResponseOutcome, count = 1): this {
		this.counts[seen.outcome] += count;
		if (!this.first.has(seen.outcome)) this.first.set(seen.outcome, seen);
		this.wait(seen.retryAfterMs);
		return this;
	}

	addAll(other: Tally): this {
		for (const outcome of OUTCOMES) {
			const first = other.first.get(outcome);
			if (first !== undefined) this.add(first, other.counts[outcome]);
		}
		this.wait(other.longestWaitMs);
		return this;
	}

	/**
	 * Any unknown: unknown. All released: released, for the longest wait. Some released and others final: unknown. All final: completed
	 * where one is, else failed. Nothing at all: unknown.
	 */
	joined(): ResponseOutcome {
		const { counts, total } = this;
		const { unknown, released } = counts;
		if (total === 0) return { outcome: 'unknown', reason: 'nothing tells the outcome' };
		if (unknown > 0) return this.speaking('unknown');
		if (released > 0 && released < total) {
			const reason = this.first.get('released')?.reason ?? '';
			return {
				outcome: 'unknown',
				reason: `${released} of ${total} was not done: ${reason}`,
				isMixed: true,
			};
		}
		if (released > 0) {
			const { longestWaitMs } = this;
			const told = this.speaking('released');
			return longestWaitMs === undefined ? told : { ...told, retryAfterMs: longestWaitMs };
		}
		return this.speaking(counts.completed > 0 ? 'completed' : 'failed');
	}

	private speaking(outcome: ResponseOutcome['outcome']): ResponseOutcome {
		const first = this.first.get(outcome);
		if (first === undefined) throw new TypeError('Nothing of this kind was seen');
		const { total, counts } = this;
		if (counts[outcome] === total) return first;

		return { ...first, reason: `${counts[outcome]} of ${total}: ${first.reason}` };
	}

	private wait(ms: number | undefined): void {
		if (ms !== undefined) this.longestWaitMs = Math.max(this.longestWaitMs ?? 0, ms);
	}
}

/** One outcome for several. */
export function joinOutcomes(outcomes: readonly ResponseOutcome[]): ResponseOutcome {
	const tally = new Tally();
	for (const each of outcomes) tally.add(each);
	return tally.joined();
}
