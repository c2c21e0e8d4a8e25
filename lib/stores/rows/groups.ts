import type { Budget } from '../../core/budget';
import type { ClaimRecord, Stored } from '../../core/record';
import type { Clock, Transition } from '../../core/transitions';
import type { BatchLimits, FirstGrant, Unit } from './backend';
import type { Counters } from './counters';

/** What a batch asks of transitions.ts, and what its answers mean to the rows. */
export interface CallKind<Item extends { readonly identity: string }, Answer> {
	/** @param budgetWaitMs until the item's budget has room; 0 where it has, or there is none */
	step(stored: Stored, item: Item, clock: Clock, budgetWaitMs: number): Transition<Answer>;

	/** Whether most identities have no row yet, so that it is inserted without looking. */
	readonly inserts: boolean;

	/** Whether the answer depends on the clock in other ways than by moving with it: it is not inserted without the place's clock. */
	needsClock?(item: Item): boolean;

	budgetOf?(item: Item): Budget | undefined;

	count?(counters: Counters, item: Item, answer: Answer): void;

	/** The answer was one more duplicate of a finished record, and changed nothing else. */
	isDuplicate?(answer: Answer): boolean;

	/** The answer where the item removes what can't be read; null where it does not. */
	removal?(item: Item): Answer | null;

	/** About how many bytes the item is. */
	sizeOf(item: Item): number;
}

/** One item of a batch, and its answer so far. */
export class Call<Item, Answer> {
	answer: Answer | undefined = undefined;

	/** Of the result that it stores. */
	bytes = 0;

	/** @param place in the batch */
	constructor(
		readonly item: Item,
		readonly place: number,
	) {}
}

/** The calls of a batch on one identity, in the order in which they were made: one row, read once and written once. */
export class Group<Item, Answer> implements FirstGrant {
	/** Null for a call that is alone, as most are. */
	more: Array<Call<Item, Answer>> | null = null;

	/** What the first call makes of nothing, at the time of the steps. */
	granted: Transition<Answer> | null = null;

	/** See `CallKind.step`. */
	waitMs = 0;

	/** Taken of its budget. */
	unit: Unit | null = null;

	/** The row as it is stored now, and what comes of it. */
	before: Stored = null;

	next: Stored = null;

	changes = 0;

	/** Of the changes, those that only count. */
	duplicates = 0;

	constructor(
		readonly identity: string,
		readonly first: Call<Item, Answer>,
	) {}

	/** What the first call makes of nothing. Only asked for where that is a record. */
	get record(): ClaimRecord {
		return this.granted?.next as ClaimRecord;
	}

	get calls(): Array<Call<Item, Answer>> {
		return this.more === null ? [this.first] : [this.first, ...this.more];
	}
}

/** @param sorted by identity, so that no two batches ever wait for each other's rows */
export function groupsOf<Item extends { readonly identity: string }, Answer>(
	items: readonly Item[],
	from: number,
	end: number,
	sorted: boolean,
): Array<Group<Item, Answer>> {
	const all: Array<Group<Item, Answer>> = [];
	const known = end - from > 1 ? new Map<string, Group<Item, Answer>>() : null;
	for (let place = from; place < end; place++) {
		const item = items[place] as Item;
		const call = new Call<Item, Answer>(item, place);
		const same = known?.get(item.identity);
		if (same !== undefined) {
			(same.more ??= []).push(call);
			continue;
		}
		const group = new Group(item.identity, call);
		known?.set(item.identity, group);
		all.push(group);
	}
	return sorted ? all.sort((a, b) => (a.identity < b.identity ? -1 : 1)) : all;
}

/**
 * The end of the items that go in one step, at least one. With budgets it asks for no identity twice: whether the first is granted
 * decides whether the second needs a unit.
 */
export function endOfChunk<Item extends { readonly identity: string }, Answer>(
	items: readonly Item[],
	from: number,
	limits: BatchLimits,
	{ budgetOf, sizeOf }: CallKind<Item, Answer>,
): number {
	const end = Math.min(items.length, from + limits.items);
	let seen: Set<string> | null = null;
	let size = 0;
	for (let at = from; at < end; at++) {
		const item = items[at] as Item;
		size += sizeOf(item);
		if (size > limits.bytes && at > from) return at;
		if (budgetOf === undefined) continue;
		if (seen === null && budgetOf(item) !== undefined) {
			seen = new Set(items.slice(from, at).map(({ identity }) => identity));
		}
		if (seen?.has(item.identity) === true) return at;
		seen?.add(item.identity);
	}
	return end;
}
