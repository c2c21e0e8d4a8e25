import type { ClaimRecord, OwnerCommand, Stored } from '../../../lib/core/record';
import {
	backoffMs,
	claim,
	command,
	liveRecord,
	observe,
	operate,
} from '../../../lib/core/transitions';
import { HOUR, LEASE, MINUTE, RETENTION, finishOf } from '../../support/requests';
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
	release,
	resolveTo,
} from './transitions-table';

/** "Rules that belong to the table" of docs/contract.md. */

const DAY = 24 * HOUR;
const at = (ms: number) => ({ ...CLOCK, micros: ms * 1000 });
const abandoned: OwnerCommand = {
	...own,
	type: 'abandon',
	to: 'released',
	retryAfterMs: 0,
	statusCode: 0,
	reason: 'too few replicas',
};
const nothingRan = (order: OwnerCommand) => ({ ...order, nothingRan: true }) as OwnerCommand;

describe('an attempt', () => {
	it('that was given back is not counted: a key is never spent by runs that did nothing', () => {
		for (const giveBack of [nothingRan(release(own)), nothingRan(abandoned)]) {
			const { next } = command(COLUMNS.processing, giveBack, CLOCK);
			expect(next).toMatchObject({ state: 'released', attempts: 0 });
			const { answer } = claim(next, { ...other, maxAttempts: 1 }, at(NOW + HOUR));
			expect(answer).toMatchObject({ outcome: 'new', record: { attempts: 1 } });
		}
	});

	it('counts where the run began', () => {
		for (const order of [release(own), abandoned]) {
			const { next } = command(COLUMNS.processing, order, CLOCK);
			expect(next).toMatchObject({ state: 'released', attempts: 1 });
		}
	});

	it('of a takeover that did nothing leaves unknown what was unknown', () => {
		const taken: ClaimRecord = { ...COLUMNS.processing, attempts: 2, takeover: true };
		const { next, answer } = command(taken, nothingRan(abandoned), CLOCK);
		expect(answer).toMatchObject({ outcome: 'done', state: 'unknown' });
		expect(next).toMatchObject({ state: 'unknown', attempts: 1, notBefore: 0 });
		expect((next as ClaimRecord).reason).toMatch(/earlier run never finished.*too few replicas$/);
		const hold = { ...other, onUnknownOutcome: 'hold' as const };
		expect(claim(next, hold, CLOCK).answer).toMatchObject({ reason: 'unknown_outcome' });
	});
});

describe('a takeover', () => {
	it('is still one where its owner asks again', () => {
		const first = claim(COLUMNS.lapsed, other, CLOCK);
		expect(first.answer).toMatchObject({ outcome: 'new', takeover: true });
		const again = claim(first.next, other, at(NOW + 1_000));
		expect(again.answer).toMatchObject({ outcome: 'new', fence: CLOCK.micros, takeover: true });
		const late = claim(first.next, other, at(NOW + LEASE));
		expect(late.answer).toMatchObject({ outcome: 'new', fence: CLOCK.micros, takeover: true });
	});

	it('is none for the next claim, where it was given back', () => {
		const { next } = claim(COLUMNS.lapsed, other, CLOCK);
		const order = { ...release(own), owner: other.owner, fence: CLOCK.micros };
		const freed = command(next, order, CLOCK);
		const { answer } = claim(freed.next, claimOfOwner, at(NOW + HOUR));
		expect(answer).toMatchObject({ outcome: 'new', takeover: false });
	});
});

describe('a late finish', () => {
	it('of an older claim is not believed over a newer one that is gone', () => {
		// Remembered for 7 days, the first lapses; the second takes over for an hour, completes and ends.
		const long = { ...claimOfOwner, retentionMs: 7 * DAY };
		const first = claim(null, long, at(NOW));
		const second = claim(first.next, { ...other, retentionMs: HOUR }, at(NOW + LEASE));
		const done = command(
			second.next,
			finishOf({ ...other, retentionMs: HOUR }, (NOW + LEASE) * 1000),
			at(NOW + LEASE + 1_000),
		);
		const gone = NOW + 2 * HOUR;
		expect(observe(done.next, gone)).toBe('absent');
		const late = command(done.next, finishOf(long, NOW * 1000), at(gone));
		expect(late).toMatchObject({ answer: { outcome: 'superseded', reason: 'expired' } });
		expect(late.next).toBe(done.next);

		const third = claim(done.next, { ...other, owner: 'owner-c', retentionMs: HOUR }, at(gone));
		expect(third.answer).toMatchObject({ outcome: 'new', record: { attempts: 1 } });
		// Over the third as well, once it has ended.
		const end = gone + 3 * HOUR;
		expect(observe(third.next, end)).toBe('absent');
		expect(command(third.next, finishOf(long, NOW * 1000), at(end)).answer).toMatchObject({
			outcome: 'superseded',
		});
		expect(liveRecord(third.next, NOW + 7 * DAY)).toBeNull();
	});

	it('after a shorter retention at the finish is not believed again', () => {
		const short = finishOf(claimOfOwner, FENCE, { retentionMs: MINUTE });
		const done = command(COLUMNS.processing, short, CLOCK);
		const gone = NOW + MINUTE;
		expect(observe(done.next, gone)).toBe('absent');
		expect(command(done.next, short, at(gone)).answer).toMatchObject({ outcome: 'superseded' });
		const earlier = claim(done.next, other, { ...at(gone), micros: FENCE - 1_000_000 });
		expect(earlier.answer.outcome).toBe('duplicate');
	});

	it('of a claim that was forgotten stays refused where a shorter retention followed', () => {
		const long: Stored = { ...COLUMNS.lapsed, believedUntil: NOW + DAY };
		const order = { identity: own.identity, type: 'forget', force: false } as const;
		const forgotten = operate(long, order, CLOCK).next;
		expect(forgotten).toMatchObject({ state: 'tombstone', expiresAt: NOW + DAY });
		const next = claim(forgotten, { ...other, retentionMs: MINUTE }, at(NOW + 1)).next;
		expect(next).toMatchObject({ believedUntil: NOW + DAY });
		const late = finishOf({ ...claimOfOwner, retentionMs: 2 * DAY }, FENCE, {
			retentionMs: 2 * DAY,
		});
		expect(observe(next, NOW + HOUR)).toBe('absent');
		expect(command(next, late, at(NOW + HOUR)).answer).toMatchObject({ outcome: 'superseded' });
	});

	it('of a time that lies further ahead than the retention is of another clock', () => {
		const ahead = finishOf(claimOfOwner, (NOW + RETENTION) * 1000);
		expect(command(null, ahead, CLOCK).answer).toMatchObject({ reason: 'expired' });
		const near = finishOf(claimOfOwner, (NOW + RETENTION - 1) * 1000);
		expect(command(null, near, CLOCK).answer).toMatchObject({ outcome: 'done', recovered: true });
	});
});

