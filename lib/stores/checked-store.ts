import { attempt } from '../core/attempt';
import { identityProblem } from '../core/limits';
import type { ListPage, ListQuery } from '../core/listing';
import type {
	ClaimAnswer,
	ClaimRecord,
	ClaimRequest,
	OperatorAnswer,
	OperatorCommand,
	OwnerAnswer,
	OwnerCommand,
	Tombstone,
} from '../core/record';
import type { Reply, StoreProblem } from '../core/reply';
import { StoreError, replyAt } from '../core/reply';
import type {
	ClaimOptions,
	NameNote,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	Store,
	StoreKind,
	Tallied,
	TallyOrder,
} from '../core/store';
import {
	checkedKeep,
	checkedName,
	checkedNamespaces,
	checkedBuckets,
	checkedQuery,
	checkedTally,
	checkedTake,
} from './check-reading';
import { RequestChecks, RequestProblem, checkedOperation, refuseFor } from './check-requests';

/** What to do about a problem, in the words of the store that has it. */
export type AdviceFor = (problem: StoreProblem) => string;

/**
 * Stands in front of a store. What is asked is checked before the store is touched, by one rule for all stores: an item that can't be
 * kept as it is meant fails alone, as `configuration`. What is answered is what is kept. Each failure that leaves says what to do.
 */
export class CheckedStore implements Store {
	private readonly checks = new RequestChecks();

	constructor(
		private readonly inner: Store,
		private readonly adviceFor: AdviceFor,
	) {}

	get kind(): StoreKind {
		return this.inner.kind;
	}

	async claim(
		requests: readonly ClaimRequest[],
		options?: ClaimOptions,
	): Promise<ReadonlyArray<Reply<ClaimAnswer>>> {
		return await this.each(
			requests,
			(request) => this.checks.claim(request),
			async (accepted) => await this.inner.claim(accepted, options),
		);
	}

	async command(orders: readonly OwnerCommand[]): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
		return await this.each(
			orders,
			(order) => this.checks.command(order),
			async (accepted) => await this.inner.command(accepted),
		);
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		return await this.one(order, checkedOperation, async (one) => await this.inner.operate(one));
	}

	async get(
		identities: readonly string[],
	): Promise<ReadonlyArray<Reply<ClaimRecord | Tombstone | null>>> {
		return await this.each(
			identities,
			checkedIdentity,
			async (accepted) => await this.inner.get(accepted),
		);
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		return this.inner.onSettled(identities, listener);
	}

	async list(query: ListQuery): Promise<Reply<ListPage>> {
		return await this.one(query, checkedQuery, async (one) => await this.inner.list(one));
	}

	async takeNotices(order: NoticesToTake): Promise<Reply<readonly string[]>> {
		return await this.one(order, checkedTake, async (one) => await this.inner.takeNotices(one));
	}

	async keepNotices(order: NoticesToKeep): Promise<Reply<null>> {
		return await this.one(order, checkedKeep, async (one) => await this.inner.keepNotices(one));
	}

	async noteName(note: NameNote): Promise<Reply<null>> {
		return await this.one(note, checkedName, async (one) => await this.inner.noteName(one));
	}

	async names(namespaces: readonly string[]): Promise<Reply<ReadonlyMap<string, string>>> {
		return await this.one(
			namespaces,
			checkedNamespaces,
			async (those) => await this.inner.names(those),
		);
	}

	async tally(order: TallyOrder): Promise<Reply<null>> {
		return await this.one(order, checkedTally, async (one) => await this.inner.tally(one));
	}

	async tallied(buckets: readonly string[]): Promise<Reply<readonly Tallied[]>> {
		return await this.one(
			buckets,
			checkedBuckets,
			async (those) => await this.inner.tallied(those),
		);
	}

	async stats(): Promise<Reply<readonly StatsRow[]>> {
		return this.advised(await this.inner.stats());
	}

	async signingKey(): Promise<Reply<Buffer>> {
		return this.advised(await this.inner.signingKey());
	}

	async close(): Promise<void> {
		await this.inner.close();
	}

	protected advised<Answer>(reply: Reply<Answer>): Reply<Answer> {
		if (!reply.ok) withAdvice(reply.error, this.adviceFor);
		return reply;
	}

	private async one<Item, Answer>(
		item: Item,
		check: (item: Item) => Item,
		ask: (item: Item) => Promise<Reply<Answer>>,
	): Promise<Reply<Answer>> {
		const checked = attempt(() => check(item));
		if (checked.ok) return this.advised(await ask(checked.value));
		return this.advised({ ok: false, error: refusalOf(checked.error) });
	}

	/** Asks for the items that may be asked, and puts the answers into the batch's order. */
	private async each<Item, Answer>(
		items: readonly Item[],
		check: (item: Item) => Item,
		ask: (items: readonly Item[]) => Promise<ReadonlyArray<Reply<Answer>>>,
	): Promise<ReadonlyArray<Reply<Answer>>> {
		const accepted: Item[] = [];
		const refused = new Map<number, StoreError>();
		for (let place = 0; place < items.length; place++) {
			try {
				accepted.push(check(items[place] as Item));
			} catch (error) {
				refused.set(place, refusalOf(error));
			}
		}
		const replies = accepted.length === 0 ? [] : await ask(accepted);
		if (refused.size === 0) return this.allAdvised(replies);
		let next = 0;
		return this.allAdvised(
			items.map((_, place) => {
				const error = refused.get(place);
				return error === undefined ? replyAt(replies, next++) : { ok: false, error };
			}),
		);
	}

	private allAdvised<Answer>(replies: ReadonlyArray<Reply<Answer>>): ReadonlyArray<Reply<Answer>> {
		for (const reply of replies) this.advised(reply);
		return replies;
	}
}

function checkedIdentity(identity: string): string {
	refuseFor(identityProblem('identity', identity));
	return identity;
}

/** No method rejects: not even for a value of another type than is asked for. */
function refusalOf(error: unknown): StoreError {
	if (error instanceof RequestProblem) return new StoreError('configuration', error.message);
	return new StoreError('unexpected', 'The request could not be read.', { cause: error });
}

/** The error itself, with what to do about it where it did not say so. */
export function withAdvice(error: StoreError, adviceFor: AdviceFor): StoreError {
	if (error.advice === '') error.advice = adviceFor(error.problem);
	return error;
}
