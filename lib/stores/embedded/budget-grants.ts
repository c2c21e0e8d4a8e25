import { type Budget, budgetWaitMs, budgetWindowStart } from '../../core/budget';
import type { Unit } from '../rows/backend';
import type { Database, Statement } from './sqlite';

/** So many grants that count no more are removed for each that is added. */
const REMOVED_AT_ONCE = 8;

/** The grants that count against budgets. Each method is one step of a transaction that the caller holds. */
export class BudgetGrants {
	private readonly select: Statement;

	private readonly insert: Statement;

	private readonly delete: Statement;

	private readonly deleteEnded: Statement;

	constructor(db: Database) {
		this.select = db.prepare(
			'SELECT at FROM (SELECT at FROM budget_grants WHERE budget = ? AND at > ? ORDER BY at DESC LIMIT ?) ORDER BY at',
		);
		this.insert = db.prepare('INSERT INTO budget_grants VALUES (?, ?, ?)');
		this.delete = db.prepare('DELETE FROM budget_grants WHERE rowid = ?');
		this.deleteEnded = db.prepare(
			'DELETE FROM budget_grants WHERE rowid IN (SELECT rowid FROM budget_grants WHERE until <= ? LIMIT ?)',
		);
	}

	/** A unit of the budget, or how long until it has room, in ms. */
	take(budget: Budget, nowMs: number): Unit | number {
		const { identity, windowMs, limit } = budget;
		const start = budgetWindowStart(budget, nowMs);
		const grantedAt = this.select.all(identity, start, limit).map(({ at }) => Number(at));
		const waitMs = budgetWaitMs(grantedAt, budget, nowMs);
		if (waitMs > 0) return waitMs;
		this.deleteEnded.run(nowMs, REMOVED_AT_ONCE);
		const { lastInsertRowid } = this.insert.run(identity, nowMs, Math.ceil(nowMs + windowMs));
		return { budget: identity, id: lastInsertRowid };
	}

	giveBack({ id }: Unit): void {
		this.delete.run(Number(id));
	}
}
