import { type Budget, budgetWindowStart } from '../../core/budget';
import type { Database, Statement } from './sqlite';

/** So many grants that count no more are removed for each that is added. */
const REMOVED_AT_ONCE = 8;

/** The grants that count against budgets. Each method is one step of a transaction that the caller holds. */
export class BudgetGrants {
	private readonly select: Statement;

	private readonly insert: Statement;

	private readonly deleteEnded: Statement;

	constructor(db: Database) {
		this.select = db.prepare(
			'SELECT at FROM (SELECT at FROM budget_grants WHERE budget = ? AND at > ? ORDER BY at DESC LIMIT ?) ORDER BY at',
		);
		this.insert = db.prepare('INSERT INTO budget_grants VALUES (?, ?, ?)');
		this.deleteEnded = db.prepare(
			'DELETE FROM budget_grants WHERE rowid IN (SELECT rowid FROM budget_grants WHERE until <= ? LIMIT ?)',
		);
	}

	/** The times of the last grants in the window, oldest first, in ms: no more than the limit tells of. */
	of(budget: Budget, nowMs: number): number[] {
		const start = budgetWindowStart(budget, nowMs);
		return this.select.all(budget.identity, start, budget.limit).map(({ at }) => Number(at));
	}

	add({ identity, windowMs }: Budget, nowMs: number): void {
		this.deleteEnded.run(nowMs, REMOVED_AT_ONCE);
		this.insert.run(identity, nowMs, Math.ceil(nowMs + windowMs));
	}
}
