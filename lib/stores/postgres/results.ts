import type { Database, SqlRow } from './database';

/** So many bytes of results come in one answer. */
export const READ_BYTES = 4 << 20;

/** The results that were too long to come with their rows, by the row's number: each answer has a few of them. */
export async function missingResults(
	database: Database,
	rows: readonly SqlRow[],
): Promise<Map<string, Buffer>> {
	const results = new Map<string, Buffer>();
	const missing = rows.filter(({ size, result }) => size !== null && result === null);
	for (let from = 0; from < missing.length; ) {
		const asked: SqlRow[] = [];
		let bytes = 0;
		while (from < missing.length && (asked.length === 0 || bytes < READ_BYTES)) {
			const row = missing[from++] as SqlRow;
			bytes += Number(row.size);
			asked.push(row);
		}
		const read = await database.query(
			`SELECT id, result FROM ${database.names.of('claims')} c
			JOIN unnest($1::bigint[], $2::bigint[]) AS given (row_id, row_version) ON c.id = row_id AND c.version = row_version`,
			[asked.map(({ id }) => String(id)), asked.map(({ version }) => String(version))],
			{ bytes },
		);
		for (const { id, result } of read) {
			if (Buffer.isBuffer(result)) results.set(String(id), result);
		}
	}
	return results;
}
