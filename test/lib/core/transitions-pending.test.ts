import type { ClaimRecord, OwnerCommand } from '../../../lib/core/record';
import { claim, command, observe } from '../../../lib/core/transitions';
import { CLAIM_TIMEOUT, LEASE, MINUTE, RETENTION } from '../../support/requests';
import { CLOCK, COLUMNS, NOW, claimOfOwner, other, own, renew, start } from './transitions-table';

/** What docs/contract.md says of a request that was accepted at the door, and whose run has not started. */

const at = (ms: number) => ({ ...CLOCK, micros: ms * 1000 });

const begins = {
	type: 'start',
	leaseMs: LEASE,
	workflowId: 'workflow-1',
	executionId: '77',
} as const;

describe('a new claim', () => {
	it('of the door is pending for the claim timeout, until it starts', () => {
		const { next } = claim(null, { ...claimOfOwner, pending: true }, CLOCK);
		const leaseUntil = NOW + CLAIM_TIMEOUT;
		expect(next).toMatchObject({ state: 'pending', leaseUntil, expiresAt: leaseUntil + RETENTION });
		const start: OwnerCommand = { ...own, fence: CLOCK.micros, ...begins };
		const started = command(next, start, at(NOW + MINUTE));
		expect(started.answer).toMatchObject({ outcome: 'done', state: 'processing' });
		expect(started.next).toMatchObject({ leaseUntil: NOW + MINUTE + LEASE, executionId: '77' });
		const late = command(next, start, at(leaseUntil));
		expect(late).toEqual({ next, answer: { outcome: 'lost', state: 'released' } });
	});

	it('of the door keeps the request that was accepted, until it starts', () => {
		const { next } = claim(
			null,
			{ ...claimOfOwner, pending: true, onUnknownOutcome: 'hold' as const },
			CLOCK,
		);
		const owned = { ...own, fence: CLOCK.micros };
		const request = Buffer.from('request');
		const kept = command(next, { ...owned, type: 'deposit', request }, at(NOW + 1));
		expect(kept.answer).toMatchObject({ outcome: 'done', state: 'pending' });
		expect(kept.next).toEqual({ ...next, result: request });
		const lapsed = at(NOW + CLAIM_TIMEOUT);
		expect(claim(kept.next, other, lapsed).next).toMatchObject({ result: null, attempts: 1 });
		const { next: started } = command(kept.next, { ...owned, ...begins }, at(NOW + 2));
		expect(started).toMatchObject({ state: 'processing', result: null });
		const late = command(started, { ...owned, type: 'deposit', request }, at(NOW + 3));
		expect(late).toMatchObject({ next: started, answer: { outcome: 'kept' } });
	});

	it('that runs already may start again while it is live, not once it lapsed', () => {
		const start: OwnerCommand = { ...own, ...begins, executionId: claimOfOwner.executionId };
		expect(command(COLUMNS.processing, start, CLOCK).answer.outcome).toBe('done');
		const late = command(COLUMNS.lapsed, start, CLOCK);
		expect(late).toEqual({ next: COLUMNS.lapsed, answer: { outcome: 'lost', state: 'lapsed' } });
	});
});

describe('a pending claim', () => {
	const pendingRequest = { ...claimOfOwner, pending: true, onUnknownOutcome: 'hold' as const };
	const pending = claim(null, pendingRequest, at(NOW)).next as ClaimRecord;
	const mine = { ...own, fence: NOW * 1000 };

	it('keeps the end of its lease where its owner asks again', () => {
		const again = claim(pending, pendingRequest, at(NOW + CLAIM_TIMEOUT - 1));
		expect(again.answer).toMatchObject({ outcome: 'new', fence: mine.fence });
		expect(again.next).toBe(pending);
	});

	it('is not renewed: that would shorten its lease', () => {
		const renewed = command(pending, renew(mine), at(NOW + 1));
		expect(renewed).toEqual({ next: pending, answer: { outcome: 'lost', state: 'pending' } });
	});

	it('is started by one execution: the second one is superseded, the same one may ask again', () => {
		const first = command(pending, start('77')(mine), at(NOW + 1));
		expect(first.next).toMatchObject({ state: 'processing', executionId: '77' });
		const again = command(first.next, start('77')(mine), at(NOW + 2));
		expect(again.answer).toMatchObject({ outcome: 'done', state: 'processing' });
		const second = command(first.next, start('78')(mine), at(NOW + 2));
		expect(second.next).toBe(first.next);
		expect(second.answer).toMatchObject({
			outcome: 'superseded',
			reason: 'taken_over',
			current: { executionId: '77' },
		});
	});

	const over = at(NOW + CLAIM_TIMEOUT);
	it('that was not started in time never ran: the next is granted, whatever the policy', () => {
		expect(observe(pending, NOW + CLAIM_TIMEOUT)).toBe('released');
		for (const request of [
			{ ...other, onUnknownOutcome: 'hold' as const, maxAttempts: 1 },
			{ ...other, maxAttempts: 1 },
			{ ...pendingRequest, maxAttempts: 1 },
		]) {
			const { next, answer } = claim(pending, request, over);
			expect(answer).toMatchObject({ outcome: 'new', takeover: false, record: { attempts: 1 } });
			expect(next).toMatchObject({ reason: 'The run that was accepted before never began' });
		}
		expect(command(pending, start('77')(mine), over).answer.outcome).toBe('lost');
	});

	it('counts the attempts of before, and asks for none of them', () => {
		const third: ClaimRecord = { ...pending, attempts: 3 };
		const { answer } = claim(third, { ...other, maxAttempts: 2 }, over);
		expect(answer).toMatchObject({ outcome: 'new', record: { attempts: 3 } });
	});

	it('that took over and never began leaves unknown what was unknown', () => {
		const taken: ClaimRecord = {
			...pending,
			onUnknownOutcome: 'retry',
			takeover: true,
			attempts: 2,
		};
		expect(observe(taken, NOW + CLAIM_TIMEOUT)).toBe('lapsed');
		const hold = claim(taken, { ...other, onUnknownOutcome: 'hold' }, over);
		expect(hold.answer).toMatchObject({ reason: 'unknown_outcome' });
		const again = claim(taken, { ...other, maxAttempts: 1 }, over);
		expect(again.answer).toMatchObject({ outcome: 'new', takeover: true, record: { attempts: 2 } });
	});
});
