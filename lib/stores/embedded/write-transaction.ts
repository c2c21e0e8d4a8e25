import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Stored,
} from '../../core/record';
import { type Budget, budgetProblem } from '../../core/budget';
import { claimWithinBudget } from '../../core/budgeted-claim';
import type { Counter, NoticesToKeep, NoticesToTake } from '../../core/store';
import { StoreError } from '../../core/reply';
import { counterOf } from '../../core/store';
import type { Clock, Transition } from '../../core/transitions';
import { claim, command, operate } from '../../core/transitions';
import { attempt } from '../../core/attempt';
import type { Row, Tables } from './tables';
import { resultOf } from './tables';

/** The steps of one transaction, all at one time. Its caller holds the file's write lock. */
export class WriteTransaction {
	/** Records written; what only counts needs not survive a power cut. */
	written = 0;

	private readonly counters = new Map<string, Map<Counter, number>>();

	constructor(
		private readonly tables: Tables,
		readonly clock: Clock,
	) {}

	/** Most claims are new: the record is written at once, and read only where the key is known already. */
	claim(request: ClaimRequest): ClaimAnswer {
		if (request.budget !== undefined) return this.claimWithin(request.budget, request);
		const first = claim(null, request, this.clock);
		const isNew = first.next !== null && this.tables.insert(request.identity, first.next);
		if (isNew) this.written++;
		const { answer } = isNew
			? first
			: this.step(request.identity, (stored) => claim(stored, request, this.clock));
		this.count(request.namespace, counterOf(answer), 1);
		return answer;
	}

	private claimWithin(budget: Budget, request: ClaimRequest): ClaimAnswer {
		const problem = budgetProblem(budget);
		if (problem !== null) throw new StoreError('configuration', problem);
		const nowMs = Math.floor(this.clock.micros / 1000);
		const { budgets } = this.tables;
		const { answer, takes } = this.step(request.identity, (stored) =>
			claimWithinBudget(stored, budgets.of(budget, nowMs), { ...request, budget }, this.clock),
		);
		if (takes) budgets.add(budget, nowMs);
		this.count(request.namespace, counterOf(answer), 1);
		return answer;
	}

	command(order: OwnerCommand): OwnerAnswer {
		return this.step(order.identity, (stored) => command(stored, order, this.clock)).answer;
	}

	operate(order: OperatorCommand): OperatorAnswer {
		const done = attempt(() =>
			this.step(order.identity, (stored) => operate(stored, order, this.clock)),
		);
		if (done.ok) return done.value.answer;
		const corrupt = done.error instanceof StoreError && done.error.problem === 'corrupt_record';
		if (!corrupt || order.type !== 'forget' || !order.force) throw done.error;
		this.tables.remove(order.identity);
		this.written++;
		return { outcome: 'done', state: 'absent' };
	}

	takeNotices({ consumer, notices, holdMs }: NoticesToTake): string[] {
		const now = Math.floor(this.clock.micros / 1000);
		this.tables.dropNotices(now);
		const taken = notices.filter((notice) =>
			this.tables.takeNotice(consumer, notice, Math.ceil(now + holdMs)),
		);
		this.written += taken.length;
		return taken;
	}

	keepNotices({ consumer, notices }: NoticesToKeep): null {
		for (const { notice, until } of notices) {
			this.tables.keepNotice(consumer, notice, Math.ceil(until));
		}
		this.written += notices.length;
		return null;
	}

	/** Adds what was counted to the file, once a transaction. */
	writeCounters(): void {
		const day = dayOf(this.clock.micros);
		for (const [namespace, counters] of this.counters) {
			for (const [counter, by] of counters) this.tables.count(day, namespace, counter, by);
		}
	}

	private step<Done extends Transition<unknown>>(
		identity: string,
		transition: (stored: Stored) => Done,
	): Done {
		const row = this.tables.find(identity);
		const stored = row?.stored ?? null;
		const done = transition(stored);
		if (done.next !== null && done.next !== stored) {
			this.save(identity, row, done.next);
			this.written++;
		}
		return done;
	}

	private save(identity: string, row: Row | null, next: NonNullable<Stored>): void {
		if (row === null) this.tables.insert(identity, next);
		else this.tables.update(row, next);

		const result = resultOf(next);
		const finished = next.state === 'completed' || next.state === 'failed';
		if (finished && result !== null && result !== resultOf(row?.stored ?? null)) {
			this.count(next.namespace, 'bytes', result.length);
		}
	}

	private count(namespace: string, counter: Counter, by: number): void {
		if (by === 0) return;
		let counters = this.counters.get(namespace);
		if (counters === undefined) this.counters.set(namespace, (counters = new Map()));
		counters.set(counter, (counters.get(counter) ?? 0) + by);
	}
}

/** `yyyymmdd`, in UTC. */
export function dayOf(micros: number): string {
	return new Date(micros / 1000).toISOString().slice(0, 10).replaceAll('-', '');
}
