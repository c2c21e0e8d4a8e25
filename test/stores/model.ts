import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Stored,
} from '../../lib/core/record';
import type { OpenClaim } from '../../lib/core/store';
import { counterOf } from '../../lib/core/store';
import type { Transition } from '../../lib/core/transitions';
import { claimWithinBudget } from '../../lib/core/budgeted-claim';
import { claim, command, liveRecord, operate } from '../../lib/core/transitions';

/** What a store should hold and answer: transitions.ts over a map, at the time that the store says it was. */
export class Model {
	private readonly records = new Map<string, Stored>();

	/** Times of grants, by budget. */
	private readonly grants = new Map<string, number[]>();

	/** By `namespace counter`. */
	readonly counters = new Map<string, number>();

	/** @param epoch when the store began, in ms */
	constructor(private readonly epoch: number) {}

	claim(request: ClaimRequest, micros: number): ClaimAnswer {
		const answer = this.step(request.identity, micros, (stored, clock) => {
			const { budget } = request;
			if (budget === undefined) return claim(stored, request, clock);
			const grants = this.grants.get(budget.identity) ?? [];
			const done = claimWithinBudget(stored, grants, { ...request, budget }, clock);
			if (done.takes) this.grants.set(budget.identity, [...grants, Math.floor(micros / 1000)]);
			return done;
		});
		this.count(request.namespace, counterOf(answer), 1);
		return answer;
	}

	command(order: OwnerCommand, micros: number): OwnerAnswer {
		const answer = this.step(order.identity, micros, (stored, clock) =>
			command(stored, order, clock),
		);
		this.countBytes(order, answer, micros);
		return answer;
	}

	operate(order: OperatorCommand, micros: number): OperatorAnswer {
		const answer = this.step(order.identity, micros, (stored, clock) =>
			operate(stored, order, clock),
		);
		this.countBytes(order, answer, micros);
		return answer;
	}

	get(identity: string, micros: number): Stored {
		return liveRecord(this.records.get(identity) ?? null, Math.floor(micros / 1000));
	}

	/** Open claims by the end of their lease; those of one end by identity. */
	open(leaseEndsBefore: number, micros: number): OpenClaim[] {
		const claims: OpenClaim[] = [];
		for (const identity of this.records.keys()) {
			const record = this.get(identity, micros);
			if (record === null || record.state === 'tombstone') continue;
			const open = ['pending', 'processing', 'unknown'].includes(record.state);
			if (open && record.leaseUntil < leaseEndsBefore) {
				claims.push({ identity, leaseUntil: record.leaseUntil });
			}
		}
		return claims.sort(byLeaseEnd);
	}

	private step<Answer>(
		identity: string,
		micros: number,
		transition: (stored: Stored, clock: { micros: number; epoch: number }) => Transition<Answer>,
	): Answer {
		const stored = this.records.get(identity) ?? null;
		const { next, answer } = transition(stored, { micros, epoch: this.epoch });
		this.records.set(identity, next);
		return answer;
	}

	private countBytes(
		order: OwnerCommand | OperatorCommand,
		answer: OwnerAnswer | OperatorAnswer,
		micros: number,
	): void {
		if (answer.outcome !== 'done' || !('result' in order) || order.result === null) return;
		const record = this.get(order.identity, micros);
		if (record === null || record.state === 'tombstone') return;
		this.count(record.namespace, 'bytes', order.result.length);
	}

	private count(namespace: string, counter: string, by: number): void {
		const name = `${namespace} ${counter}`;
		if (by > 0) this.counters.set(name, (this.counters.get(name) ?? 0) + by);
	}
}

export function byLeaseEnd(a: OpenClaim, b: OpenClaim): number {
	return a.leaseUntil - b.leaseUntil || (a.identity < b.identity ? -1 : 1);
}
