import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type {
	ClaimAnswer,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Stored,
} from '../../core/record';
import type { ListPage, ListQuery } from '../../core/listing';
import { pageOf } from '../../core/listing';
import type { NoticesToKeep, NoticesToTake, StatsRow, Store } from '../../core/store';
import type { Reply } from '../../core/reply';
import { StoreError } from '../../core/reply';
import { liveRecord } from '../../core/transitions';
import { attempt } from '../../core/attempt';
import type { Connection } from './connection';
import { closedError, isBusy, isRefusedValue, storeErrorOf } from './errors';
import { portionOf } from './list';
import { type Settlements, settlementsOf } from './settlements';
import type { Tables } from './tables';
import type { WriteTransaction } from './write-transaction';

/** One transaction, and one turn on n8n's thread, ends after so many items or so long. */
const MOST_ITEMS = 4_000;
const LONGEST_TURN_MS = 20;

/** Waits between tries while another process holds the file, the last one again and again. */
const BUSY_WAITS_MS = [1, 2, 5, 10, 20, 40] as const;

/** The store in one SQLite file: transitions.ts, each step inside a transaction that holds the file's write lock. */
export class EmbeddedStore implements Store {
	readonly kind = 'embedded';

	private readonly settlements: Settlements;

	private closing: Promise<void> | null = null;

	/** @param busyRetryMs how long a file that another process holds is tried again */
	constructor(
		private readonly connection: Connection,
		private readonly busyRetryMs: number,
	) {
		this.settlements = settlementsOf(connection.file);
	}

	async claim(requests: readonly ClaimRequest[]): Promise<Array<Reply<ClaimAnswer>>> {
		return await this.write(requests, (request, transaction) => transaction.claim(request));
	}

	async command(orders: readonly OwnerCommand[]): Promise<Array<Reply<OwnerAnswer>>> {
		const replies = await this.write(orders, (order, transaction) => transaction.command(order));
		for (const [i, { type, identity }] of orders.entries()) {
			const reply = replies[i];
			if (type === 'renew' || type === 'start' || type === 'deposit') continue;
			if (reply?.ok && reply.answer.outcome === 'done') this.settlements.tell(identity);
		}
		return replies;
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		const reply = only(await this.write([order], (one, transaction) => transaction.operate(one)));
		if (reply.ok && reply.answer.outcome === 'done') this.settlements.tell(order.identity);
		return reply;
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		return this.settlements.listen(identities, listener);
	}

	async get(identities: readonly string[]): Promise<Array<Reply<Stored>>> {
		return await this.inTurns(identities, (rest) => {
			const { answer: found, micros } = this.connection.read((tables) =>
				eachInTime(rest, (identity) => orFailedItem(() => tables.find(identity)?.stored ?? null)),
			);
			return found.map((stored) =>
				stored instanceof StoreError
					? { ok: false, error: stored }
					: { ok: true, micros, answer: liveRecord(stored, Math.floor(micros / 1000)) },
			);
		});
	}

	async list(query: ListQuery): Promise<Reply<ListPage>> {
		return await pageOf(query, async (from, size) => {
			return await this.read((tables, nowMs) => portionOf(tables, query, from, size, nowMs));
		});
	}

	async takeNotices(order: NoticesToTake): Promise<Reply<readonly string[]>> {
		return only(await this.write([order], (one, transaction) => transaction.takeNotices(one)));
	}

	async keepNotices(order: NoticesToKeep): Promise<Reply<null>> {
		return only(await this.write([order], (one, transaction) => transaction.keepNotices(one)));
	}

	async stats(): Promise<Reply<StatsRow[]>> {
		return await this.read((tables) => tables.stats());
	}

	async signingKey(): Promise<Reply<Buffer>> {
		return await this.read((tables) => tables.signingKey());
	}

	async close(): Promise<void> {
		this.closing ??= this.connection.close();
		await this.closing;
	}

	private async read<Answer>(
		work: (tables: Tables, nowMs: number) => Answer,
	): Promise<Reply<Answer>> {
		return only(
			await this.inTurns([work], () => {
				const { answer, micros } = this.connection.read(work);
				return [{ ok: true, micros, answer }];
			}),
		);
	}

	private async write<Item, Answer>(
		items: readonly Item[],
		step: (item: Item, transaction: WriteTransaction) => Answer,
	): Promise<Array<Reply<Answer>>> {
		let written = 0;
		const replies = await this.inTurns(items, (rest) => {
			const done = this.connection.write((transaction) =>
				eachInTime(rest, (item): Reply<Answer> => {
					const answer = orFailedItem(() => step(item, transaction));
					if (answer instanceof StoreError) return { ok: false, error: answer };
					return { ok: true, micros: transaction.clock.micros, answer };
				}),
			);
			written += done.written;
			return done.answer;
		});
		return written === 0 ? replies : await this.afterSync(replies);
	}

	/** Answers only what would survive a power cut: a claim that is lost after all would be granted again. */
	private async afterSync<Answer>(replies: Array<Reply<Answer>>): Promise<Array<Reply<Answer>>> {
		try {
			await this.connection.log.sync();
			return replies;
		} catch (error) {
			return replies.map(() => this.failure(error));
		}
	}

	/** Answers a batch in several turns, so that n8n's thread is free between them. `turn` answers one item or more. */
	private async inTurns<Item, Answer>(
		items: readonly Item[],
		turn: (rest: readonly Item[]) => Array<Reply<Answer>>,
	): Promise<Array<Reply<Answer>>> {
		const replies: Array<Reply<Answer>> = [];
		try {
			while (replies.length < items.length) {
				if (replies.length > 0) await nextTurn();
				const rest = items.slice(replies.length, replies.length + MOST_ITEMS);
				replies.push(...(await this.whileBusy(() => turn(rest))));
			}
		} catch (error) {
			const failure = this.failure(error);
			while (replies.length < items.length) replies.push(failure);
		}
		return replies;
	}

	private async whileBusy<T>(work: () => T): Promise<T> {
		const giveUpAt = performance.now() + this.busyRetryMs;
		for (let tries = 0; ; tries++) {
			if (this.closing !== null) throw closedError(this.connection.file);
			const tried = attempt(work);
			if (tried.ok) return tried.value;
			if (!isBusy(tried.error) || performance.now() >= giveUpAt) throw tried.error;
			await sleep(BUSY_WAITS_MS[tries] ?? BUSY_WAITS_MS.at(-1));
		}
	}

	private failure(error: unknown): { ok: false; error: StoreError } {
		return { ok: false, error: storeErrorOf(error, this.connection.file) };
	}
}

/** As many of the items as fit in one turn, at least one. */
function eachInTime<Item, Answer>(items: readonly Item[], step: (item: Item) => Answer): Answer[] {
	const end = performance.now() + LONGEST_TURN_MS;
	const answers: Answer[] = [];
	for (const item of items) {
		answers.push(step(item));
		if (performance.now() >= end) break;
	}
	return answers;
}

/** A record that can't be read, or written, fails its own item; all else fails the transaction. */
function orFailedItem<Answer>(step: () => Answer): Answer | StoreError {
	const done = attempt(step);
	if (done.ok) return done.value;
	if (done.error instanceof StoreError) return done.error;
	if (!isRefusedValue(done.error)) throw done.error;
	return new StoreError('unexpected', 'The record holds a value that can not be stored.', {
		cause: done.error,
	});
}

function only<Answer>(replies: Array<Reply<Answer>>): Reply<Answer> {
	const [reply] = replies;
	if (reply === undefined) throw new Error('one item has one reply');
	return reply;
}
