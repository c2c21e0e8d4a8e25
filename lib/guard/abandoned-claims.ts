import { allRecords } from '../core/all-records';
import type { ListPage, ListedRecord } from '../core/listing';
import type { Reply } from '../core/reply';
import type { Store } from '../core/store';

/**
 * Tells a consumer of each abandoned claim, at least once and seldom twice. Claims are found by the index of open claims. A notice in
 * the store makes sure that only one of several processes tells of a claim, and remembers that it was told. A process that is
 * killed before it told anybody holds the notice for a while; after that another takes it.
 */
export class AbandonedClaims {
	constructor(
		private readonly store: Store,
		private readonly consumer: string,
		private readonly options: AbandonedOptions,
	) {}

	/** Takes up to `limit` claims that the consumer was not told of, and holds them for it. */
	async take(limit: number): Promise<Reply<readonly ListedRecord[]>> {
		const taken: ListedRecord[] = [];
		let micros = 0;
		for await (const page of this.pages()) {
			if (!page.ok) return page;
			({ micros } = page);
			const ripe = page.answer.records.filter((each) => this.isRipe(each, micros / 1000));
			// Take no more than can be told: what is held and not told would be late.
			while (ripe.length > 0 && taken.length < limit) {
				const some = ripe.splice(0, limit - taken.length);
				const notices = new Map(some.map((each) => [noticeOf(each), each]));
				const got = await this.store.takeNotices({
					consumer: this.consumer,
					notices: [...notices.keys()],
					holdMs: this.options.holdMs,
				});
				if (!got.ok) return got;
				taken.push(...got.answer.flatMap((notice) => notices.get(notice) ?? []));
			}
			if (taken.length >= limit) break;
		}
		return { ok: true, micros, answer: taken };
	}

	/** Any abandoned claim, told or not; null where there is none. */
	async peek(): Promise<Reply<ListedRecord | null>> {
		let micros = 0;
		for await (const page of this.pages()) {
			if (!page.ok) return page;
			({ micros } = page);
			const found = page.answer.records.find((each) => this.isRipe(each, micros / 1000));
			if (found !== undefined) return { ok: true, micros, answer: found };
		}
		return { ok: true, micros, answer: null };
	}

	/** Notes that these were told. They are not told again unless the key is granted and abandoned once more. */
	async told(claims: readonly ListedRecord[]): Promise<Reply<null>> {
		return await this.keep(claims, ({ record }) => record.expiresAt);
	}

	/** Lets these be told again, but not within the next `ms`. */
	async again(claims: readonly ListedRecord[], ms: number): Promise<Reply<null>> {
		const asked = await this.ask();
		if (!asked.ok) return asked;
		return await this.keep(claims, () => asked.micros / 1000 + ms);
	}

	/** Whether the store can be used. */
	async ask(): Promise<Reply<null>> {
		const { consumer } = this;
		const asked = await this.store.takeNotices({ consumer, notices: [], holdMs: 1 });
		return asked.ok ? { ...asked, answer: null } : asked;
	}

	private async keep(
		claims: readonly ListedRecord[],
		untilOf: (claim: ListedRecord) => number,
	): Promise<Reply<null>> {
		const notices = claims.map((claim) => ({ notice: noticeOf(claim), until: untilOf(claim) }));
		return await this.store.keepNotices({ consumer: this.consumer, notices });
	}

	private pages(): AsyncIterable<Reply<ListPage>> {
		const { namespace } = this.options;
		return allRecords(this.store, { states: ['lapsed', 'unknown'], namespace });
	}

	/** A run that was held up may renew its lease a moment after it is over. */
	private isRipe({ state, record }: ListedRecord, nowMs: number): boolean {
		return state === 'unknown' || record.leaseUntil <= nowMs - this.options.graceMs;
	}
}

export interface AbandonedOptions {
	/** Only claims of this namespace; null for all. */
	readonly namespace: string | null;
	/** How long a lease must be over. */
	readonly graceMs: number;
	/** How long what was taken stays with whoever took it. */
	readonly holdMs: number;
}

/** One for each grant of a key: the fence tells them apart. */
function noticeOf({ identity, record }: ListedRecord): string {
	return `${identity}:${record.fence}`;
}
