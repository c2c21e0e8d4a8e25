import type { Budget } from '../../core/budget';
import { budgetWaitMs, budgetWindowStart } from '../../core/budget';
import type { Taken, Unit } from '../rows/backend';
import { CLOCK } from './clock';
import type { Database } from './database';

/** Budgets: a row each, with the times of its grants (ms). */

/** Takes a unit of each that has room, in this order. */
export async function takeUnits(
	database: Database,
	budgets: readonly Budget[],
	epoch: number,
): Promise<Taken> {
	const units: Array<Unit | number> = [];
	let micros = 0;
	for (const budget of budgets) {
		const taken = await takeOne(database, budget);
		({ micros } = taken);
		units.push(taken.unit);
	}
	return { clock: { micros, epoch }, units };
}

/** Units of one millisecond are all the same. */
export async function giveUnits(database: Database, units: readonly Unit[]): Promise<void> {
	for (const { budget, id } of units) {
		await database.query(
			`UPDATE ${database.names.of('budgets')} SET grants = grants[:array_position(grants, $2::bigint) - 1] || grants[array_position(grants, $2::bigint) + 1:]
			WHERE identity = $1 AND array_position(grants, $2::bigint) IS NOT NULL`,
			[budget, Number(id)],
		);
	}
}

async function takeOne(
	database: Database,
	budget: Budget,
): Promise<{ unit: Unit | number; micros: number }> {
	const { identity, limit, windowMs } = budget;
	const budgets = database.names.of('budgets');
	const counted = `ARRAY(SELECT at FROM unnest(b.grants) AS at WHERE at > (SELECT micros / 1000 FROM clock) - $3::bigint ORDER BY at)`;
	const [taken] = await database.query(
		`WITH ${CLOCK}, taken AS (
			INSERT INTO ${budgets} AS b (identity, grants, until)
			SELECT $2, ARRAY[micros / 1000], micros / 1000 + $3::bigint FROM clock
			ON CONFLICT (identity) DO UPDATE SET grants = ${counted} || EXCLUDED.grants, until = EXCLUDED.until
			WHERE cardinality(${counted}) < $4::bigint
			RETURNING identity
		)
		SELECT micros, taken.identity FROM clock LEFT JOIN taken ON true`,
		[database.offsetMs, identity, Math.ceil(windowMs), limit],
	);
	const micros = Number(taken?.micros);
	const now = Math.floor(micros / 1000);
	if (taken?.identity !== null) return { micros, unit: { budget: identity, id: now } };
	const [row] = await database.query(`SELECT grants FROM ${budgets} WHERE identity = $1`, [
		identity,
	]);
	const start = budgetWindowStart(budget, now);
	const grants = ((row?.grants ?? []) as unknown[]).map(Number).filter((at) => at > start);
	// Given back in between: refused all the same, for a moment.
	return { micros, unit: Math.max(1, budgetWaitMs(grants, budget, now)) };
}
