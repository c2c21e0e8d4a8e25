import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Stored,
} from '../../lib/core/record';
import type { ListQuery, ListedRecord } from '../../lib/core/listing';
import { isListed } from '../../lib/core/listing';
import type { NoticesToKeep, NoticesToTake } from '../../lib/core/store';
import { counterOf } from '../../lib/core/store';
import type { Transition } from '../../lib/core/transitions';
import { claimWithinBudget } from '../../lib/core/budgeted-claim';
import { claim, command, liveRecord, observe, operate } from '../../lib/core/transitions';

/** What a store should hold and answer: transitions.ts over a map, at the time that the store says it was. */
export class Model {
	private readonly records = new Map<string, Stored>();

	/** Times of grants, by budget. */
	private readonly grants = new Map<string, number[]>();

	/** Until when each is kept, by consumer and notice. */
	private readonly notices = new Map<string, Map<string, number>>();

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
		const counter = counterOf(answer, request.counting);
		if (counter !== null) this.count(request.namespace, counter, 1);
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

	/** By identity. */
	list(query: ListQuery, micros: number): ListedRecord[] {
		const nowMs = Math.floor(micros / 1000);
		const listed: ListedRecord[] = [];
		for (const identity of [...this.records.keys()].sort()) {
			const record = this.get(identity, micros);
			if (record === null || record.state === 'tombstone') continue;
			if (!isListed(record, query, nowMs)) continue;
			listed.push({ identity, state: observe(record, nowMs), record });
		}
		return listed;
	}

	takeNotices({ consumer, notices, holdMs }: NoticesToTake, micros: number): string[] {
		const nowMs = Math.floor(micros / 1000);
		const kept = this.notices.get(consumer) ?? new Map<string, number>();
		this.notices.set(consumer, kept);
		const taken = notices.filter((notice) => (kept.get(notice) ?? 0) <= nowMs);
		for (const notice of taken) kept.set(notice, nowMs + holdMs);
		return taken;
	}

	keepNotices({ consumer, notices }: NoticesToKeep): void {
		const kept = this.notices.get(consumer) ?? new Map<string, number>();
		this.notices.set(consumer, kept);
		for (const { notice, until } of notices) kept.set(notice, until);
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
