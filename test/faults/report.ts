import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A row of the table that `npm run test:faults` prints: see scripts/test-faults.mjs. */
export interface FaultRow {
	readonly fault: string;
	readonly store: string;
	/** Claim → act → finish, begun. */
	readonly runs: number;
	readonly keys: number;
	readonly sideEffects: number;
	readonly violations: number;
	/** Null, or for how many keys a promise broke that no setting keeps under this fault. */
	readonly unprotected: number | null;
}

let rows = 0;

/** Hands a row to the script that prints the table, if one asked for it. */
export function record(row: FaultRow): void {
	const folder = process.env.FAULTS_REPORT;
	if (folder === undefined) return;
	const file = basename(expect.getState().testPath ?? '', '.test.ts');
	const text = JSON.stringify({ file, place: rows++, ...row });
	writeFileSync(join(folder, `${randomUUID()}.json`), text);
}
