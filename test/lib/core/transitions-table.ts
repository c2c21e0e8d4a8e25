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

/**
 * The table "Transitions" of the contract, cell by cell and in its own words: `=` is an unchanged record, the footnotes follow
 * below the table.
 */

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
	notBefore: 0,
	finishedAt: 0,
	retentionMs: RETENTION,
	expiresAt: NOW + LEASE + RETENTION,
	result: null,
	statusCode: 0,
	duplicates: 4,
	onUnknownOutcome: 'retry',
	reason: '',
	workflowId: 'workflow-1',
	executionId: 'execution of owner-a',
});

const ended: Partial<ClaimRecord> = { leaseUntil: NOW - 10, expiresAt: NOW - 10 + RETENTION };
export const COLUMNS = {
	absent: null,
	live: RECORD,
	lapsed: { ...RECORD, leaseUntil: NOW, expiresAt: NOW + RETENTION },
	unknown: { ...RECORD, ...ended, state: 'unknown', reason: 'stopped' },
	released: { ...RECORD, ...ended, state: 'released', notBefore: NOW },
	completed: { ...RECORD, ...ended, state: 'completed', finishedAt: NOW - 10, result: bytes(1) },
	failed: { ...RECORD, ...ended, state: 'failed', finishedAt: NOW - 10, result: bytes(2) },
} satisfies Record<string, Stored>;
export type Column = keyof typeof COLUMNS;
export const COLUMN_NAMES = Object.keys(COLUMNS) as Column[];

/** `pending` behaves as processing; an expired record and an expired tombstone are absent. */
export const VARIANTS: ReadonlyArray<[name: string, column: Column, stored: Stored]> = [
	...COLUMN_NAMES.map((name): [string, Column, Stored] => [name, name, COLUMNS[name]]),
	['live (pending)', 'live', { ...COLUMNS.live, state: 'pending' }],
	['lapsed (pending)', 'lapsed', { ...COLUMNS.lapsed, state: 'pending' }],
	['absent (expired)', 'absent', { ...COLUMNS.completed, expiresAt: NOW }],
	['absent (tombstone over)', 'absent', { state: 'tombstone', fence: FENCE + 1, expiresAt: NOW }],
];

export type Cells = readonly [
	absent: string,
	live: string,
	lapsed: string,
	unknown: string,
	released: string,
	completed: string,
	failed: string,
];
export type Row<Request> = readonly [event: string, requests: readonly Request[], cells: Cells];

export const other: ClaimRequest = {
	...claimOfOwner,
	owner: 'owner-b',
	executionId: 'execution of owner-b',
};
const others = (over: Partial<ClaimRequest>): ClaimRequest => ({ ...other, ...over });

