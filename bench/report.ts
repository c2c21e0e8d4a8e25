/** What a run found, as it is printed and as docs/benchmarks.md is made of it. */
export class Report {
	readonly rows: Row[] = [];

	readonly verdicts: Verdict[] = [];

	readonly points: Point[] = [];

	readonly profiles: Profile[] = [];

	constructor(private readonly print: (line: string) => void) {}

	/** A comparison, printed as a JSON line. */
	row(row: Omit<Row, 'ratio'> & { readonly better: 'more' | 'less' }): void {
		const { better, ...said } = row;
		const ratio = better === 'more' ? said.ours / said.theirs : said.theirs / said.ours;
		const rounded: Row = {
			bench: said.bench,
			unit: said.unit,
			ours: significant(said.ours),
			peer: said.peer,
			theirs: significant(said.theirs),
			ratio: Number(ratio.toFixed(2)),
		};
		this.rows.push(rounded);
		this.print(JSON.stringify(rounded));
	}

	verdict(verdict: Verdict): void {
		this.verdicts.push(verdict);
		this.print(JSON.stringify({ bench: 'correctness', ...verdict }));
	}

	point(point: Point): void {
		const rounded = { ...point, value: significant(point.value) };
		this.points.push(rounded);
		this.print(JSON.stringify({ bench: 'growth', ...rounded }));
	}

	profile(profile: Profile): void {
		this.profiles.push(profile);
		this.print(JSON.stringify({ bench: 'profile', ...profile }));
	}
}

/** Where the time of one operation goes, in microseconds. Client and Redis work at the same time where they can. */
export interface Profile {
	readonly of: string;
	readonly side: string;
	readonly wall: number;
	/** CPU time of our process, all its threads. */
	readonly clientCpu: number;
	/** CPU time of Redis, network included. */
	readonly redisCpu: number;
	/** Commands by the time that Redis says they took; a script's includes those that it calls. */
	readonly commands: Readonly<Record<string, number>>;
}

/** `ratio` is over 1 where ours is better. */
export interface Row {
	readonly bench: string;
	readonly unit: string;
	readonly ours: number;
	readonly peer: string;
	readonly theirs: number;
	readonly ratio: number;
}

/** What one peer did in one scenario. */
export interface Verdict {
	readonly scenario: string;
	readonly peer: string;
	/** Null where the peer can't run the scenario: `told` says why. */
	readonly sideEffects: number | null;
	readonly expected: number;
	/** What the deliveries were told besides, in words. */
	readonly told: string;
}

/** A figure of ours as work grows. */
export interface Point {
	readonly plot: 'batch' | 'records' | 'memory' | 'list' | 'settle';
	readonly store: 'embedded' | 'redis' | 'postgres';
	/** Items in the batch, records in the store, or claims of the run. */
	readonly size: number;
	readonly unit: string;
	readonly value: number;
}

function significant(value: number): number {
	return Number(value.toPrecision(4));
}
