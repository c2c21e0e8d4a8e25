import { setTimeout as sleep } from 'node:timers/promises';

import type { Stored } from '../../core/record';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import type { Clock, Transition } from '../../core/transitions';
import {
	type DuplicateCount,
	type Eventually,
	type Looked,
	type Row,
	RowRefused,
	type RowSteps,
	type Work,
	type Write,
	ask,
	tryAsk,
} from './backend';
import { takeUnits, unitsToGive } from './budgets';
import type { Call, CallKind, Group } from './groups';

/** A row that so many others changed first, or that somebody holds, is given up. */
const MOST_TRIES = 12;
const LONGEST_PAUSE_MS = 50;

export type Put<Answer> = (place: number, reply: Reply<Answer>) => void;

/** Answers calls by reading rows, asking transitions.ts, and writing what came of it: until each write held, or its row is given up. */
export class Round<Item extends { readonly identity: string }, Answer> {
	constructor(
		private readonly kind: CallKind<Item, Answer>,
		private readonly steps: RowSteps,
		private readonly put: Put<Answer>,
	) {}

	*answer(groups: ReadonlyArray<Group<Item, Answer>>): Work<void> {
		let lost = yield* this.begin(groups);
		for (let tries = 1; lost.length > 0; tries++) {
			if (tries > MOST_TRIES) {
				for (const group of lost) this.fail(group, heldUp());
				return;
			}
			// What was lost at once needs no pause: whoever won is done.
			if (tries > 1) yield sleep(Math.random() * Math.min(2 ** tries, LONGEST_PAUSE_MS));
			lost = yield* this.read(lost);
		}
	}

	/** @returns the groups whose row was changed by others in between */
	private *begin(groups: ReadonlyArray<Group<Item, Answer>>): Work<Array<Group<Item, Answer>>> {
		if (!this.kind.inserts) return yield* this.read(groups);
		const at = this.steps.clock ?? { micros: Date.now() * 1000, epoch: 0 };
		const inserted: Array<Group<Item, Answer>> = [];
		const read: Array<Group<Item, Answer>> = [];
		for (const group of groups) (this.grantAt(group, at) ? inserted : read).push(group);
		const lost = inserted.length > 0 ? yield* this.insert(inserted, at) : [];
		return read.length > 0 ? [...lost, ...(yield* this.read(read))] : lost;
	}

	/** Whether the first call makes a record of nothing, whatever the place's clock says. */
	private grantAt(group: Group<Item, Answer>, at: Clock): boolean {
		const { item } = group.first;
		if (this.kind.budgetOf?.(item) !== undefined) return false;
		if (this.steps.clock === null && this.kind.needsClock?.(item) === true) return false;
		group.granted = this.kind.step(null, item, at, 0);
		return group.granted.next !== null;
	}

	private *insert(
		groups: ReadonlyArray<Group<Item, Answer>>,
		at: Clock,
	): Work<Array<Group<Item, Answer>>> {
		const done = yield* tryAsk(() => this.steps.insertOrRead(groups, at));
		if (!done.ok) {
			if (!(done.error instanceof RowRefused)) throw done.error;
			return yield* this.apart(groups, done.error, (one) => this.insert(one, at));
		}
		const looked = done.value;
		const lost = yield* this.decide(groups, looked, true);
		return looked.rows.includes(null)
			? [...lost, ...groups.filter((_, i) => looked.rows[i] === null)]
			: lost;
	}

	private *read(groups: ReadonlyArray<Group<Item, Answer>>): Work<Array<Group<Item, Answer>>> {
		const looked = yield* ask(this.steps.read(groups.map(({ identity }) => identity)));
		const { budgetOf } = this.kind;
		if (budgetOf === undefined) return yield* this.decide(groups, looked, false);
		const clock = yield* takeUnits(groups, looked, this.kind, this.steps);
		return yield* this.decide(groups, { ...looked, clock: clock ?? looked.clock }, false);
	}

	/** After a refusal: each alone, so that one fails. */
	private *apart(
		groups: ReadonlyArray<Group<Item, Answer>>,
		error: StoreError,
		again: (one: ReadonlyArray<Group<Item, Answer>>) => Work<Array<Group<Item, Answer>>>,
	): Work<Array<Group<Item, Answer>>> {
		const [only] = groups;
		if (groups.length === 1 && only !== undefined) {
			this.fail(only, error);
			return [];
		}
		const lost: Array<Group<Item, Answer>> = [];
		for (const group of groups) lost.push(...(yield* again([group])));
		return lost;
	}

