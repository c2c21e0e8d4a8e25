import { attemptAsync } from '../core/attempt';
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
import type { Reply } from '../core/reply';
import { StoreError } from '../core/reply';
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

export interface Idling {
	/** It is closed when nobody has used it for so long, in ms. */
	readonly idleMs: number;
	/** Called then. */
	readonly onIdle: () => void;
}

/**
 * A store that many share: it opens when it is asked, closes when nobody has asked for a while, and opens again with the next call. Its
 * timer keeps no process alive, so that what a reloaded package leaves behind closes by itself.
 */
export class IdleStore<Inner extends Store> implements Store {
	private inner: Inner | undefined;

	private opening: Promise<Inner> | undefined;

	/** Calls under way, and listeners. */
	private users = 0;

	private lastUsed = 0;

	private timer: NodeJS.Timeout | undefined;

	private isClosed = false;

	constructor(
		readonly kind: StoreKind,
		private readonly open: () => Inner | Promise<Inner>,
		private readonly idling: Idling,
	) {}

	/** Opens it where it is not open. @throws StoreError */
	async begin(): Promise<void> {
		await this.using(async () => await Promise.resolve());
	}

	async claim(
		requests: readonly ClaimRequest[],
		options?: ClaimOptions,
	): Promise<ReadonlyArray<Reply<ClaimAnswer>>> {
		return await this.each(requests, async (store) => await store.claim(requests, options));
	}

	async command(orders: readonly OwnerCommand[]): Promise<ReadonlyArray<Reply<OwnerAnswer>>> {
		return await this.each(orders, async (store) => await store.command(orders));
	}

	async get(
		identities: readonly string[],
	): Promise<ReadonlyArray<Reply<ClaimRecord | Tombstone | null>>> {
		return await this.each(identities, async (store) => await store.get(identities));
	}

	async operate(order: OperatorCommand): Promise<Reply<OperatorAnswer>> {
		return await this.ask(async (store) => await store.operate(order));
	}

	async list(query: ListQuery): Promise<Reply<ListPage>> {
		return await this.ask(async (store) => await store.list(query));
	}

	async takeNotices(order: NoticesToTake): Promise<Reply<readonly string[]>> {
		return await this.ask(async (store) => await store.takeNotices(order));
	}

	async keepNotices(order: NoticesToKeep): Promise<Reply<null>> {
		return await this.ask(async (store) => await store.keepNotices(order));
	}

	async noteName(note: NameNote): Promise<Reply<null>> {
		return await this.ask(async (store) => await store.noteName(note));
	}

	async names(namespaces: readonly string[]): Promise<Reply<ReadonlyMap<string, string>>> {
		return await this.ask(async (store) => await store.names(namespaces));
	}

	async tally(order: TallyOrder): Promise<Reply<null>> {
		return await this.ask(async (store) => await store.tally(order));
	}

	async tallied(buckets: readonly string[]): Promise<Reply<readonly Tallied[]>> {
		return await this.ask(async (store) => await store.tallied(buckets));
	}

	async stats(): Promise<Reply<readonly StatsRow[]>> {
		return await this.ask(async (store) => await store.stats());
	}

	async signingKey(): Promise<Reply<Buffer>> {
		return await this.ask(async (store) => await store.signingKey());
	}

	protected async ask<Answer>(
		work: (store: Inner) => Promise<Reply<Answer>>,
	): Promise<Reply<Answer>> {
		const asked = await attemptAsync(async () => await this.using(work));
		return asked.ok ? asked.value : failure(asked.error);
	}

	onSettled(identities: readonly string[], listener: () => void): () => void {
		this.users++;
		let isOver = false;
		let end: (() => void) | undefined;
		const listen = (store: Inner) => {
			if (!isOver) end = store.onSettled(identities, listener);
		};
		if (this.inner !== undefined) listen(this.inner);
		else this.opened().then(listen, () => undefined);
		return () => {
			if (isOver) return;
			isOver = true;
			end?.();
			this.leave();
		};
	}

	async close(): Promise<void> {
		this.isClosed = true;
		await this.rest();
	}

	private async each<Item, Answer>(
		items: readonly Item[],
		work: (store: Inner) => Promise<ReadonlyArray<Reply<Answer>>>,
	): Promise<ReadonlyArray<Reply<Answer>>> {
		const asked = await attemptAsync(async () => await this.using(work));
		if (asked.ok) return asked.value;
		const failed = failure(asked.error);
		return items.map(() => failed);
	}

	private async using<T>(work: (store: Inner) => Promise<T>): Promise<T> {
		this.users++;
		try {
			return await work(this.inner ?? (await this.opened()));
		} finally {
			this.leave();
		}
	}

	/** Whoever comes while it opens waits for the same attempt; what fails is tried again by the next. */
	private async opened(): Promise<Inner> {
		if (this.isClosed) throw new StoreError('unreachable', 'This store was closed.');
		if (this.inner !== undefined) return this.inner;
		this.opening ??= attemptAsync(async () => await this.open()).then(async (opened) => {
			this.opening = undefined;
			if (!opened.ok) throw opened.error;
			this.inner = opened.value;
			if (this.isClosed) await this.rest();
			return opened.value;
		});
		return await this.opening;
	}

	private leave(): void {
		this.users--;
		this.lastUsed = performance.now();
		if (this.users === 0 && this.inner !== undefined) this.timer ??= this.restLater();
	}

	private restLater(inMs = this.idling.idleMs): NodeJS.Timeout {
		return setTimeout(() => {
			this.timer = undefined;
			if (this.users > 0) return;
			const left = this.lastUsed + this.idling.idleMs - performance.now();
			if (left > 0) {
				this.timer = this.restLater(left);
				return;
			}
			void this.rest();
			this.idling.onIdle();
		}, inMs).unref();
	}

	private async rest(): Promise<void> {
		clearTimeout(this.timer);
		this.timer = undefined;
		const { inner } = this;
		this.inner = undefined;
		await inner?.close();
	}
}

function failure(error: unknown): { readonly ok: false; readonly error: StoreError } {
	if (error instanceof StoreError) return { ok: false, error };
	return {
		ok: false,
		error: new StoreError('unexpected', 'The store could not be opened.', { cause: error }),
	};
}
