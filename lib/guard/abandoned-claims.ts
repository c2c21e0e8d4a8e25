import type { ListedRecord } from '../core/listing';
import { ALL_RECORDS } from '../core/listing';
import type { Reply } from '../core/reply';
import type { Store } from '../core/store';

/**
 * Tells each abandoned claim to a consumer: found by the index of open claims, taken by a notice in the store so that of several
 * processes one tells it, and noted there once it was told. Whoever took it and was killed told it to nobody, so it is taken
 * again after the hold: at least once, and seldom twice.
 */
export class AbandonedClaims {
	constructor(
		private readonly store: Store,
		private readonly consumer: string,
		private readonly options: AbandonedOptions,
	) {}

	/** Up to `limit` claims that the consumer was not told, held for it. */
	async take(limit: number): Promise<Reply<readonly ListedRecord[]>> {
		const taken: ListedRecord[] = [];
		let cursor: string | null = null;
		for (;;) {
			const reply = await this.store.list(this.query(cursor));
			if (!reply.ok) return reply;
			const nowMs = reply.micros / 1000;
			const ripe = reply.answer.records.filter((each) => this.isRipe(each, nowMs));
			// No more is taken than is told: what is held and not told would be late.
			while (ripe.length > 0 && taken.length < limit) {
				const some = ripe.splice(0, limit - taken.length);
				const notices = new Map(some.map((each) => [noticeOf(each), each]));
				const got = await this.store.takeNotices({
					...{ consumer: this.consumer, holdMs: this.options.holdMs },
					notices: [...notices.keys()],
				});
				if (!got.ok) return got;
				taken.push(...got.answer.flatMap((notice) => notices.get(notice) ?? []));
			}
			({ cursor } = reply.answer);
			if (cursor === null || taken.length >= limit) {
				return { ok: true, micros: reply.micros, answer: taken };
			}
		}
	}

	/** One that is there, told or not; null where there is none. */
	async peek(): Promise<Reply<ListedRecord | null>> {
		let cursor: string | null = null;
		for (;;) {
			const reply = await this.store.list(this.query(cursor));
			if (!reply.ok) return reply;
			const found = reply.answer.records.find((each) => this.isRipe(each, reply.micros / 1000));
			({ cursor } = reply.answer);
			if (found !== undefined || cursor === null) return { ...reply, answer: found ?? null };
		}
	}

	/** They were told: not again while the record is there, unless the key is granted and abandoned again. */
	async told(claims: readonly ListedRecord[]): Promise<Reply<null>> {
		return await this.keep(claims, ({ record }) => record.expiresAt);
	}

	/** They are told again, but not within the next `ms`. */
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

	private query(cursor: string | null) {
		const { namespace } = this.options;
		return {
			...{ ...ALL_RECORDS, pageSize: 500, namespace, cursor },
			states: ['lapsed', 'unknown'] as const,
		};
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
	/** How long what is taken is left to who took it. */
	readonly holdMs: number;
}

/** One for each grant of a key: the fence tells them apart. */
function noticeOf({ identity, record }: ListedRecord): string {
	return `${identity}:${record.fence}`;
}
