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
import type { Reply, StoreError, StoreProblem } from '../core/reply';
import type {
	ClaimOptions,
	NoticesToKeep,
	NoticesToTake,
	StatsRow,
	Store,
	StoreKind,
} from '../core/store';

/** What to do about a problem, in the words of the store that has it. */
export type AdviceFor = (problem: StoreProblem) => string;

/** Stands in front of a store: each failure that leaves it says what to do. */
export class CheckedStore implements Store {
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
		return this.allAdvised(await this.inner.claim(requests, options));
	}

	async command(orders: readonly OwnerCommand[]): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
		return this.allAdvised(await this.inner.command(orders));
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		return this.advised(await this.inner.operate(order));
	}

	async get(
		identities: readonly string[],
	): Promise<ReadonlyArray<Reply<ClaimRecord | Tombstone | null>>> {
		return this.allAdvised(await this.inner.get(identities));
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		return this.inner.onSettled(identities, listener);
	}

	async list(query: ListQuery): Promise<Reply<ListPage>> {
		return this.advised(await this.inner.list(query));
	}

	async takeNotices(order: NoticesToTake): Promise<Reply<readonly string[]>> {
		return this.advised(await this.inner.takeNotices(order));
	}

	async keepNotices(order: NoticesToKeep): Promise<Reply<null>> {
		return this.advised(await this.inner.keepNotices(order));
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

	private allAdvised<Answer>(replies: ReadonlyArray<Reply<Answer>>): ReadonlyArray<Reply<Answer>> {
		for (const reply of replies) this.advised(reply);
		return replies;
	}
}

/** The error itself, with what to do about it where it did not say so. */
export function withAdvice(error: StoreError, adviceFor: AdviceFor): StoreError {
	if (error.advice === '') error.advice = adviceFor(error.problem);
	return error;
}
