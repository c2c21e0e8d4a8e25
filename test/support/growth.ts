const FACTOR = 16;
const ROUNDS = 5;

/** The growth of a quadratic work is 16, that of a linear one 1, or some times that where it outgrows the processor's caches. */
export const FAR_FROM_QUADRATIC = 6;

/**
 * How many times as much the process computes for one work of sixteen times the size as for sixteen works of the size.
 * Both take about as long where the work is linear, so that neither is too short for the system's clock.
 * Other processes on the machine matter little: only this process's time on the processor is counted, and of some rounds the least.
 *
 * @param prepare makes what the work needs for a size, which is not measured
 */
export function growthOf(size: number, prepare: (size: number) => () => unknown): number {
	const [small, large] = [prepare(size), prepare(FACTOR * size)];
	const many = () => {
		for (let i = 0; i < FACTOR; i++) small();
	};
	many();
	const rounds = Array.from({ length: ROUNDS }, () => [cpuMicros(many), cpuMicros(large)] as const);
	return Math.min(...rounds.map(([, grown]) => grown)) / Math.min(...rounds.map(([base]) => base));
}

/** Of user and system together: their sum is exact, how it is split between them an estimate. */
function cpuMicros(work: () => unknown): number {
	const before = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(before);
	return user + system;
}
