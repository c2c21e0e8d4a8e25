import { joinOutcomes, Tally } from '../../../lib/results/joined-outcome';
import type { ResponseOutcome } from '../../../lib/results/response-outcome';

const is = (outcome: ResponseOutcome['outcome'], retryAfterMs?: number): ResponseOutcome => ({
	outcome,
	reason: outcome,
	...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

describe('several outcomes of one request', () => {
	it.each([
		[['completed', 'completed'], 'completed'],
		[['completed', 'failed'], 'completed'],
		[['failed', 'failed'], 'failed'],
		[['released', 'released'], 'released'],
		[['completed', 'released'], 'unknown'],
		[['failed', 'released'], 'unknown'],
		[['completed', 'unknown'], 'unknown'],
		[['failed', 'unknown'], 'unknown'],
		[['released', 'unknown'], 'unknown'],
		[[], 'unknown'],
	] as const)('%j are %s', (outcomes, expected) => {
		const each = outcomes.map((outcome) => is(outcome));
		expect(joinOutcomes(each).outcome).toBe(expected);
		expect(joinOutcomes([...each].reverse()).outcome).toBe(expected);
		const halves = [each.slice(0, 1), each.slice(1)].map((half) =>
			half.reduce((tally, one) => tally.add(one), new Tally()),
		);
		expect(halves.reduce((all, half) => all.addAll(half), new Tally()).joined().outcome).toBe(
			expected,
		);
	});

	it('wait for the longest time that was asked for', () => {
		expect(joinOutcomes([is('released', 5), is('released', 9), is('released')])).toEqual(
			is('released', 9),
		);
		expect(joinOutcomes([is('released'), is('released')])).toEqual(is('released'));
	});

	it('say how many decided, and what was not done', () => {
		expect(joinOutcomes([is('completed'), is('failed'), is('failed')]).reason).toBe(
			'1 of 3: completed',
		);
		expect(joinOutcomes([is('completed'), is('completed'), is('released', 7)])).toEqual({
			outcome: 'unknown',
			reason: '1 of 3 was not done: released',
			isMixed: true,
		});
	});
});
