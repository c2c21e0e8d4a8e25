import { StoreError } from '../../core/reply';
import { TABLES, type TableNames } from './options';
import { SCHEMA_VERSION } from './schema';

/** The tables as they are. */
export interface Tables {
	/** When the store began to remember, in ms. */
	readonly epoch: number;
	readonly signingKey: Buffer;
	/** PostgreSQL's number of the table of claims, which is never given again to another. */
	readonly claimsId: string;
	/** That of the file that the claims are in: another one where they were truncated, and also where they were only packed. */
	readonly claimsFile: string;
}

/** Asks for all that `tablesIn` goes by; fails where there is no table `meta`. */
export function tablesSql(names: TableNames): string {
	const missing = TABLES.map((name) => `to_regclass('${names.of(name)}') IS NULL`).join(' OR ');
	return `SELECT name, value, to_regclass('${names.of('claims')}')::oid::text AS claims_id, ${fileSql(names)}::text AS claims_file, ${missing} AS is_missing FROM ${names.of('meta')}`;
}

/**
 * @returns null where a table is missing, or what stands in `meta` from the beginning
 * @throws StoreError `unsupported` for tables of a newer version
 */
export function tablesIn(
	rows: ReadonlyArray<Readonly<Record<string, unknown>>>,
	address: string,
): Tables | null {
	const value = (name: string) => String(rows.find((row) => row.name === name)?.value ?? '');
	if (Number(value('version')) > SCHEMA_VERSION) {
		throw new StoreError(
			'unsupported',
			`The tables in PostgreSQL at ${address} were made by a newer version of this package`,
		);
	}
	const epoch = Number(value('epoch'));
	const signingKey = Buffer.from(value('signing_key'), 'hex');
	const [first] = rows;
	if (first?.is_missing !== false || !(epoch > 0) || signingKey.length !== 32) return null;
	return {
		epoch,
		signingKey,
		claimsId: String(first.claims_id),
		claimsFile: String(first.claims_file),
	};
}

const fileSql = (names: TableNames) => `pg_relation_filenode(to_regclass('${names.of('claims')}'))`;

/** Whether a statement meets the file that was opened. It costs next to nothing; where it is another one, `isSame` says what that means. */
export function sameFileSql(names: TableNames, { claimsFile }: Tables): string {
	return `coalesce(${fileSql(names)} = ${claimsFile}::oid, false)`;
}

/** Whether these are the tables that were known before, with what was in them: neither others of the same name nor emptied ones. */
export function isSame(known: Tables, now: Tables | null): now is Tables {
	return now !== null && now.claimsId === known.claimsId && now.epoch === known.epoch;
}
