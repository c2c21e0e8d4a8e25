import type { Counter, Store, Tallied } from '../core/store';
import { OBSERVED } from '../core/store';
import { bucketOf, nameOf } from './watch-buckets';

/** How long what was counted may be in this process alone. */
const FLUSH_EVERY_MS = 5_000;
/** As long as the counters of claims are kept by every store. */
const DAY_KEPT_MS = 90 * 24 * 3_600_000;
const MINUTE_KEPT_MS = 25 * 3_600_000;

/** More of a kind in a day are counted, and not shown. */
const MOST_EXAMPLES = 5;
/** More are counted together, as `OTHERS`. */
const MOST_TENANTS = 200;
const MOST_KNOWN = 10_000;
export const OTHERS = 'others';

/** An answer to a request, as far as it is counted beside the store's own counters. */
export interface Watched {
	readonly namespace: string;
	readonly counter: Counter;
	/** The store does not count it by itself. */
	readonly isUncounted: boolean;
	/** `''` where there are none. */
	readonly tenant: string;
	/** As people know it; `''` where it may not be kept. */
	readonly key: string;
	readonly executionId: string;
	/** ms */
	readonly now: number;
	/** How many; one where it is not said. */
	readonly by?: number;
}

/**
 * Counts by the minute and by tenant, and keeps examples of what would have been blocked: in this process first, and every few seconds in the
 * store, so that no claim waits for it. What a process has counted since is lost when it is killed.
 */
export class WatchCounts {
	private counts = new Map<string, { keepMs: number; by: number; bucket: string; name: string }>();

	/** Of today: kinds by how many examples they have, and tenants by namespace. */
	private known = new Map<string, number>();

	private today = '';

	private timer: NodeJS.Timeout | undefined;

	constructor(private readonly store: Pick<Store, 'tally'>) {}

	note(watched: Watched): void {
		const { namespace, counter, now, isUncounted, by = 1 } = watched;
		const inMinute = nameOf(namespace, minuteOf(now), counter);
		this.add(bucketOf('minute', now), inMinute, MINUTE_KEPT_MS, by);
		if (isUncounted) this.add(bucketOf('day', now), nameOf(namespace, counter), DAY_KEPT_MS, by);
		this.noteTenant(watched);
		if (counter.startsWith(OBSERVED)) this.noteExample(watched);
	}

	/** Writes what was counted. What can't be written is lost: no run fails for it. */
	async flush(): Promise<void> {
		clearTimeout(this.timer);
		this.timer = undefined;
		const counts = [...this.counts.values()];
		this.counts = new Map();
		await Promise.all(
			[MINUTE_KEPT_MS, DAY_KEPT_MS].map(async (keepMs) => {
				const some = counts.filter((each) => each.keepMs === keepMs);
				const order = some.map(({ bucket, name, by }): Tallied => ({ bucket, name, by }));
				if (order.length > 0) await this.store.tally({ counts: order, keepMs });
			}),
		);
	}

	private noteTenant({ namespace, tenant, counter, now }: Watched): void {
		if (tenant === '') return;
		const name = nameOf(namespace, this.tenantOf(namespace, tenant, now), counter);
		this.add(bucketOf('tenant', now), name, DAY_KEPT_MS);
	}

	private tenantOf(namespace: string, tenant: string, now: number): string {
		return this.isOneOf(nameOf('tenant', namespace), tenant, MOST_TENANTS, now) ? tenant : OTHERS;
	}

	private noteExample({ namespace, counter, key, executionId, now }: Watched): void {
		const reason = counter.slice(OBSERVED.length);
		const at = new Date(now).toISOString();
		const example = nameOf(namespace, reason, key, executionId, at);
		if (!this.isOneOf(nameOf('example', namespace, reason), example, MOST_EXAMPLES, now)) return;
		this.add(bucketOf('example', now), example, DAY_KEPT_MS);
	}

	/** Whether a member is among the first of a group today. */
	private isOneOf(group: string, member: string, most: number, now: number): boolean {
		const today = bucketOf('day', now);
		if (today !== this.today || this.known.size > MOST_KNOWN) this.known = new Map();
		this.today = today;
		const id = `${group} ${member}`;
		if (this.known.has(id)) return true;
		const count = this.known.get(group) ?? 0;
		if (count >= most) return false;
		this.known.set(group, count + 1).set(id, 1);
		return true;
	}

	private add(bucket: string, name: string, keepMs: number, by = 1): void {
		const id = `${bucket} ${name}`;
		const known = this.counts.get(id);
		if (known === undefined) this.counts.set(id, { keepMs, by, bucket, name });
		else known.by += by;
		this.timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
	}
}

const minuteOf = (ms: number): number => Math.floor(ms / 60_000);

const byStore = new WeakMap<object, WatchCounts>();

export function countsIn(store: Store): WatchCounts {
	let counts = byStore.get(store);
	if (counts === undefined) {
		counts = new WatchCounts(store);
		byStore.set(store, counts);
	}
	return counts;
}
