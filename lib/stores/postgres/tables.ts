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
}

/** Asks for all that `tablesIn` goes by; fails where there is no table `meta`. */
export function tablesSql(names: TableNames): string {
	const missing = TABLES.map((name) => `to_regclass('${names.of(name)}') IS NULL`).join(' OR ');
	return `SELECT name, value, to_regclass('${names.of('claims')}')::oid::text AS claims_id, ${missing} AS is_missing FROM ${names.of('meta')}`;
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
	return { epoch, signingKey, claimsId: String(first.claims_id) };
}

/** Whether a statement meets the tables that were opened: not others of the same name, and not emptied ones. */
export function sameTablesSql(names: TableNames, { epoch, claimsId }: Tables): string {
	return `coalesce(to_regclass('${names.of('claims')}')::oid = ${claimsId}::oid AND (SELECT value FROM ${names.of('meta')} WHERE name = 'epoch') = '${epoch}', false)`;
}
