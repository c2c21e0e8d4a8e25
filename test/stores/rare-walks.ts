import { MINUTE, RETENTION } from '../support/requests';
import type { ClaimItem, CommandItem, Step } from './steps';

/**
 * Walks to cells that random ones come to too seldom, one for each kind that answers-met.ts names. They go before the random ones, so
 * that these may have any seed.
 */
export const RARE_WALKS: ReadonlyArray<readonly [Step[]]> = [
	[[claim('owner-a'), command('abandon')]],
	[[claim('owner-a'), command('release')]],
	[[claim('owner-a'), past('lease end'), claim('owner-b'), command('abandon')]],
	[[claim('owner-a'), past('lease end'), claim('owner-b'), past('a while'), claim('owner-b')]],
	[[claim('owner-a', { pending: true }), past('lease end'), claim('owner-b')]],
	[
		[
			claim('owner-a', { pending: true }),
			past('a while'),
			claim('owner-a', { pending: true }),
			command('start'),
			command('start', { reason: 'another execution' }),
		],
	],
	[[claim('owner-a', { comparison: 'two' })]],
	[
		[
			claim('owner-a', { retentionMs: 3 * RETENTION }),
			command('finish', { retentionMs: MINUTE }),
			past('expiry'),
			command('finish'),
		],
	],
];

function claim(owner: ClaimItem['owner'], over: Partial<ClaimItem> = {}): Step {
	const item: ClaimItem = {
		key: 0,
		owner,
		fingerprint: 'one',
		comparison: 'one',
		tenant: '',
		event: 'none',
		retentionMs: RETENTION,
		onUnknownOutcome: 'retry',
		maxAttempts: null,
		extendRetention: false,
		strictAge: false,
		pending: false,
		short: 0,
		...over,
	};
	return { type: 'claim', items: [item], budgets: null };
}

/** By the last owner; where it gives back, nothing ran. */
function command(type: CommandItem['type'], over: Partial<CommandItem> = {}): Step {
	const item: CommandItem = {
		key: 0,
		owner: 'owner-a',
		grant: 'last',
		ownRun: true,
		type,
		to: type === 'abandon' ? 'released' : 'completed',
		result: null,
		retentionMs: RETENTION,
		retryAfterMs: 0,
		nothingRan: true,
		leaseMs: MINUTE,
		short: 0,
		statusCode: 0,
		reason: '',
		...over,
	};
	return { type: 'command', items: [item] };
}

/** A millisecond past that moment of the record. */
function past(to: (Step & { type: 'advance' })['to']): Step {
	return { type: 'advance', key: 0, to, offsetMs: 1, ms: 5 };
}
