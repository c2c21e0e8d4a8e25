import type { ClaimRecord, RecordState, Stored } from '../../core/record';
import { StoreError } from '../../core/reply';

/**
 * States as the numbers they are stored as. A number is compared far faster than a word where an index is kept of some states
 * only; those that wait for an end come first, so that `state <= LAST_OPEN_STATE` finds them.
 */
const STATES: ReadonlyArray<RecordState | 'tombstone' | null> = [
	null,
	'pending',
	'processing',
	'unknown',
	'released',
	'completed',
	'failed',
	'tombstone',
];
export const LAST_OPEN_STATE = STATES.indexOf('unknown');
export const COMPLETED_STATE = STATES.indexOf('completed');

type StoredField = Exclude<keyof ClaimRecord, 'result'>;

interface Column {
	readonly column: string;
	readonly field: StoredField;
	/** FLAG: an INTEGER of 0 or 1. */
	readonly type: 'TEXT' | 'INTEGER' | 'FLAG' | 'BLOB';
	/** In a first grant it moves with the clock, counted in these. Null for what the clock has no part in. */
	readonly clock: 'ms' | 'micros' | null;
}

const column = (
	name: string,
	field: StoredField,
	type: Column['type'],
	clock: Column['clock'] = null,
): Column => ({
	column: name,
	field,
	type,
	clock,
});

/**
 * The record's fields in the order of the table, those of a tombstone first: a new field is a line here and one in `valuesOf`, and
 * nothing else in a store over rows. The result is not among them: it lies in a table of its own, so that a duplicate that is counted doesn't
 * write a long answer again.
 */
export const COLUMNS: readonly Column[] = [
	column('state', 'state', 'INTEGER'),
	column('fence', 'fence', 'INTEGER', 'micros'),
	column('expires_at', 'expiresAt', 'INTEGER', 'ms'),
	column('believed_until', 'believedUntil', 'INTEGER', 'ms'),
	column('lease_until', 'leaseUntil', 'INTEGER', 'ms'),
	column('claimed_at', 'claimedAt', 'INTEGER', 'ms'),
	column('first_seen_at', 'firstSeenAt', 'INTEGER', 'ms'),
	column('event_at', 'eventAt', 'INTEGER', 'ms'),
	column('finished_at', 'finishedAt', 'INTEGER'),
	column('not_before', 'notBefore', 'INTEGER'),
	column('claim_timeout_ms', 'claimTimeoutMs', 'INTEGER'),
	column('retention_ms', 'retentionMs', 'INTEGER'),
	column('attempts', 'attempts', 'INTEGER'),
	column('takeover', 'takeover', 'FLAG'),
	column('duplicates', 'duplicates', 'INTEGER'),
	column('status_code', 'statusCode', 'INTEGER'),
	column('on_unknown_outcome', 'onUnknownOutcome', 'TEXT'),
	column('owner', 'owner', 'TEXT'),
	column('fingerprint', 'fingerprint', 'TEXT'),
	column('comparison', 'comparison', 'TEXT'),
	column('tenant', 'tenant', 'TEXT'),
	column('namespace', 'namespace', 'TEXT'),
	column('key', 'key', 'TEXT'),
	column('workflow_id', 'workflowId', 'TEXT'),
	column('execution_id', 'executionId', 'TEXT'),
	column('reason', 'reason', 'TEXT'),
	column('field_digests', 'fieldDigests', 'BLOB'),
];

type Value = string | number | Uint8Array;

const NO_VALUE: Record<Column['type'], Value> = {
	TEXT: '',
	INTEGER: 0,
	FLAG: 0,
	BLOB: new Uint8Array(),
};

/**
 * In the order of COLUMNS. Written out, since to look each field up by its name takes longer than all else that is done for a claim
 * before it is written. A tombstone is a row of which only state, fence and expiry mean something.
 */
export function valuesOf(stored: NonNullable<Stored>): Value[] {
	const state = STATES.indexOf(stored.state);
	if (stored.state === 'tombstone') {
		const nothing = COLUMNS.slice(3).map(({ type }) => NO_VALUE[type]);
		return [state, stored.fence, stored.expiresAt, ...nothing];
	}
	return [
		state,
		stored.fence,
		stored.expiresAt,
		stored.believedUntil,
		stored.leaseUntil,
		stored.claimedAt,
		stored.firstSeenAt,
		stored.eventAt,
		stored.finishedAt,
		stored.notBefore,
		stored.claimTimeoutMs,
		stored.retentionMs,
		stored.attempts,
		Number(stored.takeover),
		stored.duplicates,
		stored.statusCode,
		stored.onUnknownOutcome,
		stored.owner,
		stored.fingerprint,
		stored.comparison,
		stored.tenant,
		stored.namespace,
		stored.key,
		stored.workflowId,
		stored.executionId,
		stored.reason,
		stored.fieldDigests,
	];
}

/** All fields, as one object: V8 takes one that grows by more than a dozen names for a dictionary, which is slow to read and to copy. */
const BLANK: Readonly<Record<string, unknown>> = {
	result: null,
	...Object.fromEntries(COLUMNS.map(({ field }) => [field, null])),
};

/** @throws StoreError `corrupt_record` for what is none of ours */
export function storedOf(values: readonly unknown[], result: Uint8Array | null): Stored {
	const [code, fence, expiresAt] = values;
	const state = STATES[Number(code)] ?? null;
	if (state === null) throw corrupt(`it has the state ${String(code)}`);
	if (state === 'tombstone') return { state, fence: Number(fence), expiresAt: Number(expiresAt) };

	const record: Record<string, unknown> = { ...BLANK, result };
	for (let i = 0; i < COLUMNS.length; i++) {
		const { field, type, column: name } = COLUMNS[i] as Column;
		const value = values[i];
		if (!fits(type, value)) throw corrupt(`${name} holds no ${type}`);
		record[field] = type === 'FLAG' ? value === 1 : value;
	}
	record.state = state;
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
		case 'FLAG':
			return value === 0 || value === 1;
		case 'BLOB':
			return value instanceof Uint8Array;
	}
}

function corrupt(what: string): StoreError {
	return new StoreError(
		'corrupt_record',
		`The value stored for this key is not a record of ours: ${what}. Only a forced "Forget" removes it.`,
	);
}
