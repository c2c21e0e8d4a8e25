import { setImmediate as nextTurn } from 'node:timers/promises';

import { attemptAsync } from '../core/attempt';
import type { ListPage, ListQuery } from '../core/listing';
import { pageOf } from '../core/listing';
import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Stored,
} from '../core/record';
import type { Reply } from '../core/reply';
import { StoreError, replyAt } from '../core/reply';
import type {
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	Store,
	StoreKind,
	Tallied,
	TallyOrder,
} from '../core/store';
import { liveRecord } from '../core/transitions';
import { claimWithContents } from './claim-contents';
import { JoinedRequests } from './joined-requests';
import type { RowSteps, RowsBackend, Timed, Work } from './rows/backend';
import { type CallKind, endOfChunk, groupsOf } from './rows/groups';
import { CLAIMS, COMMANDS, OPERATIONS } from './rows/kinds';
import { portionOf } from './rows/portion';
import { type Put, Round } from './rows/round';
import type { Settlements } from './rows/settlements';

/** Batches that are under way at once over a network: each has a connection. */
const BATCHES_AT_ONCE = 2;

/** A store over rows: transitions.ts, on whatever keeps rows and can compare and swap them. */
export class RulesOverRows implements Store {
	readonly kind: StoreKind;

	private readonly joined: JoinedRequests;

	private isClosed = false;

	/** @param settlements who waits in this process for claims of the same rows */
	constructor(
		private readonly backend: RowsBackend,
		private readonly settlements: Settlements,
	) {
		this.kind = backend.kind;
		this.joined = new JoinedRequests({
			claims: async (items, put) => await this.answer(CLAIMS, items, put),
			commands: async (items, put) => await this.answer(COMMANDS, items, put),
			items: backend.limits.items,
			bytes: backend.limits.bytes,
			atOnce: backend.isLocking ? Infinity : BATCHES_AT_ONCE,
		});
	}

	async claim(requests: readonly ClaimRequest[]): Promise<Array<Reply<ClaimAnswer>>> {
		return await claimWithContents(
			requests,
			async (bare) => await this.joined.claim(bare),
			this.joined,
		);
	}

	async command(orders: readonly OwnerCommand[]): Promise<Array<Reply<OwnerAnswer>>> {
		const replies = await this.joined.command(orders);
		for (const [i, { type, identity }] of orders.entries()) {
			if (type === 'renew' || type === 'start' || type === 'deposit') continue;
			const reply = replyAt(replies, i);
			if (reply.ok && reply.answer.outcome === 'done') this.settlements.tell(identity);
		}
		return replies;
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		const replies: Array<Reply<OperatorAnswer>> = [];
		await this.answer(OPERATIONS, [order], (place, reply) => (replies[place] = reply));
		const reply = replyAt(replies, 0);
		if (reply.ok && reply.answer.outcome === 'done') this.settlements.tell(order.identity);
		return reply;
	}

	async get(identities: readonly string[]): Promise<Array<Reply<Stored>>> {
		const replies: Array<Reply<Stored>> = [];
		const { items } = this.backend.limits;
		for (let from = 0; from < identities.length; from += items) {
			if (from > 0) await nextTurn();
			const asked = identities.slice(from, from + items);
			const looked = await attemptAsync(async () => await this.backend.look(asked));
			if (!looked.ok) {
				const failure = this.failure(looked.error);
				return [...replies, ...identities.slice(from).map(() => failure)];
			}
			const { clock, rows } = looked.value;
			for (const row of rows) replies.push(replyOf(row, clock.micros));
		}
		return replies;
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		const end = this.settlements.listen(identities, listener);
		const endOthers = this.backend.onSettled?.(identities, listener);
		return () => {
			end();
			endOthers?.();
		};
	}

	async list(query: ListQuery): Promise<Reply<ListPage>> {
		return await pageOf(query, async (from, size) => {
			return await this.ask(async () => await portionOf(this.backend, query, from, size));
		});
	}

