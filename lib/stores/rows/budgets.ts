import type { Budget } from '../../core/budget';
import type { Stored } from '../../core/record';
import { StoreError } from '../../core/reply';
import type { Clock } from '../../core/transitions';
import { type Looked, type RowSteps, type Unit, type Work, ask } from './backend';
import type { CallKind, Group } from './groups';

/**
 * Takes a unit for each call that would be granted if its budget had room: take, claim, and give back what was not granted. A crash
 * between these loses a unit for the window; none is ever granted without. Each group has one call, see `endOfChunk`.
 *
 * @returns the time at which units were taken; null where none were asked for
 */
export function* takeUnits<Item extends { readonly identity: string }, Answer>(
	groups: ReadonlyArray<Group<Item, Answer>>,
	{ clock, rows }: Looked,
	kind: CallKind<Item, Answer>,
	steps: RowSteps,
): Work<Clock | null> {
	const asking: Array<Group<Item, Answer>> = [];
	const budgets: Budget[] = [];
	const inOrder = [...groups.entries()].sort(([, a], [, b]) => a.first.place - b.first.place);
	for (const [i, group] of inOrder) {
		group.waitMs = 0;
		group.unit = null;
		const found = rows[i] ?? null;
		const budget = kind.budgetOf?.(group.first.item);
		if (budget === undefined || found instanceof StoreError) continue;
		const stored = found?.stored ?? null;
		const { answer } = kind.step(stored, group.first.item, clock, 0);
		if (!isGrant(answer, stored)) continue;
		asking.push(group);
		budgets.push(budget);
	}
	if (asking.length === 0) return null;
	const taken = yield* ask(steps.take(budgets));
	for (const [i, group] of asking.entries()) {
		const unit = taken.units[i] ?? 0;
		if (typeof unit === 'number') group.waitMs = unit;
		else group.unit = unit;
	}
	return taken.clock;
}

/** The units of calls that were not granted after all. */
export function unitsToGive<Item, Answer>(
	groups: ReadonlyArray<Group<Item, Answer>>,
	lost: ReadonlyArray<Group<Item, Answer>>,
): Unit[] {
	const units: Unit[] = [];
	for (const group of groups) {
		const { unit, first, before } = group;
		if (unit === null || (isGrant(first.answer, before) && !lost.includes(group))) continue;
		units.push(unit);
		group.unit = null;
	}
	return units;
}

/** A fence grows with every grant, and with nothing else. */
function isGrant(answer: unknown, before: Stored): boolean {
	const { outcome, fence } = answer as { outcome: string; fence?: number };
	return outcome === 'new' && fence !== before?.fence;
}
