import type { Row } from '../report';

/** What a row is held to, and why where it can't be reached: the profile of the same run shows it. */
export interface Figure {
	readonly about: string;
	readonly target: string;
	readonly reached: (row: Row) => boolean;
	readonly why?: string;
}

const ratio = (about: string, least: number, why?: string): Figure => ({
	about,
	target: `≥ ${least}`,
	reached: (row) => row.ratio >= least,
	...(why === undefined ? {} : { why }),
});

export const FIGURES: Readonly<Record<string, Figure>> = {
	'claim-batch': ratio('10,000 new claims in one call, Redis', 1),
	'claim-single': ratio('new claims one after the other, Redis', 0.85),
	'claim-finish': ratio('claim and finish with a small result, Redis', 1.5),
	'embedded-batch': ratio('10,000 new claims in one call, SQLite', 0.6),
	'embedded-single': ratio('new claims one after the other, each on the disk, SQLite', 0.6),
	'canonical-json': ratio('canonical text of 1 MB of mixed JSON', 1.5),
	'guard-in-n8n': ratio('Webhook → Guard → NoOp → Commit in a real n8n', 0.9),
	wait: {
		about: 'from the commit to the answer of a duplicate that waits',
		target: '≤ 10 ms',
		reached: (row) => row.ours <= 10,
	},
	memory: {
		about: 'a record with digests of 5 fields and no result, index and counters included, Redis',
		target: '≤ 3 times',
		reached: (row) => row.ours <= 3 * row.theirs,
	},
};
