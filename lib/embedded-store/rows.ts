import type { ClaimRecord, Stored } from '../record';
import { RECORD_STATES } from '../record';
import { StoreError } from '../store';

/** Claims that wait for an end, as SQL. */
export const OPEN_STATES = "'pending', 'processing', 'unknown'";

type StoredField = Exclude<keyof ClaimRecord, 'result'>;

interface Column {
	readonly column: string;
	readonly field: StoredField;
	readonly type: 'TEXT' | 'INTEGER' | 'BLOB';
}

const column = (name: string, field: StoredField, type: Column['type']): Column => ({
	column: name,
	field,
	type,
});

/**
 * The record's fields in the order of the table. The result is not among them: it lies in a table of its own, so that a
 * duplicate that is counted doesn't write a long answer again.
 */
export const COLUMNS: readonly Column[] = [
	column('state', 'state', 'TEXT'),
	column('fence', 'fence', 'INTEGER'),
	column('expires_at', 'expiresAt', 'INTEGER'),
	column('lease_until', 'leaseUntil', 'INTEGER'),
	column('claimed_at', 'claimedAt', 'INTEGER'),
	column('first_seen_at', 'firstSeenAt', 'INTEGER'),
	column('event_at', 'eventAt', 'INTEGER'),
	column('finished_at', 'finishedAt', 'INTEGER'),
	column('not_before', 'notBefore', 'INTEGER'),
	column('claim_timeout_ms', 'claimTimeoutMs', 'INTEGER'),
	column('retention_ms', 'retentionMs', 'INTEGER'),
	column('attempts', 'attempts', 'INTEGER'),
	column('duplicates', 'duplicates', 'INTEGER'),
	column('status_code', 'statusCode', 'INTEGER'),
	column('on_unknown_outcome', 'onUnknownOutcome', 'TEXT'),
	column('owner', 'owner', 'TEXT'),
	column('fingerprint', 'fingerprint', 'TEXT'),
	column('tenant', 'tenant', 'TEXT'),
	column('namespace', 'namespace', 'TEXT'),
	column('key', 'key', 'TEXT'),
	column('workflow_id', 'workflowId', 'TEXT'),
	column('execution_id', 'executionId', 'TEXT'),
	column('reason', 'reason', 'TEXT'),
	column('field_digests', 'fieldDigests', 'BLOB'),
];

type Value = string | number | Uint8Array;

const NO_VALUE: Record<Column['type'], Value> = { TEXT: '', INTEGER: 0, BLOB: new Uint8Array() };
const STATE = 0;
const FENCE = 1;
const EXPIRES_AT = 2;

/** A tombstone is a row of which only state, fence and expiry mean something. */
export function valuesOf(stored: NonNullable<Stored>): Value[] {
	if (stored.state === 'tombstone') {
		const values = COLUMNS.map(({ type }) => NO_VALUE[type]);
		values[STATE] = stored.state;
		values[FENCE] = stored.fence;
		values[EXPIRES_AT] = stored.expiresAt;
		return values;
	}
	return COLUMNS.map(({ field }) => stored[field]);
}

/** @throws StoreError `corrupt_record` for what is none of ours */
export function storedOf(values: readonly unknown[], result: Uint8Array | null): Stored {
	const state = values[STATE];
	if (state === 'tombstone') {
		const [, fence, expiresAt] = values;
		if (!isTime(fence) || !isTime(expiresAt)) throw corrupt('its tombstone is damaged');
		return { state, fence, expiresAt };
	}
	if (!(RECORD_STATES as readonly unknown[]).includes(state)) {
		throw corrupt(`its state is ${JSON.stringify(state)}`);
	}
	const record: Record<string, unknown> = { result };
	COLUMNS.forEach(({ field, type, column: name }, i) => {
		const value = values[i];
		if (!fits(type, value)) throw corrupt(`${name} holds no ${type}`);
		record[field] = value;
	});
	if (record.onUnknownOutcome !== 'hold' && record.onUnknownOutcome !== 'retry') {
		throw corrupt('its policy is unknown');
	}
	return record as unknown as ClaimRecord;
}

function fits(type: Column['type'], value: unknown): boolean {
	switch (type) {
		case 'TEXT':
			return typeof value === 'string';
		case 'INTEGER':
			return Number.isSafeInteger(value);
		case 'BLOB':
			return value instanceof Uint8Array;
	}
}

function isTime(value: unknown): value is number {
	return Number.isSafeInteger(value);
}

function corrupt(what: string): StoreError {
	return new StoreError(
		'corrupt_record',
		`The value stored for this key is not a record of ours: ${what}. Only a forced "Forget" removes it.`,
	);
}
