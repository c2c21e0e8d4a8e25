import fc from 'fast-check';

import type { ClaimRecord, ClaimRequest, OwnerCommand, Stored } from '../../../lib/core/record';
import { MAX_RETENTION_MS } from '../../../lib/core/durations';
import { claim, command, liveRecord, observe, operate } from '../../../lib/core/transitions';
import { identityOf } from '../../support/requests';
import {
	Grants,
	type Step,
	advanceBy,
	claimOf,
	commandOf,
	operatorCommandOf,
	stepArbitrary,
} from '../../stores/steps';
import { inWholeMs } from '../../stores/whole-ms';

/** What the table is for, said without it: these hold over whatever three owners, an operator and time do to one key. */

const EPOCH = 1_800_000_000_000;
const identity = identityOf('key');

const walks = fc.array(stepArbitrary, { minLength: 1, maxLength: 50, size: 'max' });
const check = (look: (walk: Walk) => void) => (): void => {
	fc.assert(
		fc.property(walks, (steps) => {
			const walk = new Walk(look);
			for (const step of steps) walk.take(step);
		}),
		{ seed: 20_260_101, numRuns: 200 },
	);
};

/** One thing that happened to the key. */
interface Event {
	readonly kind: 'grant' | 'again' | 'written' | 'refused' | 'forgotten' | 'resolved' | 'time';
	readonly before: Stored;
	readonly after: Stored;
	readonly request?: ClaimRequest;
	readonly order?: OwnerCommand;
	readonly takeover?: boolean;
}

/** All steps go to one key, so that they meet. */
class Walk {
	stored: Stored = null;

	nowMs = EPOCH;

	/** Microseconds beyond the millisecond: more than one step a millisecond. */
	private micros = 0;

	private readonly grants = new Grants();

	readonly events: Event[] = [];

	constructor(private readonly look: (walk: Walk) => void) {}

	get last(): Event {
		const event = this.events.at(-1);
		if (event === undefined) throw new Error('nothing happened yet');
		return event;
	}

	take(step: Step): void {
		switch (step.type) {
			case 'claim':
				for (const item of step.items)
					this.claim(inWholeMs(claimOf(item, identity, 'n', this.time)));
				break;
			case 'command':
				for (const item of step.items)
					this.command(inWholeMs(commandOf(item, this.grants, identity, 'n')));
				break;
			case 'operate': {
				const order = operatorCommandOf(step, identity, this.current, this.nowMs);
				const { next, answer } = operate(freeze(this.stored), order, this.clock);
				const done = order.type === 'forget' ? 'forgotten' : 'resolved';
				this.happened(answer.outcome === 'done' ? done : 'refused', next);
				break;
			}
			case 'advance':
				this.nowMs += advanceBy(step, this.current, this.nowMs);
				this.micros = 0;
				this.happened('time', this.stored);
				break;
		}
	}

	get current(): Stored {
		return liveRecord(this.stored, this.nowMs);
	}

	claim(request: ClaimRequest): void {
		const { next, answer } = claim(freeze(this.stored), request, this.clock);
		if (answer.outcome !== 'new') {
			this.happened(answer.outcome === 'conflict' ? 'refused' : 'written', next, { request });
			return;
		}
		const again = this.current?.fence === answer.fence;
		this.grants.add(request, answer.fence);
		this.happened(again ? 'again' : 'grant', next, { request, takeover: answer.takeover });
	}

	private command(order: OwnerCommand): void {
		const { next, answer } = command(freeze(this.stored), order, this.clock);
		this.happened(answer.outcome === 'done' ? 'written' : 'refused', next, { order });
	}

	private get clock() {
		return { micros: this.nowMs * 1000 + (this.micros++ % 1000), epoch: EPOCH };
	}

	private get time() {
		return { now: this.nowMs, epoch: EPOCH };
	}

	private happened(kind: Event['kind'], after: Stored, rest: Partial<Event> = {}): void {
		this.events.push({ kind, before: this.stored, after, ...rest });
		this.stored = after;
		this.look(this);
	}
}

const freeze = (stored: Stored): Stored => (stored === null ? null : Object.freeze(stored));
const isRecord = (stored: Stored): stored is ClaimRecord =>
	stored !== null && stored.state !== 'tombstone';

