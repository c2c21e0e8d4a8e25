import { setTimeout as sleep } from 'node:timers/promises';

import { setNewest } from './set-newest';

/** Time from one answer to the next under one name, in ms. */
export const GAP_MS = 250;

/** No answer is held for longer, in ms: senders give up after some seconds. */
export const LONGEST_MS = 1_000;

/** Names that are known at a time; then the oldest is forgotten, and begins anew. */
const MOST_NAMES = 10_000;

/**
 * Holds back the answers to requests that are refused for their number. A sender that takes its answers as fast as it gets them would
 * otherwise take all the time of the process, and others would stand behind it. A sender that comes less often waits for nothing.
 */
export class RefusalPace {
	private readonly nextAt = new Map<string, number>();

	private waiting = 0;

	/** How many answers are held. */
	get held(): number {
		return this.waiting;
	}

	/**
	 * Waits until the answer may go out.
	 *
	 * @param name what the answers of one sender have in common: its budget
	 * @param mostHeld where so many answers are held already, of all names, it goes out at once
	 */
	async hold(name: string, mostHeld: number): Promise<void> {
		if (this.waiting >= mostHeld) return;
		const delayMs = this.delayOf(name, performance.now());
		if (delayMs === 0) return;
		this.waiting++;
		try {
			await sleep(delayMs, undefined, { ref: false });
		} finally {
			this.waiting--;
		}
	}

	/** How long the next answer is to be held, in ms; it counts as given. */
	delayOf(name: string, nowMs: number): number {
		const turn = Math.max(nowMs, this.nextAt.get(name) ?? nowMs);
		const delayMs = Math.min(turn - nowMs, LONGEST_MS);
		setNewest(this.nextAt, name, nowMs + delayMs + GAP_MS, MOST_NAMES);
		return delayMs;
	}
}
