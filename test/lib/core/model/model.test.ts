import type { Stored } from '../../../../lib/core/record';
import { explore } from './explore';
import { RULES, type Rules } from './rules';
import { SMALL } from './settings';

/** The functions of transitions.ts, explored: see docs/contract.md, "How it is checked". `npm run model` goes further. */

const MOST_STATES = 4_000;

it.each(SMALL)('$name: nothing that must not happen can', (settings) => {
	const { problems, states } = explore(settings, MOST_STATES);
	expect(Object.fromEntries(problems)).toEqual({});
	expect(states).toBeGreaterThan(100);
});

describe('rules that are broken are found', () => {
	const found = (name: string, rules: Partial<Rules>): string[] => {
		const settings = SMALL.find((each) => each.name === name);
		if (settings === undefined) throw new Error(`no settings ${name}`);
		const broken = { ...settings, rules: { ...RULES, ...rules } };
		return [...explore(broken, MOST_STATES).problems.keys()];
	};
	const changed = (stored: Stored, over: object): Stored =>
		stored === null || stored.state === 'tombstone' ? stored : { ...stored, ...over };

	it('a hold that nobody keeps', () => {
		const { claim } = RULES;
		const rules: Partial<Rules> = {
			claim: (stored, request, clock, wait) =>
				claim(
					changed(stored, { onUnknownOutcome: 'retry' }),
					{ ...request, onUnknownOutcome: 'retry' },
					clock,
					wait,
				),
		};
		// A takeover is announced, so what it lets happen is found only where nobody was told of it.
		const silent: Partial<Rules> = {
			claim: (...asked) => {
				const done = rules.claim?.(...asked) ?? claim(...asked);
				if (done.answer.outcome !== 'new') return done;
				return { ...done, answer: { ...done.answer, takeover: false } };
			},
		};
		expect(found('two runs, hold', silent)).toContain('a second act by a claim');
	});

	it('a tombstone that nobody heeds', () => {
		const { claim, command } = RULES;
		const heeded = (stored: Stored) => (stored?.state === 'tombstone' ? null : stored);
		const problems = found('shorter retentions later', {
			claim: (stored, request, clock) => {
				const done = claim(heeded(stored), request, clock);
				return done.next === null ? { ...done, next: stored } : done;
			},
			command: (stored, order, clock) => {
				const done = command(heeded(stored), order, clock);
				return done.next === null ? { ...done, next: stored } : done;
			},
		});
		expect(problems).toContain('a late finish was believed over a newer claim');
	});

	it('a claim that every execution may start', () => {
		const { command } = RULES;
		expect(
			found('two executions of one accepted request', {
				command: (stored, order, clock) =>
					order.type === 'start' && stored !== null && stored.state === 'processing'
						? command(changed(stored, { executionId: order.executionId }), order, clock)
						: command(stored, order, clock),
			}),
		).toContain('a second act by a claim');
	});

	it('a pending claim that is started after its time', () => {
		const { command } = RULES;
		const longer = (stored: Stored, ms: number) =>
			changed(stored, {
				leaseUntil: ms + 1,
				claimedAt: ms,
				expiresAt: ms + 10_000,
				believedUntil: ms + 10_000,
			});
		expect(
			found('both at the door', {
				command: (stored, order, clock) =>
					order.type === 'start'
						? command(longer(stored, Math.floor(clock.micros / 1000)), order, clock)
						: command(stored, order, clock),
			}),
		).not.toEqual([]);
	});

	it('attempts that are not given back', () => {
		const { command } = RULES;
		expect(
			found('one attempt', {
				command: (stored, order, clock) =>
					command(stored, 'nothingRan' in order ? { ...order, nothingRan: false } : order, clock),
			}),
		).toContain('attempts are exhausted though fewer runs began');
	});
});
