import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One measurement: the figure of one round. */
export type Round = () => Promise<number>;

/**
 * Measures several things in turn, round by round, and gives the median of each: a machine that is busy for a while is so for all
 * of them. Each round begins with another one, and a first round is thrown away: it compiles.
 */
export async function inTurns<Name extends string>(
	rounds: number,
	sides: Readonly<Record<Name, Round>>,
): Promise<Record<Name, number>> {
	const names = Object.keys(sides) as Name[];
	const measured = new Map<Name, number[]>(names.map((name) => [name, []]));
	for (let round = 0; round <= rounds; round++) {
		const first = round % names.length;
		for (const name of [...names.slice(first), ...names.slice(0, first)]) {
			collectGarbage();
			const figure = await sides[name]();
			if (round > 0) measured.get(name)?.push(figure);
		}
	}
	const medians = names.map((name) => [name, median(measured.get(name) ?? [])] as const);
	return Object.fromEntries(medians) as Record<Name, number>;
}

/** Milliseconds that the work takes. */
export async function timed(work: () => Promise<unknown> | void): Promise<number> {
	const begun = performance.now();
	await work();
	return performance.now() - begun;
}

/** How many a second. */
export async function rateOf(count: number, work: () => Promise<unknown> | void): Promise<number> {
	return (count / (await timed(work))) * 1000;
}

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length / 2;
	const upper = sorted[Math.floor(middle)] ?? NaN;
	return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? NaN)) / 2 : upper;
}

// Set here: what imports this file is loaded before it could say so itself.
setFlagsFromString('--expose-gc');

/** What one side leaves is not the other's to clear. */
export const collectGarbage = runInNewContext('gc') as () => void;
