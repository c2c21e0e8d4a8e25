/** How often another request may come under one key within a minute: from one address, before the key answers nobody there for a while. */
const MOST_MISMATCHES = 10;
/** From anywhere, before it answers nobody at all. */
const MOST_FROM_ALL = 100;
const WINDOW_MS = 60_000;
const MOST_KEYS = 10_000;

class Counts {
	private readonly counts = new Map<string, { mismatches: number; readonly untilMs: number }>();

	constructor(private readonly most: number) {}

	/** For how many seconds; 0 where it is open. */
	closedFor(name: string, nowMs: number): number {
		const count = this.counts.get(name);
		if (count === undefined || count.mismatches < this.most) return 0;
		return Math.max(0, Math.ceil((count.untilMs - nowMs) / 1000));
	}

	add(name: string, nowMs: number): void {
		const count = this.counts.get(name);
		if (count !== undefined && count.untilMs > nowMs) {
			count.mismatches++;
			return;
		}
		this.counts.delete(name);
		const [oldest] = this.counts.size < MOST_KEYS ? [] : this.counts.keys();
		if (oldest !== undefined) this.counts.delete(oldest);
		this.counts.set(name, { mismatches: 1, untilMs: nowMs + WINDOW_MS });
	}
}

const byAddress = new Counts(MOST_MISMATCHES);
const byKey = new Counts(MOST_FROM_ALL);

/**
 * Who guesses a request under a key that is known learns from each refusal that the guess was wrong. After ten in a minute the key is
 * closed for the rest of it, to that address: whoever has the right request mostly comes from another. In seconds; null where it is open.
 */
export function closedForSeconds(
	identity: string,
	address: string,
	nowMs = performance.now(),
): number | null {
	const here = byAddress.closedFor(`${identity} ${address}`, nowMs);
	const seconds = Math.max(here, byKey.closedFor(identity, nowMs));
	return seconds === 0 ? null : seconds;
}

export function countMismatch(identity: string, address: string, nowMs = performance.now()): void {
	byAddress.add(`${identity} ${address}`, nowMs);
	byKey.add(identity, nowMs);
}
