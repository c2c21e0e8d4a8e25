import type { ClaimRecord, OwnerCommand, Stored, Tombstone } from '../../../lib/core/record';
import { claim, command, operate } from '../../../lib/core/transitions';
import { CLAIM_TIMEOUT, HOUR, LEASE, MINUTE, RETENTION, finishOf } from '../../support/requests';
import {
	CLAIMED_AT,
	CLOCK,
	COLUMNS,
	FENCE,
	NOW,
	claimOfOwner,
	finishTo,
	other,
	own,
	park,
	release,
	renew,
	retried,
} from './transitions-table';

/** The footnotes below the table of docs/contract.md, and the rules that belong to it. */

const tombstone = (fence: number): Tombstone => ({
	state: 'tombstone',
	fence,
	expiresAt: NOW + RETENTION,
});
const conflict = (reason: string, retryAfterMs: number | null = null) => ({
	outcome: 'conflict',
	reason,
	retryAfterMs,
});
const at = (ms: number) => ({ ...CLOCK, micros: ms * 1000 });

describe('¹ a new claim', () => {
	const aged = (eventAt: number | null, strictAge = false) =>
		claim(null, { ...other, eventAt, strictAge }, CLOCK);

	it('is refused where the event is older than retention, and not a moment earlier', () => {
		const stale = aged(NOW - RETENTION - 1);
		expect(stale.answer).toEqual({ ...conflict('stale_key'), record: null });
		expect(stale.next).toBeNull();
		expect(aged(NOW - RETENTION).answer.outcome).toBe('new');
		expect(aged(null).answer.outcome).toBe('new');
	});

	it('is refused, in strict mode only, where the event is older than the store', () => {
		const young = { ...CLOCK, epoch: NOW - MINUTE };
		const before = { ...other, eventAt: young.epoch - 1 };
		expect(claim(null, { ...before, strictAge: true }, young).answer).toMatchObject(
			conflict('stale_key'),
		);
		expect(claim(null, before, young).answer.outcome).toBe('new');
		const since = { ...before, strictAge: true, eventAt: young.epoch };
		expect(claim(null, since, young).answer.outcome).toBe('new');
	});

	it('leaves a tombstone where the event is too old', () => {
		const stored = tombstone(FENCE);
		expect(claim(stored, { ...other, eventAt: 0 }, CLOCK).next).toBe(stored);
	});

	it('has attempt 1 and the fence max(clock, tombstone + 1)', () => {
		for (const [fence, granted] of [
			[CLOCK.micros - 1, CLOCK.micros],
			[CLOCK.micros, CLOCK.micros + 1],
			[CLOCK.micros + 500, CLOCK.micros + 501],
		] as const) {
			const { next, answer } = claim(tombstone(fence), other, CLOCK);
			expect(answer).toMatchObject({ outcome: 'new', fence: granted, takeover: false });
			expect(next).toMatchObject({ attempts: 1, fence: granted, duplicates: 0 });
		}
	});

	it('takes the event’s time, else the first sight, for the KSUID', () => {
		expect(aged(NOW - HOUR).next).toMatchObject({ eventAt: NOW - HOUR, firstSeenAt: NOW });
		expect(aged(null).next).toMatchObject({ eventAt: NOW, firstSeenAt: NOW });
	});
});