	async takeNotices(order: NoticesToTake): Promise<Reply<readonly string[]>> {
		return await this.ask(async () => await this.backend.takeNotices(order));
	}

	async keepNotices(order: NoticesToKeep): Promise<Reply<null>> {
		return await this.ask(async () => await this.backend.keepNotices(order));
	}

	async noteName(note: NameNote): Promise<Reply<null>> {
		return await this.ask(async () => await this.backend.noteName(note));
	}

	async names(namespaces: readonly string[]): Promise<Reply<ReadonlyMap<string, string>>> {
		return await this.ask(async () => await this.backend.names(namespaces));
	}

	async tally(order: TallyOrder): Promise<Reply<null>> {
		return await this.ask(async () => await this.backend.tally(order));
	}

	async tallied(buckets: readonly string[]): Promise<Reply<readonly Tallied[]>> {
		return await this.ask(async () => await this.backend.tallied(buckets));
	}

	async stats(): Promise<Reply<readonly StatsRow[]>> {
		return await this.ask(async () => await this.backend.stats());
	}

	async signingKey(): Promise<Reply<Buffer>> {
		return await this.ask(async () => await this.backend.signingKey());
	}

	async close(): Promise<void> {
		if (this.isClosed) return;
		this.isClosed = true;
		await this.backend.close();
	}

	/** Answers a batch. Under a lock nothing is answered before all of it is safe; else each item as soon as it is. */
	private async answer<Item extends { readonly identity: string }, Answer>(
		kind: CallKind<Item, Answer>,
		items: readonly Item[],
		tell: Put<Answer>,
	): Promise<void> {
		const { isLocking } = this.backend;
		const replies = new Array<Reply<Answer> | undefined>(items.length);
		const put: Put<Answer> = (place, reply) => {
			replies[place] = reply;
			if (!isLocking) tell(place, reply);
		};
		let from = 0;
		let failure: Failed | null = null;
		try {
			while (from < items.length) {
				if (from > 0) await nextTurn();
				from = await this.backend.run((steps) => this.chunks(kind, items, from, steps, put));
			}
		} catch (error) {
			failure = this.failure(error);
			// All that was written under the lock was undone.
			if (isLocking) replies.fill(undefined, from);
		}
		// What was written, but may not survive a power cut, counts as not answered.
		let unsafe: Failed | null = null;
		try {
			const saved = this.backend.saved();
			if (saved !== null) await saved;
		} catch (error) {
			unsafe = this.failure(error);
		}
		for (let place = 0; place < items.length; place++) {
			const reply = replies[place];
			if (unsafe !== null) tell(place, unsafe);
			else if (reply === undefined) tell(place, failure ?? replyAt([], 0));
			else if (isLocking) tell(place, reply);
		}
	}

	/** @returns where to go on */
	private *chunks<Item extends { readonly identity: string }, Answer>(
		kind: CallKind<Item, Answer>,
		items: readonly Item[],
		from: number,
		steps: RowSteps,
		put: Put<Answer>,
	): Work<number> {
		const round = new Round(kind, steps, put);
		const { limits, isLocking } = this.backend;
		let end = from;
		do {
			const begin = end;
			end = endOfChunk(items, begin, limits, kind);
			yield* round.answer(groupsOf(items, begin, end, !isLocking));
		} while (end < items.length && steps.goesOn());
		return end;
	}

	async ask<Answer>(ask: () => Promise<Timed<Answer>>): Promise<Reply<Answer>> {
		const asked = await attemptAsync(ask);
		return asked.ok ? { ok: true, ...asked.value } : this.failure(asked.error);
	}

	private failure(error: unknown): Failed {
		return { ok: false, error: this.backend.errorOf(error) };
	}
}

interface Failed {
	readonly ok: false;
	readonly error: StoreError;
}

function replyOf(row: StoreError | { stored: Stored } | null, micros: number): Reply<Stored> {
	if (row instanceof StoreError) return { ok: false, error: row };
	return { ok: true, micros, answer: liveRecord(row?.stored ?? null, Math.floor(micros / 1000)) };
}