describe('whatever happens to a key', () => {
	it(
		'fences grow with every grant, also across deletion',
		check(({ events, last }) => {
			if (last.kind !== 'grant') return;
			const earlier = events.slice(0, -1).map(({ after }) => after?.fence ?? 0);
			expect(last.after?.fence).toBeGreaterThan(Math.max(0, ...earlier));
		}),
	);

	it(
		'a completed result never changes, and is what duplicates get',
		check(({ last, nowMs }) => {
			const { kind, before, after } = last;
			if (!isRecord(before) || observe(before, nowMs) !== 'completed' || kind === 'forgotten')
				return;
			if (!isRecord(after)) throw new Error('a completed record is gone');
			const { duplicates, expiresAt } = after;
			expect({ ...after, duplicates: 0, expiresAt: 0 }).toEqual({
				...before,
				duplicates: 0,
				expiresAt: 0,
			});
			expect(after.result).toBe(before.result);
			expect(duplicates).toBeGreaterThanOrEqual(before.duplicates);
			expect(expiresAt).toBeGreaterThanOrEqual(before.expiresAt);
		}),
	);

	it(
		'a refused caller changes nothing',
		check(({ last }) => {
			if (last.kind === 'refused') expect(last.after).toBe(last.before);
		}),
	);

	it(
		'there are never two live owners, but for a forced forget',
		check(({ last, nowMs }) => {
			if (last.kind !== 'grant') return;
			expect(['processing', 'pending']).not.toContain(observe(last.before, nowMs));
		}),
	);

	it(
		'nobody acts a second time while somebody may have acted, where either says hold',
		check(({ last, nowMs }) => {
			if (last.kind !== 'grant' || !isRecord(last.before) || last.before.expiresAt <= nowMs) return;
			expect(last.takeover).toBe(observe(last.before, nowMs) !== 'released');
			if (!last.takeover) return;
			expect([last.before.onUnknownOutcome, last.request?.onUnknownOutcome]).toEqual([
				'retry',
				'retry',
			]);
		}),
	);

	it(
		'only the owner with the current fence writes a record',
		check(({ last, nowMs }) => {
			const { kind, order, before } = last;
			if (kind !== 'written' || order === undefined || !isRecord(before)) return;
			if (before.expiresAt <= nowMs) return;
			expect([order.owner, order.fence]).toEqual([before.owner, before.fence]);
		}),
	);

	it(
		'a late finish is never believed over a newer claim',
		check(({ events, last }) => {
			if (last.kind !== 'written' || last.order?.type !== 'finish') return;
			const granted = events.filter(({ kind }) => kind === 'grant');
			const fences = granted.map(({ after }) => after?.fence ?? 0);
			// The last grants may lie behind a forced forget, which leaves a tombstone with a higher fence.
			expect(last.order.fence).toBeGreaterThanOrEqual(Math.max(0, ...fences));
		}),
	);

	it(
		'no claim is counted as an attempt that was given back',
		check(({ last }) => {
			const { kind, before, after, order } = last;
			if (kind !== 'written' || !isRecord(before) || !isRecord(after)) return;
			const isGivenBack = order !== undefined && 'nothingRan' in order && order.nothingRan === true;
			const released = isGivenBack && after.state !== 'completed' && after.state !== 'failed';
			expect(after.attempts).toBe(released ? Math.max(0, before.attempts - 1) : before.attempts);
		}),
	);

	it(
		'every record has an expiry, later than its lease',
		check(({ last, nowMs }) => {
			const { after, before } = last;
			if (after === null || after === before) return;
			expect(Number.isSafeInteger(after.expiresAt)).toBe(true);
			expect(after.expiresAt).toBeGreaterThan(nowMs);
			expect(after.expiresAt).toBeLessThan(nowMs + MAX_RETENTION_MS);
			if (isRecord(after)) expect(after.expiresAt).toBeGreaterThan(after.leaseUntil);
		}),
	);

	it(
		'no key is stuck for ever: it can be claimed when its record ends, and that is bounded',
		check((walk) => {
			const ends = walk.stored?.expiresAt ?? walk.nowMs;
			const clock = { micros: Math.max(ends, walk.nowMs) * 1000, epoch: EPOCH };
			const stranger = claimOf(
				{
					key: 0,
					owner: 'owner-a',
					fingerprint: 'never seen',
					comparison: 'one',
					tenant: 'stranger',
					event: 'none',
					retentionMs: 1,
					onUnknownOutcome: 'hold',
					maxAttempts: 1,
					extendRetention: false,
					strictAge: true,
					pending: false,
					short: 0,
				},
				identity,
				'n',
				{ now: walk.nowMs, epoch: EPOCH },
			);
			expect(claim(walk.stored, stranger, clock).answer).toMatchObject({ outcome: 'new' });
		}),
	);

	it('the walks meet every kind of event', () => {
		const kinds = new Set<string>();
		check(({ last }) => kinds.add(`${last.kind}${last.takeover ? ' by takeover' : ''}`))();
		expect([...kinds].sort()).toEqual(
			[
				'again',
				'again by takeover',
				'forgotten',
				'grant',
				'grant by takeover',
				'refused',
				'resolved',
				'time',
				'written',
			].sort(),
		);
	});
});