	private *decide(
		groups: ReadonlyArray<Group<Item, Answer>>,
		{ clock, rows }: Looked,
		inserting: boolean,
	): Work<Array<Group<Item, Answer>>> {
		const swapping: Array<Group<Item, Answer>> = [];
		const swaps: Write[] = [];
		const counting: Array<Group<Item, Answer>> = [];
		const counts: DuplicateCount[] = [];
		const withUnits: Array<Group<Item, Answer>> = [];
		for (let i = 0; i < groups.length; i++) {
			const group = groups[i] as Group<Item, Answer>;
			const found = rows[i] ?? null;
			if (found instanceof StoreError) {
				yield* this.unreadable(group, found, clock);
				continue;
			}
			if (found === null && inserting) continue;
			this.evaluate(group, found, clock);
			if (group.unit !== null) withUnits.push(group);
			const { identity, before, next, changes, duplicates } = group;
			if (changes === 0 || next === null) this.conclude(group, clock);
			else if (changes === duplicates && found !== null && before !== null) {
				const { version } = found;
				const { fence } = before;
				counting.push(group);
				counts.push({ identity, version, fence, by: duplicates, expiresAtLeast: next.expiresAt });
			} else {
				swapping.push(group);
				swaps.push({ identity, version: found?.version ?? null, before, next });
			}
		}
		const lost: Array<Group<Item, Answer>> = [];
		if (swaps.length > 0) {
			const held = yield* heldOf(swaps, (some) => this.steps.swap(some));
			lost.push(...this.afterWrite(swapping, held, clock));
		}
		if (counts.length > 0) {
			const held = yield* heldOf(counts, (some) => this.steps.countDuplicates(some));
			lost.push(...this.afterWrite(counting, held, clock));
		}
		const units = unitsToGive(withUnits, lost);
		if (units.length > 0) yield* ask(this.steps.giveBack(units));
		return lost;
	}

	/** @param found null where there is no row; without a record where it was inserted just now */
	private evaluate(group: Group<Item, Answer>, found: Row | null, clock: Clock): void {
		const { first, more, granted, waitMs } = group;
		const isInserted = found !== null && found.stored === null;
		const stored = found?.stored ?? null;
		const known = isInserted && this.steps.clock !== null ? granted : null;
		const done = known ?? this.kind.step(stored, first.item, clock, waitMs);
		first.answer = done.answer;
		first.bytes = bytesStored(stored, done);
		// What was inserted is what the first call makes of nothing.
		group.before = isInserted ? done.next : stored;
		group.changes = 0;
		group.duplicates = 0;
		this.note(group, group.before, done);
		if (more === null) return;
		for (const call of more) {
			const before = group.next;
			const another = this.kind.step(before, call.item, clock, waitMs);
			call.answer = another.answer;
			call.bytes = bytesStored(before, another);
			this.note(group, before, another);
		}
	}

	private note(
		group: Group<Item, Answer>,
		before: Stored,
		{ next, answer }: Transition<Answer>,
	): void {
		group.next = next;
		if (next === before) return;
		group.changes++;
		if (this.kind.isDuplicate?.(answer) === true) group.duplicates++;
	}

	/** @returns the groups whose write did not hold */
	private afterWrite(
		groups: ReadonlyArray<Group<Item, Answer>>,
		held: ReadonlyArray<boolean | StoreError>,
		clock: Clock,
	): Array<Group<Item, Answer>> {
		return groups.filter((group, i) => {
			const each = held[i];
			if (each === true) this.conclude(group, clock);
			else if (each instanceof StoreError) this.fail(group, each);
			return each !== true && !(each instanceof StoreError);
		});
	}

	private *unreadable(group: Group<Item, Answer>, error: StoreError, clock: Clock): Work<void> {
		const { first } = group;
		const answer = this.kind.removal?.(first.item) ?? null;
		if (answer === null) {
			this.fail(group, error);
			return;
		}
		yield* ask(this.steps.remove(group.identity));
		this.put(first.place, { ok: true, micros: clock.micros, answer });
	}

	private conclude(group: Group<Item, Answer>, { micros }: Clock): void {
		this.tell(group.first, group.next, micros);
		if (group.more !== null) for (const call of group.more) this.tell(call, group.next, micros);
	}

	private tell(call: Call<Item, Answer>, next: Stored, micros: number): void {
		const answer = call.answer as Answer;
		const { counters } = this.steps;
		this.kind.count?.(counters, call.item, answer);
		if (call.bytes > 0 && next !== null && next.state !== 'tombstone') {
			counters.add(next.namespace, 'bytes', call.bytes);
		}
		this.put(call.place, { ok: true, micros, answer });
	}

	private fail(group: Group<Item, Answer>, error: StoreError): void {
		for (const { place } of group.calls) this.put(place, { ok: false, error });
	}
}

function* heldOf<Change>(
	changes: readonly Change[],
	step: (changes: readonly Change[]) => Eventually<ReadonlyArray<boolean | StoreError>>,
): Work<ReadonlyArray<boolean | StoreError>> {
	const done = yield* tryAsk(() => step(changes));
	if (done.ok) return done.value;
	if (!(done.error instanceof RowRefused)) throw done.error;
	if (changes.length === 1) return [done.error];
	const held: Array<boolean | StoreError> = [];
	for (const change of changes) held.push(...(yield* heldOf([change], step)));
	return held;
}

/** Bytes of the result that a transition stored. What was kept of a request that waits for its run is no result. */
function bytesStored(before: Stored, { next }: Transition<unknown>): number {
	const result = resultOf(next);
	const isKept = result === resultOf(before) && next?.state === before?.state;
	return result === null || isKept ? 0 : result.length;
}

function resultOf(record: Stored): Uint8Array | null {
	if (record === null) return null;
	return record.state === 'completed' || record.state === 'failed' ? record.result : null;
}

function heldUp(): StoreError {
	return new StoreError(
		'busy',
		'The record of this key was changed by others, or held by a transaction, for longer than we wait.',
	);
}
