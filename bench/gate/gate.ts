import type { Row } from '../report';

/** A ratio that was measured before, of the row with this bench, unit and peer. */
export interface Noted {
	readonly bench: string;
	readonly unit: string;
	readonly peer: string;
	readonly ratio: number;
}

/** What is left at least of a ratio that has not fallen by more than a third. */
export const LEAST_LEFT = 2 / 3;

/**
 * Each row whose ratio fell by more than a third against the one noted for it, in words. A row that was measured several times counts by
 * its best: a machine that pauses makes a ratio worse, and none makes it that much better. What nothing is noted for is not held to anything.
 */
export function fallenRatios(rows: readonly Row[], noted: readonly Noted[]): string[] {
	return noted.flatMap((note) => {
		const ratios = rows.filter((row) => isOf(row, note)).map(({ ratio }) => ratio);
		const best = Math.max(...ratios);
		if (ratios.length === 0 || best >= note.ratio * LEAST_LEFT) return [];
		const tries = ratios.length === 1 ? '' : `, the best of ${ratios.length} tries`;
		return [
			`${note.bench}, ${note.unit}, against ${note.peer}: the ratio is ${best}${tries}; ${note.ratio} is noted for it`,
		];
	});
}

const isOf = (row: Row, note: Noted): boolean =>
	row.bench === note.bench && row.unit === note.unit && row.peer === note.peer;

const TRIES = 3;

/**
 * Measures, and measures again what has fallen, up to three times in all: a pause of the machine is no fall.
 *
 * @param measure gives the rows of one try; it is told what has fallen in those before
 * @returns what is fallen after all tries, in words
 */
export async function fallenAfterTries(
	noted: readonly Noted[],
	measure: (fallen: readonly string[]) => Promise<readonly Row[]>,
): Promise<string[]> {
	const rows: Row[] = [];
	let fallen: string[] = [];
	for (let tried = 0; tried < TRIES; tried++) {
		rows.push(...(await measure(fallen)));
		fallen = fallenRatios(rows, noted);
		if (fallen.length === 0) break;
	}
	return fallen;
}
