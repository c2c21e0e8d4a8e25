import { setImmediate as nextTurn } from 'node:timers/promises';

/** How many commands, and how many bytes of results, a store is given at once. */
export const SLICE_LENGTH = 128;
export const SLICE_BYTES = 1024 * 1024;

/** How long a piece of work may hold the loop, in ms, before it hands it back. */
const HELD_AT_MOST_MS = 10;
/** How many steps go by between two looks at the clock. */
const STEPS_BETWEEN_LOOKS = 64;

/**
 * Hands the loop back to others during long work: n8n answers its webhooks, and renews the leases of other runs, in the same thread.
 *
 * @example
 * const turns = new Turns();
 * for (const item of items) {
 *   work(item);
 *   if (turns.isOver()) await turns.next();
 * }
 */
export class Turns {
	private since = performance.now();

	private steps = 0;

	/** Counts `steps` more, and says whether it is time to hand back. */
	isOver(steps = 1): boolean {
		this.steps += steps;
		if (this.steps < STEPS_BETWEEN_LOOKS) return false;
		this.steps = 0;
		return performance.now() - this.since >= HELD_AT_MOST_MS;
	}

	async next(): Promise<void> {
		await nextTurn();
		this.since = performance.now();
	}
}
