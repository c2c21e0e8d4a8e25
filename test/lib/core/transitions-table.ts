import type {
	ClaimRecord,
	ClaimRequest,
	OperatorCommand,
	OwnerCommand,
	Stored,
} from '../../../lib/core/record';
import { observe } from '../../../lib/core/transitions';
import {
	CLAIM_TIMEOUT,
	LEASE,
	MINUTE,
	RETENTION,
	bytes,
	claimRequest,
	finishOf,
	identityOf,
} from '../../support/requests';

/** For each column and row of the table in docs/contract.md, records and requests that it speaks of. */

export const CLAIMED_AT = 1_800_000_000_000;
export const NOW = CLAIMED_AT + MINUTE;
export const CLOCK = { micros: NOW * 1000 + 7, epoch: CLAIMED_AT - RETENTION };
export const FENCE = CLAIMED_AT * 1000 + 5;
export const identity = identityOf('key');

export const claimOfOwner = claimRequest({ identity, onUnknownOutcome: 'retry' });

export const RECORD: ClaimRecord = Object.freeze({
	state: 'processing',
	owner: 'owner-a',
	fence: FENCE,
	fingerprint: claimOfOwner.fingerprint,
	comparison: claimOfOwner.comparison,
	fieldDigests: claimOfOwner.fieldDigests,
	tenant: '',
	namespace: 'orders',
	key: 'order 1',
	eventAt: CLAIMED_AT,
	firstSeenAt: CLAIMED_AT,
	claimedAt: CLAIMED_AT,
	leaseUntil: NOW + LEASE,
	claimTimeoutMs: CLAIM_TIMEOUT,
	attempts: 1,
	takeover: false,
	notBefore: 0,
	finishedAt: 0,
	retentionMs: RETENTION,
	expiresAt: NOW + LEASE + RETENTION,
	believedUntil: CLAIMED_AT + RETENTION,
	result: null,
	statusCode: 0,
	duplicates: 4,
	onUnknownOutcome: 'retry',
	reason: '',
	workflowId: 'workflow-1',
	executionId: 'execution of owner-a',
});

const ended: Partial<ClaimRecord> = { leaseUntil: NOW - 10, expiresAt: NOW - 10 + RETENTION };
const lapsed: ClaimRecord = { ...RECORD, leaseUntil: NOW, expiresAt: NOW + RETENTION };
const pending: ClaimRecord = {
	...RECORD,
	state: 'pending',
	leaseUntil: CLAIMED_AT + CLAIM_TIMEOUT,
	expiresAt: CLAIMED_AT + CLAIM_TIMEOUT + RETENTION,
};

export const COLUMNS = {
	absent: null,
	pending,
	processing: RECORD,
	lapsed,
	'never began': { ...lapsed, state: 'pending' },
	unknown: { ...RECORD, ...ended, state: 'unknown', reason: 'stopped' },
	released: { ...RECORD, ...ended, state: 'released', notBefore: NOW },
	completed: { ...RECORD, ...ended, state: 'completed', finishedAt: NOW - 10, result: bytes(1) },
	failed: { ...RECORD, ...ended, state: 'failed', finishedAt: NOW - 10, result: bytes(2) },
} satisfies Record<string, Stored>;
export type Column = keyof typeof COLUMNS;

/** Records that stand in other columns than their state says. */
export const VARIANTS: ReadonlyArray<[name: string, column: Column, stored: Stored]> = [
	...Object.entries(COLUMNS).map(([name, stored]): [string, Column, Stored] => [
		name,
		name as Column,
		stored,
	]),
	[
		'absent (expired)',
		'absent',
		{ ...COLUMNS.completed, expiresAt: NOW, believedUntil: NOW, fence: FENCE - 1 },
	],
	['absent (tombstone over)', 'absent', { state: 'tombstone', fence: FENCE + 1, expiresAt: NOW }],
	['lapsed (pending, by takeover)', 'lapsed', { ...lapsed, state: 'pending', takeover: true }],
];

/** Whose attempt was given back: its run never began. */
export function isGivenBack(stored: Stored): boolean {
	return stored?.state === 'pending' && stored.leaseUntil <= NOW;
}

export const other: ClaimRequest = {
	...claimOfOwner,
	owner: 'owner-b',
	executionId: 'execution of owner-b',
};
const others = (over: Partial<ClaimRequest>): ClaimRequest => ({ ...other, ...over });

export const CLAIMS: Readonly<Record<string, readonly ClaimRequest[]>> = {
	'claim, another tenant': [
		{ ...claimOfOwner, tenant: 'another' },
		others({ tenant: 'another' }),
		others({ tenant: 'another', fingerprint: 'another' }),
	],
	'claim, another fingerprint': [
		{ ...claimOfOwner, fingerprint: 'another' },
		others({ fingerprint: 'another' }),
		others({ fingerprint: 'another', onUnknownOutcome: 'hold' }),
	],
	'claim, own token, hold': [{ ...claimOfOwner, onUnknownOutcome: 'hold' }],
	'claim, own token, retry': [claimOfOwner],
	'claim, other token, hold': [others({ onUnknownOutcome: 'hold' })],
	'claim, other token, retry': [
		other,
		others({ fingerprint: '' }),
		others({ fingerprint: 'another', comparison: 'another' }),
	],
};

