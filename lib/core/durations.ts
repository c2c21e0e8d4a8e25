/** Longest retention that is taken: ten years. */
export const MAX_RETENTION_MS = 10 * 366 * 24 * 3_600_000;

/**
 * Says what is wrong with a duration before any store is touched, or null. Zero, negative, NaN and endless durations would make
 * records that never hold, or never end.
 */
export function durationProblem(name: string, ms: number): string | null {
	if (!Number.isFinite(ms)) return `${name} is not a number`;
	if (ms <= 0) return `${name} must be more than zero`;
	if (ms > MAX_RETENTION_MS) return `${name} must be at most ten years`;
	return null;
}

/** A duration as it is kept: whole milliseconds, rounded up, so that nothing ends early. */
export function wholeMs(ms: number): number {
	return Math.ceil(ms);
}
