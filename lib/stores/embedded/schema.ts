import { randomBytes } from 'node:crypto';

import { StoreError } from '../../core/reply';
import { COLUMNS, LAST_OPEN_STATE } from '../rows/columns';
import type { Database } from './sqlite';

/** "idem": marks the file as ours. */
const APPLICATION_ID = 0x6964_656d;

const SCHEMA_VERSION = 6;

/** Since schema 2: what was told to whom, and until when it is not told again. */
const NOTICES = `
	CREATE TABLE notices (
		consumer TEXT NOT NULL,
		notice TEXT NOT NULL,
		until INTEGER NOT NULL,
		PRIMARY KEY (consumer, notice)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX ending_notices ON notices (until);
`;

/** Since schema 3: the grants that count against a budget, by their time and until when they count (ms). */
const BUDGETS = `
	CREATE TABLE budget_grants (budget TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
	CREATE INDEX grants_of_budget ON budget_grants (budget, at);
	CREATE INDEX ending_budget_grants ON budget_grants (until);
`;

/** Since schema 6: counters beside those of claims, and until when they are kept (ms). */
const TALLIES = `
	CREATE TABLE tallies (
		bucket TEXT NOT NULL,
		name TEXT NOT NULL,
		value INTEGER NOT NULL,
		until INTEGER NOT NULL,
		PRIMARY KEY (bucket, name)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX ending_tallies ON tallies (until);
`;

/** By when nothing needs to be kept of a row: `endOf` of transitions.ts. */
export const END_OF_ROW = 'max(expires_at, believed_until)';

/** Since schema 4: what a late finish and another comparison are judged by. */
const ENDS = `CREATE INDEX ending_claims ON claims (${END_OF_ROW});`;
const COMPARED = `
	ALTER TABLE claims ADD COLUMN believed_until INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE claims ADD COLUMN takeover INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE claims ADD COLUMN comparison TEXT NOT NULL DEFAULT '';
	DROP INDEX expiring_claims;
	${ENDS}
`;

/** Since schema 5: what people call a namespace, and until when that is kept (ms). */
const NAMES = `
	CREATE TABLE names (namespace TEXT PRIMARY KEY, name TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

const SCHEMA = `
	CREATE TABLE claims (
		id INTEGER PRIMARY KEY,
		identity TEXT NOT NULL UNIQUE,
		${COLUMNS.map(({ column, type }) => `${column} ${type === 'FLAG' ? 'INTEGER' : type} NOT NULL`).join(', ')}
	) STRICT;
	CREATE INDEX open_claims ON claims (lease_until) WHERE state <= ${LAST_OPEN_STATE};
	${ENDS}

	CREATE TABLE results (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

	CREATE TABLE stats (
		day TEXT NOT NULL,
		namespace TEXT NOT NULL,
		counter TEXT NOT NULL,
		value INTEGER NOT NULL,
		PRIMARY KEY (day, namespace, counter)
	) STRICT, WITHOUT ROWID;

	CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

	${NOTICES}
	${BUDGETS}
	${NAMES}
	${TALLIES}

	PRAGMA application_id = ${APPLICATION_ID};
	PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Makes the tables in an empty file, or checks that those of an older opening are ours. Runs inside a transaction, so that of
 * several processes one makes them.
 *
 * @throws StoreError `unsupported` for a newer schema, `configuration` for another program's file
 */
export function prepareSchema(db: Database, file: string, nowMicros: number): void {
	const version = pragma(db, 'user_version');
	const application = pragma(db, 'application_id');
	const empty = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n === 0;
	if (!empty && application !== APPLICATION_ID) {
		throw new StoreError(
			'configuration',
			`${file} is another program's database: choose another path.`,
		);
	}
	if (version > SCHEMA_VERSION) {
		throw new StoreError(
			'unsupported',
			`The store ${file} was made by a newer version of this package (schema ${version}, this one knows ${SCHEMA_VERSION}): update the package.`,
			{
				advice:
					'Update n8n-nodes-idempotency under "Settings" > "Community Nodes", or restore the file that fits this version.',
			},
		);
	}
	const added =
		(version < 2 ? NOTICES : '') +
		(version < 3 ? BUDGETS : '') +
		(version < 4 ? COMPARED : '') +
		(version < 5 ? NAMES : '') +
		(version < 6 ? TALLIES : '');
	if (!empty && added !== '') db.exec(`${added} PRAGMA user_version = ${SCHEMA_VERSION}`);
	if (!empty) return;
	db.exec(SCHEMA);
	const put = db.prepare('INSERT OR IGNORE INTO meta VALUES (?, ?)');
	put.run('signing_key', randomBytes(32));
	put.run('epoch', BigInt(Math.floor(nowMicros / 1000)));
	put.run('clock', BigInt(nowMicros));
}

function pragma(db: Database, name: 'user_version' | 'application_id'): number {
	return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