const owned = { identity, owner: 'owner-a', fence: FENCE };
export const own = { ...owned, ownRun: true };
export const retried = { ...owned, ownRun: false };
type Run = typeof own;
export const finishTo =
	(to: 'completed' | 'failed') =>
	(run: Run): OwnerCommand =>
		finishOf(claimOfOwner, run.fence, { ...run, to, result: bytes(7), statusCode: 201 });
export const release = (run: Run): OwnerCommand => ({
	...run,
	type: 'release',
	retryAfterMs: MINUTE,
	statusCode: 429,
	reason: 'try later',
});
export const park = (run: Run): OwnerCommand => ({
	...run,
	type: 'park',
	statusCode: 502,
	reason: 'unsure',
});
const abandon =
	(to: 'completed' | 'failed' | 'released' | 'unknown') =>
	(run: Run): OwnerCommand => {
		const end = { type: 'abandon' as const, statusCode: 500, reason: 'stopped' };
		if (to === 'released') return { ...run, ...end, to, retryAfterMs: 0 };
		if (to === 'unknown') return { ...run, ...end, to };
		return { ...run, ...end, to, result: bytes(8) };
	};
export const renew = (run: Run): OwnerCommand => ({ ...run, type: 'renew', leaseMs: LEASE });
export const start =
	(executionId: string) =>
	(run: Run): OwnerCommand => ({
		...run,
		type: 'start',
		leaseMs: LEASE,
		workflowId: RECORD.workflowId,
		executionId,
	});
export const deposit = (run: Run): OwnerCommand => ({ ...run, type: 'deposit', request: bytes(6) });
const abandons = (['completed', 'failed', 'released', 'unknown'] as const).map(abandon);
const withOwner = [
	finishTo('completed'),
	finishTo('failed'),
	release,
	park,
	renew,
	start(RECORD.executionId),
	start('another'),
	deposit,
];
const differing: Run[] = [
	{ ...own, owner: 'owner-b' },
	{ ...own, fence: FENCE - 1 },
	{ ...own, fence: FENCE + 1 },
	{ ...retried, owner: 'owner-b' },
];
const ungranted = [0, -1, NaN, 1.5, Infinity].map((fence) => ({ ...own, fence }));

export const COMMANDS: Readonly<Record<string, readonly OwnerCommand[]>> = {
	'finish (completed)': [finishTo('completed')(own), finishTo('completed')(retried)],
	'finish (failed), own run': [finishTo('failed')(own)],
	'finish (failed), retried run': [finishTo('failed')(retried)],
	'release, own run': [release(own)],
	'release, retried run': [release(retried)],
	park: [park(own), park(retried)],
	'abandon (to x), own run': abandons.map((order) => order(own)),
	'abandon (to x), retried run': abandons.map((order) => order(retried)),
	'renew, own run, within the claim timeout': [renew(own)],
	'renew, otherwise': [renew(retried)],
	'start, the execution that holds the key': [start(RECORD.executionId)(own)],
	'start, another execution': [start('another')(own)],
	deposit: [deposit(own)],
	'token differs: finish, release, park, renew, start, deposit': withOwner.flatMap((order) =>
		differing.map((run) => order(run)),
	),
	'token differs: abandon': abandons.flatMap((order) => differing.map((run) => order(run))),
	"an owner's command without a granted fence": [...withOwner, ...abandons].flatMap((order) =>
		ungranted.map((run) => order(run)),
	),
};

const seenIn = (stored: Stored) => ({ fence: stored?.fence ?? 0, state: observe(stored, NOW) });
export const resolveTo =
	(to: 'completed' | 'released', force = false) =>
	(stored: Stored): OperatorCommand => {
		const order = {
			identity,
			type: 'resolve' as const,
			seen: seenIn(stored),
			force,
			reason: 'asked',
		};
		if (to === 'released') return { ...order, to };
		return { ...order, to, result: bytes(9), statusCode: 200 };
	};
export const forget = (force: boolean) => (): OperatorCommand => ({
	identity,
	type: 'forget',
	force,
});

export const OPERATIONS: Readonly<Record<string, (stored: Stored) => OperatorCommand>> = {
	'resolve (completed)': resolveTo('completed'),
	'resolve (completed) by force': resolveTo('completed', true),
	'resolve (released)': resolveTo('released'),
	'resolve (released) by force': resolveTo('released', true),
	forget: forget(false),
	'forget by force': forget(true),
};