export const CLAIMS: ReadonlyArray<Row<ClaimRequest>> = [
	[
		'claim, fingerprint differs',
		[
			{ ...claimOfOwner, fingerprint: 'another' },
			others({ fingerprint: 'another' }),
			others({ fingerprint: 'another', onUnknownOutcome: 'hold' }),
		],
		['new', '= mismatch', '= mismatch', '= mismatch', '= mismatch', '= mismatch', '= mismatch'],
	],
	[
		'claim, own token',
		[claimOfOwner],
		['new', 'refreshed', 'refreshed', 'takeover', 'again', 'duplicate', 'stored error'],
	],
	[
		'claim, own token, hold',
		[{ ...claimOfOwner, onUnknownOutcome: 'hold' }],
		['new', 'refreshed', 'refreshed', '= unknown_outcome', 'again', 'duplicate', 'stored error'],
	],
	[
		'claim, other token, hold',
		[others({ onUnknownOutcome: 'hold' })],
		[
			...(['new', '= in_progress', '= unknown_outcome', '= unknown_outcome'] as const),
			...(['again', 'duplicate', 'stored error'] as const),
		],
	],
	[
		'claim, other token, retry',
		[other, others({ fingerprint: '' })],
		['new', '= in_progress', 'takeover', 'takeover', 'again', 'duplicate', 'stored error'],
	],
	[
		'claim, other tenant',
		[others({ tenant: 'another' }), others({ tenant: 'another', fingerprint: 'another' })],
		['new', '= tenant', '= tenant', '= tenant', '= tenant', '= tenant', '= tenant'],
	],
];

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
	...{ type: 'release', retryAfterMs: MINUTE, statusCode: 429, reason: 'try later' },
});
export const park = (run: Run): OwnerCommand => ({
	...run,
	...{ type: 'park', statusCode: 502, reason: 'unsure' },
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
const abandons = (['completed', 'failed', 'released', 'unknown'] as const).map(abandon);
const ALL = [finishTo('completed'), finishTo('failed'), release, park, ...abandons, renew];
const differing: Run[] = [
	{ ...own, owner: 'owner-b' },
	{ ...own, fence: FENCE - 1 },
	{ ...own, fence: FENCE + 1 },
	{ ...retried, owner: 'owner-b' },
];
const ungranted = [0, -1, NaN, 1.5, Infinity].map((fence) => ({ ...own, fence }));

const kept7: Cells = ['=', '=', '=', '=', '=', '=', '='];
const lost7: Cells = ['= lost', '= lost', '= lost', '= lost', '= lost', '= lost', '= lost'];
export const COMMANDS: ReadonlyArray<Row<OwnerCommand>> = [
	[
		'finish(completed)',
		[finishTo('completed')(own), finishTo('completed')(retried)],
		[
			...(['completed, recovered', 'completed', 'completed', 'completed'] as const),
			...(['completed, recovered', '= kept', 'completed, recovered'] as const),
		],
	],
	[
		'finish(failed), own run',
		[finishTo('failed')(own)],
		['failed, recovered', 'failed', 'failed', 'failed', 'failed, recovered', '= kept', '= kept'],
	],
	[
		'finish(failed), retried run',
		[finishTo('failed')(retried)],
		['failed, recovered', '= kept', '= kept', '= kept', 'failed, recovered', '= kept', '= kept'],
	],
	[
		'release, own run',
		[release(own)],
		['=', 'released', 'released', '= kept', '= released', '= kept', '= kept'],
	],
	[
		'release, retried run',
		[release(retried)],
		['=', '= kept', '= kept', '= kept', '= released', '= kept', '= kept'],
	],
	[
		'park (outcome unknown)',
		[park(own), park(retried)],
		['=', 'unknown', 'unknown', '=', 'unknown', '= kept', '= kept'],
	],
	...(['completed', 'failed', 'released', 'unknown'] as const).map(
		(to): Row<OwnerCommand> => [
			`abandon(to ${to}), own run`,
			[abandon(to)(own)],
			['=', to, to, '=', '=', '=', '='],
		],
	),
	['abandon, retried run', abandons.map((order) => order(retried)), kept7],
	[
		'renew, own run, within the claim timeout',
		[renew(own)],
		['= lost', 'extended', 'extended', '= lost', '= lost', '= lost', '= lost'],
	],
	['renew, otherwise', [renew(retried)], lost7],
	[
		'token differs: finish, release, park, renew',
		[finishTo('completed'), finishTo('failed'), release, park, renew].flatMap((order) =>
			differing.map((run) => order(run)),
		),
		[
			...(['as above', '= superseded', '= superseded', '= superseded'] as const),
			...(['= superseded', '= superseded', '= superseded'] as const),
		],
	],
	[
		'token differs: abandon',
		abandons.flatMap((order) => differing.map((run) => order(run))),
		kept7,
	],
	[
		'owner command without a granted fence',
		ALL.flatMap((order) => ungranted.map((run) => order(run))),
		Array.from({ length: 7 }, () => '= refused') as unknown as Cells,
	],
];

const seenIn = (stored: Stored) => ({ fence: stored?.fence ?? 0, state: observe(stored, NOW) });
export const resolveTo =
	(to: 'completed' | 'released', force = false) =>
	(stored: Stored): OperatorCommand => {
		const order = {
			...{ identity, type: 'resolve' as const, seen: seenIn(stored) },
			...{ force, reason: 'asked' },
		};
		if (to === 'released') return { ...order, to };
		return { ...order, to, result: bytes(9), statusCode: 200 };
	};
export const forget = (force: boolean) => (): OperatorCommand => ({
	identity,
	type: 'forget',
	force,
});

export const OPERATIONS: ReadonlyArray<Row<(stored: Stored) => OperatorCommand>> = [
	[
		'resolve(completed)',
		[resolveTo('completed')],
		[
			...(['= refused', '= refused', 'completed', 'completed', 'completed'] as const),
			...(['= refused', 'completed'] as const),
		],
	],
	[
		'resolve(released), attempts 0',
		[resolveTo('released')],
		[
			...(['= refused', '= refused', 'released', 'released', 'released'] as const),
			...(['= refused', 'released'] as const),
		],
	],
	[
		'resolve(completed) by force',
		[resolveTo('completed', true)],
		[
			...(['= refused', 'completed', 'completed', 'completed', 'completed'] as const),
			...(['= refused', 'completed'] as const),
		],
	],
	[
		'resolve(released) by force',
		[resolveTo('released', true)],
		[
			...(['= refused', 'released', 'released', 'released', 'released'] as const),
			...(['= refused', 'released'] as const),
		],
	],
	[
		'forget',
		[forget(false)],
		['= kept', '= refused', 'tombstone', 'tombstone', 'tombstone', 'tombstone', 'tombstone'],
	],
	[
		'forget by force',
		[forget(true)],
		['= kept', 'tombstone', 'tombstone', 'tombstone', 'tombstone', 'tombstone', 'tombstone'],
	],
];
