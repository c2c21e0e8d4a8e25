import type { Reply } from '../core/reply';

export interface JoinLimits<Item> {
	/** Calls are joined up to so many items and bytes. */
	readonly items: number;
	readonly bytes: number;
	readonly sizeOf: (item: Item) => number;
	/** Batches that are under way at once; what comes meanwhile is joined to the next. */
	readonly atOnce: number;
	/** So many that wait go at once, while more are made in the same breath: the server begins with them. All that are made, unless set. */
	readonly begins?: number;
}

/** Asks a batch; `put` may be called for each of its places before all are answered. Never rejects. */
export type AskBatch<Item, Answer> = (
	items: readonly Item[],
	put: (place: number, reply: Reply<Answer>) => void,
) => Promise<void>;

interface Call<Item, Answer> {
	readonly items: readonly Item[];
	readonly size: number;
	readonly resolve: (replies: Array<Reply<Answer>>) => void;
}

/**
 * Joins what this process asks within one turn of the loop into one batch: calls of concurrent executions share a round trip and a
 * commit. Their order stays, and each is answered as soon as its own items are.
 *
 * A call that comes while nothing is under way goes with those that are made in the same breath, and waits for nothing else.
 */
export class JoinedCalls<Item, Answer> {
	private waiting: Array<Call<Item, Answer>> = [];

	private waitingItems = 0;

	private underWay = 0;

	private isDue = false;

	constructor(
		private readonly ask: AskBatch<Item, Answer>,
		private readonly limits: JoinLimits<Item>,
	) {}

	async call(items: readonly Item[]): Promise<Array<Reply<Answer>>> {
		if (items.length === 0) return [];
		const { sizeOf } = this.limits;
		const size = items.reduce((sum, item) => sum + sizeOf(item), 0);
		return await new Promise((resolve) => {
			this.waiting.push({ items, size, resolve });
			this.waitingItems += items.length;
			if (this.waitingItems >= (this.limits.begins ?? Infinity)) this.go();
			else this.goSoon();
		});
	}

	private goSoon(): void {
		if (this.isDue || this.underWay >= this.limits.atOnce) return;
		this.isDue = true;
		const go = () => {
			this.isDue = false;
			this.go();
		};
		if (this.underWay === 0) queueMicrotask(go);
		else setImmediate(go);
	}

	private go(): void {
		while (this.waiting.length > 0 && this.underWay < this.limits.atOnce) {
			void this.goTogether(this.nextBatch());
		}
	}

	private nextBatch(): Array<Call<Item, Answer>> {
		let count = 0;
		let bytes = 0;
		const end = this.waiting.findIndex(({ items, size }, at) => {
			count += items.length;
			bytes += size;
			return at > 0 && (count > this.limits.items || bytes > this.limits.bytes);
		});
		const batch = this.waiting.splice(0, end === -1 ? this.waiting.length : end);
		for (const { items } of batch) this.waitingItems -= items.length;
		return batch;
	}

	private async goTogether(calls: ReadonlyArray<Call<Item, Answer>>): Promise<void> {
		this.underWay++;
		const parts = calls.map(({ items, resolve }) => new Part<Answer>(items.length, resolve));
		let left = parts.length;
		const put = (part: Part<Answer> | undefined, place: number, reply: Reply<Answer>) => {
			if (part?.put(place, reply) !== true) return;
			// Before it is told: whoever asks again at once finds nothing under way.
			if (--left === 0) this.ended();
			part.tell();
		};
		const [only] = calls;
		if (only !== undefined && calls.length === 1) {
			await this.ask(only.items, (place, reply) => put(parts[0], place, reply));
			return;
		}
		const places = calls.flatMap(({ items }, part) => items.map((_, at) => ({ part, at })));
		await this.ask(
			calls.flatMap(({ items }) => items),
			(place, reply) => {
				const { part = 0, at = 0 } = places[place] ?? {};
				put(parts[part], at, reply);
			},
		);
	}

	private ended(): void {
		this.underWay--;
		if (this.waiting.length > 0) this.goSoon();
	}
}

/** The replies to one call. */
class Part<Answer> {
	private readonly replies: Array<Reply<Answer>>;

	private left: number;

	constructor(
		count: number,
		private readonly resolve: (replies: Array<Reply<Answer>>) => void,
	) {
		this.replies = new Array<Reply<Answer>>(count);
		this.left = count;
	}

	/** Whether all are there by now. */
	put(place: number, reply: Reply<Answer>): boolean {
		if (this.replies[place] === undefined) this.left--;
		this.replies[place] = reply;
		return this.left === 0;
	}

	tell(): void {
		this.resolve(this.replies);
	}
}