describe('² a released key', () => {
	const released: ClaimRecord = { ...COLUMNS.released, attempts: 3, notBefore: NOW + MINUTE };
	const limited = (maxAttempts: number | null) => ({ ...other, maxAttempts });

	it('asks for the attempts first, then for the backoff', () => {
		for (const [maxAttempts, expected] of [
			[3, conflict('attempts_exhausted')],
			[2, conflict('attempts_exhausted')],
			[4, conflict('retry_later', MINUTE)],
			[null, conflict('retry_later', MINUTE)],
		] as const) {
			const { next, answer } = claim(released, limited(maxAttempts), CLOCK);
			expect(answer).toMatchObject(expected);
			expect(next).toBe(released);
		}
	});

	it('is granted when the backoff is over, with the next attempt and max(clock, previous + 1)', () => {
		const early = claim(released, limited(4), at(NOW + MINUTE - 1));
		expect(early.answer).toMatchObject(conflict('retry_later', 1));
		const granted = claim(released, limited(4), at(NOW + MINUTE));
		expect(granted.answer).toMatchObject({ fence: (NOW + MINUTE) * 1000, takeover: false });
		expect(granted.next).toMatchObject({ attempts: 4, notBefore: 0 });

		const ahead = { ...released, fence: 2 ** 52 };
		expect(claim(ahead, limited(4), at(NOW + MINUTE)).answer).toMatchObject({ fence: 2 ** 52 + 1 });
	});

	it('keeps the fingerprint where the next claim compares nothing', () => {
		const { next } = claim(COLUMNS.released, { ...other, fingerprint: '' }, CLOCK);
		expect(next).toMatchObject({ fingerprint: claimOfOwner.fingerprint });
		const bare = { ...COLUMNS.released, fingerprint: '' };
		expect(claim(bare, other, CLOCK).next).toMatchObject({ fingerprint: other.fingerprint });
	});
});

describe('³ a duplicate', () => {
	it.each(['completed', 'failed'] as const)(
		'of a %s run counts, and extends on request only',
		(state) => {
			const stored = COLUMNS[state];
			const counted = { ...stored, duplicates: stored.duplicates + 1 };
			expect(claim(stored, other, CLOCK).next).toEqual(counted);
			expect(claim(stored, { ...other, extendRetention: true }, CLOCK).next).toEqual({
				...counted,
				expiresAt: NOW + RETENTION,
			});
		},
	);

	it('is the only answer that extends: a refused claim changes nothing', () => {
		for (const stored of [
			COLUMNS.processing,
			COLUMNS.unknown,
			{ ...COLUMNS.released, notBefore: NOW + 1 },
		]) {
			const request = { ...other, onUnknownOutcome: 'hold' as const, extendRetention: true };
			expect(claim(stored, request, CLOCK).next).toBe(stored);
		}
	});
});

describe('⁴ a takeover', () => {
	it.each(['lapsed', 'unknown'] as const)(
		'of a key that is %s asks for the attempts first',
		(name) => {
			const stored = COLUMNS[name];
			const spent = claim(stored, { ...other, maxAttempts: 1 }, CLOCK);
			expect(spent.answer).toMatchObject(conflict('attempts_exhausted'));
			expect(spent.next).toBe(stored);
			const { next, answer } = claim(stored, { ...other, maxAttempts: 2 }, CLOCK);
			expect(answer).toMatchObject({ outcome: 'new', takeover: true, fence: CLOCK.micros });
			expect(next).toMatchObject({ attempts: 2, owner: other.owner });
		},
	);

	it.each(['lapsed', 'unknown'] as const)(
		'of a key that is %s is held where either says so',
		(name) => {
			for (const [recorded, asked] of [
				['hold', 'retry'],
				['retry', 'hold'],
				['hold', 'hold'],
			] as const) {
				const stored: ClaimRecord = { ...COLUMNS[name], onUnknownOutcome: recorded };
				const { next, answer } = claim(stored, { ...other, onUnknownOutcome: asked }, CLOCK);
				expect(answer).toMatchObject(conflict('unknown_outcome'));
				expect(next).toBe(stored);
			}
		},
	);
});

