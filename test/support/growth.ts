const FACTOR = 16;
const ROUNDS = 3;

/** A quadratic work's growth is 256, that of a linear one 16, or some times that where it outgrows the processor's caches. */
export const FAR_FROM_QUADRATIC = 100;

/**
 * How many times as much the process computes for sixteen times the size. Other processes on the machine matter little.
 *
 * @param prepare makes what the work needs for a size, which is not measured
 */
export function growthOf(size: number, prepare: (size: number) => () => unknown): number {
	const [small, large] = [prepare(size), prepare(FACTOR * size)];
	small();
	const [base, grown] = [leastCpuMicros(small), leastCpuMicros(large)];
	return grown / base;
}

/** Of some rounds: what clears memory may come into one, hardly into all. */
function leastCpuMicros(work: () => unknown): number {
	const rounds = Array.from({ length: ROUNDS }, () => {
		const before = process.cpuUsage();
		work();
		return process.cpuUsage(before).user;
	});
	return Math.max(1, Math.min(...rounds));
}
