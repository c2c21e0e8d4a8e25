import type { Tallied, TallyOrder } from '../../core/store';
import type { Timed } from '../rows/backend';
import { CLOCK, microsOf } from './clock';
import type { Database } from './database';

/** Counters beside those of claims. */
export async function tally(
	database: Database,
	{ counts, keepMs }: TallyOrder,
): Promise<Timed<null>> {
	// Not asked again: it would count twice. In one order everywhere, so that no two wait for each other's rows.
	const rows = await database.queryOnce(
		`WITH ${CLOCK}, added AS (
			INSERT INTO ${database.names.of('tallies')} AS t (bucket, name, value, until)
			SELECT bucket, name, sum(value), (SELECT micros / 1000 FROM clock) + $5::bigint
				FROM unnest($2::text[], $3::text[], $4::bigint[]) AS given (bucket, name, value) GROUP BY 1, 2 ORDER BY 1, 2
			ON CONFLICT (bucket, name) DO UPDATE SET value = t.value + EXCLUDED.value, until = EXCLUDED.until
		)
		SELECT micros FROM clock`,
		[
			database.offsetMs,
			counts.map(({ bucket }) => bucket),
			counts.map(({ name }) => name),
			counts.map(({ by }) => by),
			keepMs,
		],
	);
	return { micros: microsOf(rows), answer: null };
}

export async function talliedIn(
	database: Database,
	buckets: readonly string[],
): Promise<Timed<Tallied[]>> {
	const rows = await database.query(
		`WITH ${CLOCK} SELECT micros, bucket, name, value FROM clock LEFT JOIN ${database.names.of('tallies')}
			ON bucket = ANY($2::text[]) AND until > micros / 1000`,
		[database.offsetMs, [...buckets]],
	);
	const answer = rows.flatMap(({ bucket, name, value }): Tallied[] =>
		bucket === null ? [] : [{ bucket: String(bucket), name: String(name), by: Number(value) }],
	);
	return { micros: microsOf(rows), answer };
}
