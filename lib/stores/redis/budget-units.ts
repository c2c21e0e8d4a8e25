import { randomUUID } from 'node:crypto';

import { attemptAsync } from '../../core/attempt';
import type { Budget } from '../../core/budget';
import { microsOf } from './batch';
import type { Keys } from './keys';
import type { ScriptArguments, ScriptReply } from './scripts';

/** A script holds Redis for as long as it runs: at most so many units of a counter a call, and so many calls at once. */
const MOST_UNITS = 500;
const CALLS_AT_ONCE = 200;

/** What a claim takes of its budget. */
export interface Unit {
	readonly name: string;
	readonly budget: Budget;
}

/** What came of it. After an error it is not known whether the unit was taken. */
export type Taken =
	| { readonly outcome: 'taken' }
	/** When there is room again, in ms by the store's clock. */
	| { readonly outcome: 'no_room'; readonly roomAt: number }
	| { readonly outcome: 'error'; readonly error: unknown };

export function unitOf(budget: Budget): Unit {
	return { name: randomUUID(), budget };
}

/** The counters of budgets, by budget.lua. */
export class BudgetUnits {
	constructor(
		private readonly keys: Keys,
		private readonly offsetMs: () => number,
		private readonly run: (args: ScriptArguments) => Promise<ScriptReply>,
	) {}

	/** Takes each unit for which there is room, those of one budget in their order. */
	async take(units: readonly Unit[]): Promise<Map<Unit, Taken>> {
		const taken = new Map<Unit, Taken>();
		await eachCounter(units, async (counter, some) => {
			const terms = some.flatMap(({ name, budget: { limit, windowMs } }) => [
				name,
				String(limit),
				String(windowMs),
			]);
			const asked = await attemptAsync(async () => await this.count(counter, 'take', terms));
			for (const [i, unit] of some.entries()) {
				if (!asked.ok) taken.set(unit, { outcome: 'error', error: asked.error });
				else taken.set(unit, takenOf(asked.value, i));
			}
		});
		return taken;
	}

	/** What can't be given back now stays taken for the window. */
	async giveBack(units: readonly Unit[]): Promise<void> {
		await eachCounter(units, async (counter, some) => {
			const names = some.map(({ name }) => name);
			await attemptAsync(async () => await this.count(counter, 'give', names));
		});
	}

	private async count(
		counter: string,
		change: 'take' | 'give',
		rest: readonly string[],
	): Promise<ScriptReply> {
		return await this.run([1, this.keys.budget(counter), String(this.offsetMs()), change, ...rest]);
	}
}

function takenOf(reply: ScriptReply, index: number): Taken {
	const waitMs = Number(String(reply[index + 1]));
	if (waitMs === 0) return { outcome: 'taken' };
	return { outcome: 'no_room', roomAt: Math.floor(microsOf(reply) / 1000) + waitMs };
}

/** Asks for each counter by itself. */
async function eachCounter(
	units: readonly Unit[],
	ask: (counter: string, some: readonly Unit[]) => Promise<void>,
): Promise<void> {
	const counters = new Map<string, Unit[]>();
	for (const unit of units) {
		const same = counters.get(unit.budget.identity);
		if (same === undefined) counters.set(unit.budget.identity, [unit]);
		else same.push(unit);
	}
	const all = [...counters];
	for (let at = 0; at < all.length; at += CALLS_AT_ONCE) {
		await Promise.all(
			all.slice(at, at + CALLS_AT_ONCE).map(async ([counter, same]) => {
				for (let from = 0; from < same.length; from += MOST_UNITS) {
					await ask(counter, same.slice(from, from + MOST_UNITS));
				}
			}),
		);
	}
}
