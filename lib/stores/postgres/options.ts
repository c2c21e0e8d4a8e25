import { createHash } from 'node:crypto';

import { StoreError } from '../../core/reply';

export interface PostgresTls {
	/** PEM. Only where the server's certificate is of an authority that Node.js does not know. */
	readonly ca?: string;
	/** PEM of a client certificate and its key. */
	readonly cert?: string;
	readonly key?: string;
	/** The name in the server's certificate, where it is not the host. */
	readonly servername?: string;
}

export interface PostgresOptions {
	readonly host: string;
	readonly port: number;
	readonly database: string;
	readonly user: string;
	readonly password: string;
	readonly tls?: PostgresTls;
	/** Where the tables are; `public` unless set. */
	readonly schema?: string;
	/** What the names of the tables begin with; `idem_` unless set. */
	readonly prefix?: string;
	/** For tests only: how far the store's clock is moved, in ms. */
	readonly clockOffsetMs?: () => number;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,30}$/;

/** The names of the tables, quoted. */
export class TableNames {
	readonly schema: string;

	private readonly prefix: string;

	/** @throws StoreError `configuration` for names that need more than quotes */
	constructor({ schema, prefix }: PostgresOptions) {
		this.schema = nameOf('Schema', schema || 'public');
		this.prefix = nameOf('Table Prefix', prefix || 'idem_');
	}

	of(name: TableName | 'finish' | 'emptied'): string {
		return `"${this.schema}"."${this.prefix}${name}"`;
	}

	/** The name of an index or a constraint, which stands in the schema of its table. */
	index(name: string): string {
		return `"${this.prefix}${name}"`;
	}

	/** The same for all who use these tables. */
	get lockNumber(): bigint {
		return createHash('sha256').update(`${this.schema}.${this.prefix}`).digest().readBigInt64BE();
	}
}

export const TABLES = [
	'claims',
	'budgets',
	'notices',
	'stats',
	'meta',
	'secrets',
	'names',
	'tallies',
] as const;

export type TableName = (typeof TABLES)[number];

function nameOf(what: string, name: string): string {
	if (NAME.test(name)) return name;
	throw new StoreError(
		'configuration',
		`"${what}" of the credential may hold letters, digits and _ only, 31 at most, and begins with a letter`,
	);
}

/** Where the store is, for messages: never a user or password. */
export function addressOf({ host, port, database }: PostgresOptions): string {
	return `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

/** Equal for options that mean the same connection and tables. */
export function optionsDigestOf(options: PostgresOptions): string {
	const { host, port, database, user, password, tls, schema, prefix } = options;
	const all = [host, port, database, user, password, tls ?? null, schema ?? '', prefix ?? ''];
	return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}
