import { randomBytes } from 'node:crypto';

import { sharingOf } from '../../core/instance-notes';
import { StoreError } from '../../core/reply';
import { adviceFor } from './advice';
import { Database } from './database';
import { storeErrorOf } from './errors';
import type { PostgresOptions } from './options';
import { PostgresRows } from './postgres-rows';
import { PostgresSteps } from './steps';
import { attemptAsync } from '../../core/attempt';
import { Counters } from '../rows/counters';
import { claim } from '../../core/transitions';

export interface PostgresHealth {
	readonly address: string;
	readonly version: string;
	readonly roundTripMs: number;
	/** What weakens the promise, in words. */
	readonly notes: readonly string[];
}

const MINUTE = 60_000;

/**
 * Takes a claim through its life by the statements that the nodes use, and removes it again.
 *
 * @throws StoreError why no claim can work
 */
export async function tryPostgres(options: PostgresOptions): Promise<PostgresHealth> {
	const database = new Database(options);
	const tried = await attemptAsync(async () => await live(database));
	await attemptAsync(async () => await database.close());
	if (tried.ok) return tried.value;
	const error = storeErrorOf(tried.error, database.address);
	if (error.advice === '') error.advice = adviceFor(error.problem);
	throw error;
}

async function live(database: Database): Promise<PostgresHealth> {
	const tables = await database.tables();
	const steps = new PostgresSteps(database, tables, new Counters());
	const identity = randomBytes(32).toString('hex');
	const at = { micros: Date.now() * 1000, epoch: tables.epoch };
	const { next } = claim(null, requestOf(identity), at);
	if (next === null || next.state === 'tombstone') throw unlike();
	const begun = performance.now();
	const inserted = await steps.insertOrRead([{ identity, record: next }], at);
	const roundTripMs = Math.round(performance.now() - begun);
	const read = await steps.read([identity]);
	const [row] = read.rows;
	if (inserted.rows.length !== 1 || row === null || row === undefined) throw unlike();
	if (row instanceof StoreError) throw row;
	const { stored, version } = row;
	if (stored === null) throw unlike();
	const held = await steps.swap([{ identity, version, before: stored, next: stored }]);
	if (held[0] !== true) throw unlike();
	const { units } = await steps.take([{ identity, limit: 1, windowMs: MINUTE }]);
	await steps.giveBack(units.flatMap((unit) => (typeof unit === 'number' ? [] : [unit])));
	await steps.remove(identity);
	const rows = new PostgresRows(database);
	await rows.takeNotices({ consumer: 'trial', notices: [identity], holdMs: 1 });
	const { answer: noted } = await rows.secretNotes();
	await rows.names([identity]);
	await rows.tally({ counts: [{ bucket: 'trial', name: identity, by: 1 }], keepMs: 1 });
	await rows.tallied(['trial']);
	await rows.stats();
	const { version: server, notes } = await settingsOf(database);
	const sharing = sharingOf(noted, 'Table Prefix');
	return {
		address: database.address,
		roundTripMs,
		version: server,
		notes: sharing === null ? notes : [...notes, sharing],
	};
}

async function settingsOf(database: Database): Promise<{ version: string; notes: string[] }> {
	const [row] = await database.query(
		`SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
			current_setting('synchronous_commit') AS synchronous_commit`,
		[],
	);
	const notes: string[] = [];
	if (row?.fsync === 'off') {
		notes.push('"fsync" is off: a power cut may lose or damage what is remembered.');
	}
	if (row?.synchronous_commit === 'off') {
		notes.push(
			'"synchronous_commit" is off: a crash of the server may forget the last claims, which then count as new.',
		);
	}
	return { version: String(row?.version), notes };
}

function requestOf(identity: string) {
	return {
		identity,
		owner: 'trial',
		fingerprint: '',
		comparison: '',
		fieldDigests: Buffer.alloc(0),
		tenant: '',
		namespace: 'trial',
		key: '',
		eventAt: null,
		leaseMs: MINUTE,
		claimTimeoutMs: MINUTE,
		retentionMs: MINUTE,
		onUnknownOutcome: 'hold' as const,
		maxAttempts: null,
		extendRetention: false,
		strictAge: false,
		pending: false,
		workflowId: '',
		executionId: '',
	};
}

function unlike(): StoreError {
	return new StoreError('unexpected', 'A trial of the statements went wrong', {
		advice: 'Is this PostgreSQL, or something that only speaks like it?',
	});
}
