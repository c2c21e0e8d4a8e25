import fc from 'fast-check';
import type { FuzzProperty } from './property';
import { Leak } from './property';

export interface FuzzReport {
	readonly cases: number;
	readonly crashes: number;
	readonly leaks: number;
	readonly seed: number;
	readonly seconds: number;
	readonly properties: number;
}

export interface FuzzFailure {
	readonly property: string;
	/** A run with this seed fails in its first round. */
	readonly roundSeed: number;
	readonly smallestCase: string;
	readonly error: string;
}

export interface FuzzOptions {
	readonly seed: number;
	readonly seconds: number;
	readonly onProgress?: (report: FuzzReport) => void;
}

const MAX_CASE_LENGTH = 4_000;

/** Round after round of all properties until the time is over, or one fails. A round is never cut. */
export async function fuzz(
	properties: readonly FuzzProperty[],
	{ seed, seconds, onProgress }: FuzzOptions,
): Promise<{ report: FuzzReport; failure: FuzzFailure | null }> {
	const begun = performance.now();
	const elapsed = () => (performance.now() - begun) / 1000;
	let cases = 0;
	const reportOf = (more: Partial<FuzzReport> = {}): FuzzReport => ({
		cases,
		crashes: 0,
		leaks: 0,
		seed,
		seconds: Math.round(elapsed() * 10) / 10,
		properties: properties.length,
		...more,
	});
	for (let round = 0; round === 0 || elapsed() < seconds; round++) {
		for (const each of properties) {
			const roundSeed = (seed + round * 7_919) | 0;
			const details = await fc.check(each.property, { numRuns: each.cases, seed: roundSeed });
			cases += details.numRuns;
			if (details.failed) {
				const error: unknown = details.errorInstance;
				const found = error instanceof Leak ? { leaks: 1 } : { crashes: 1 };
				return {
					report: reportOf(found),
					failure: {
						property: each.name,
						roundSeed,
						smallestCase: fc.stringify(details.counterexample).slice(0, MAX_CASE_LENGTH),
						error: error instanceof Error ? (error.stack ?? error.message) : String(error),
					},
				};
			}
		}
		onProgress?.(reportOf());
	}
	return { report: reportOf(), failure: null };
}
