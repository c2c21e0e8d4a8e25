/** How often another request may come under one key within a minute, before the key answers nobody for a while. */
const MOST_MISMATCHES = 10;
const WINDOW_MS = 60_000;
const MOST_KEYS = 10_000;

interface Count {
	mismatches: number;
	readonly untilMs: number;
}

const counts = new Map<string, Count>();

/**
 * Who guesses a request under a key that is known learns from each refusal that the guess was wrong. After ten in a minute the key is
 * closed for the rest of it. In seconds; null where it is open.
 */
export function closedForSeconds(identity: string, nowMs = performance.now()): number | null {
	const count = counts.get(identity);
	if (count === undefined || count.untilMs <= nowMs || count.mismatches < MOST_MISMATCHES)
		return null;
	return Math.ceil((count.untilMs - nowMs) / 1000);
}

export function countMismatch(identity: string, nowMs = performance.now()): void {
	const count = counts.get(identity);
	if (count !== undefined && count.untilMs > nowMs) {
		count.mismatches++;
		return;
	}
	counts.delete(identity);
	if (counts.size >= MOST_KEYS) {
		const [oldest] = counts.keys();
		if (oldest !== undefined) counts.delete(oldest);
	}
	counts.set(identity, { mismatches: 1, untilMs: nowMs + WINDOW_MS });
}