describe('a fence', () => {
	it('does not go back with the clock, while what is gone could still be believed', () => {
		const short = finishOf(claimOfOwner, FENCE, { retentionMs: 1 });
		const done = command(COLUMNS.processing, short, CLOCK).next;
		const back = { ...at(CLAIMED_AT - MINUTE) };
		const again = claim(liveRecord(done, NOW + 1), other, back);
		expect(again.answer).toMatchObject({ outcome: 'new', fence: FENCE + 1 });
	});

	it('goes on from the furthest time of a clock that was set back', () => {
		const clock = { ...CLOCK, furthest: CLOCK.micros + 365 * DAY * 1000 };
		expect(claim(null, other, clock).answer).toMatchObject({ fence: clock.furthest });
		expect(claim(COLUMNS.released, other, clock).answer).toMatchObject({ fence: clock.furthest });
		const order = { identity: own.identity, type: 'forget', force: false } as const;
		expect(operate(COLUMNS.completed, order, clock).next).toMatchObject({ fence: clock.furthest });
	});
});

describe('another comparison', () => {
	const asked = { ...other, fingerprint: 'another' };
	it('is no mismatch, whatever the fingerprints', () => {
		const elsewise = { ...asked, comparison: 'comparison-2' };
		expect(claim(COLUMNS.completed, elsewise, CLOCK).answer.outcome).toBe('duplicate');
		expect(claim(COLUMNS.completed, asked, CLOCK).answer).toMatchObject({
			reason: 'payload_mismatch',
		});
	});

	it('replaces the first where the key is granted again', () => {
		const { next } = claim(COLUMNS.released, { ...asked, comparison: 'comparison-2' }, CLOCK);
		expect(next).toMatchObject({ fingerprint: 'another', comparison: 'comparison-2' });
	});
});

it('a finish that never saw its record writes all that its token knows', () => {
	const { next } = command(null, finishTo('completed')(own), CLOCK);
	expect(next).toMatchObject({
		comparison: claimOfOwner.comparison,
		fingerprint: claimOfOwner.fingerprint,
		believedUntil: CLAIMED_AT + RETENTION,
		takeover: false,
	});
});

describe('a resolution', () => {
	it.each(['completed', 'released'] as const)(
		'to %s leaves alone what changed since it was seen',
		(to) => {
			const stored = COLUMNS.unknown;
			const order = resolveTo(to)(stored);
			if (order.type !== 'resolve') throw new Error('expected a resolution');
			for (const seen of [
				{ ...order.seen, fence: FENCE + 1 },
				{ ...order.seen, state: 'lapsed' as const },
			]) {
				const { next, answer } = operate(stored, { ...order, seen }, CLOCK);
				expect(answer).toEqual({ outcome: 'changed', state: 'unknown' });
				expect(next).toBe(stored);
			}
		},
	);

	it('to released lets a spent key run again', () => {
		const spent = { ...COLUMNS.unknown, attempts: 3 };
		const { next } = operate(spent, resolveTo('released')(spent), CLOCK);
		expect(claim(next, { ...other, maxAttempts: 3 }, CLOCK).answer.outcome).toBe('new');
	});
});

it('a tombstone has the fence max(record’s, clock)', () => {
	const ahead = { ...COLUMNS.completed, fence: CLOCK.micros + 9 };
	const order = { identity: own.identity, type: 'forget', force: false } as const;
	expect(operate(ahead, order, CLOCK).next).toMatchObject({ fence: CLOCK.micros + 9 });
	expect(operate(COLUMNS.completed, order, CLOCK).next).toMatchObject({ fence: CLOCK.micros });
});

it('a backoff is 30 s, doubled with each attempt, at most an hour, where the answer named none', () => {
	expect([0, 1, 2, 3, 7, 8, 100, 5_000].map(backoffMs)).toEqual(
		[30, 30, 60, 120, 1920, 3600, 3600, 3600].map((seconds) => seconds * 1000),
	);
	const order = { ...release(own), retryAfterMs: null } as OwnerCommand;
	expect(command({ ...COLUMNS.processing, attempts: 3 }, order, CLOCK).next).toMatchObject({
		notBefore: NOW + 2 * MINUTE,
	});
});