describe('⁵ the finish of a claim that is gone', () => {
	const orders = [finishTo('completed')(own), finishTo('failed')(own), finishTo('failed')(retried)];
	const finish = (stored: Stored, order: OwnerCommand, ms = NOW) => command(stored, order, at(ms));

	it('is believed while the claim is younger than retention', () => {
		for (const order of orders) {
			for (const stored of [null, tombstone(FENCE - 1)]) {
				const { next, answer } = finish(stored, order, CLAIMED_AT + RETENTION - 1);
				expect(answer).toMatchObject({ outcome: 'done', recovered: true });
				expect(next).toMatchObject({
					owner: 'owner-a',
					fence: FENCE,
					firstSeenAt: CLAIMED_AT,
					attempts: 1,
					expiresAt: CLAIMED_AT + 2 * RETENTION - 1,
				});
			}
		}
	});

	it('is superseded as expired when the claim is older', () => {
		for (const order of orders) {
			for (const stored of [null, tombstone(FENCE - 1)]) {
				const { next, answer } = finish(stored, order, CLAIMED_AT + RETENTION);
				expect(answer).toMatchObject({ outcome: 'superseded', reason: 'expired' });
				expect(next).toBe(stored);
			}
		}
	});

	it('goes by the retention of the claim where that of the finish is longer', () => {
		const longer = finishOf(claimOfOwner, FENCE, { retentionMs: 5 * RETENTION });
		expect(finish(null, longer, CLAIMED_AT + RETENTION - 1).answer).toMatchObject({
			outcome: 'done',
			recovered: true,
		});
		expect(finish(null, longer, CLAIMED_AT + RETENTION)).toMatchObject({
			next: null,
			answer: { outcome: 'superseded', reason: 'expired' },
		});
	});

	it('goes by the retention of the finish where that is shorter', () => {
		const shorter = finishOf(claimOfOwner, FENCE, { retentionMs: RETENTION / 2 });
		expect(finish(null, shorter, CLAIMED_AT + RETENTION / 2).answer).toMatchObject({
			outcome: 'superseded',
		});
	});

	it('is superseded as forgotten behind a tombstone that is not older', () => {
		for (const order of orders) {
			for (const fence of [FENCE, FENCE + 1]) {
				const stored = tombstone(fence);
				const { next, answer } = finish(stored, order);
				expect(answer).toMatchObject({
					outcome: 'superseded',
					reason: 'forgotten',
					current: { fence },
				});
				expect(next).toBe(stored);
			}
		}
	});

	it('of a claim that was forgotten by force is refused, also late', () => {
		const forgotten = operate(
			COLUMNS.processing,
			{ identity: own.identity, type: 'forget', force: true },
			CLOCK,
		);
		for (const order of orders) {
			for (const ms of [
				NOW,
				NOW + RETENTION - 1,
				NOW + LEASE + RETENTION - 1,
				NOW + 2 * RETENTION,
			]) {
				expect(finish(forgotten.next, order, ms).answer.outcome).toBe('superseded');
			}
		}
	});
});

describe('⁶ retention of what is unfinished', () => {
	it('starts again from every write of the owner', () => {
		const later = NOW + 10;
		for (const [order, expiresAt] of [
			[renew(own), later + LEASE + RETENTION],
			[park(own), later + RETENTION],
			[release(own), later + RETENTION],
		] as const) {
			expect(command(COLUMNS.processing, order, at(later)).next).toMatchObject({ expiresAt });
		}
	});

	it('is never shorter than the lease', () => {
		const long = { ...renew(own), leaseMs: HOUR } as OwnerCommand;
		const { next } = command(COLUMNS.processing, long, CLOCK);
		const holdUntil = CLAIMED_AT + CLAIM_TIMEOUT;
		expect(next).toMatchObject({ leaseUntil: holdUntil, expiresAt: holdUntil + RETENTION });
	});

	it('ends for a renewal with the claim timeout', () => {
		const last = CLAIMED_AT + CLAIM_TIMEOUT;
		const stored = { ...COLUMNS.processing, leaseUntil: last, expiresAt: last + RETENTION };
		expect(command(stored, renew(own), at(last - 1)).answer).toMatchObject({ outcome: 'done' });
		const late = command(stored, renew(own), at(last));
		expect(late).toEqual({ next: stored, answer: { outcome: 'lost', state: 'lapsed' } });
	});
});

it('⁷ retention of a result is that of the finish', () => {
	const order = finishOf(claimOfOwner, FENCE, { retentionMs: 5 * RETENTION });
	expect(command(COLUMNS.processing, order, CLOCK).next).toMatchObject({
		retentionMs: 5 * RETENTION,
		expiresAt: NOW + 5 * RETENTION,
	});
});
