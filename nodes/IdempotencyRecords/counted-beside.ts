import type { StatsRow, Store } from '../../lib/core/store';
import { bucketsOf, dayOfBucket, partsOf } from '../../lib/guard/watch-buckets';

/** A request that "Observe Only" let through. */
export interface ObservedExample {
	readonly day: string;
	readonly namespace: string;
	readonly reason: string;
	/** `''` where it is not kept. */
	readonly key: string;
	readonly executionId: string;
	readonly at: string;
}

/** What came for a tenant on a day, by counter; `bytes` are those of results. */
export interface TenantCounts {
	readonly day: string;
	readonly namespace: string;
	readonly tenant: string;
	readonly counts: Readonly<Record<string, number>>;
}

export interface CountedBeside {
	readonly rows: readonly StatsRow[];
	readonly examples: readonly ObservedExample[];
	readonly tenants: readonly TenantCounts[];
}

/** What Guards counted beside the store's own counters. @throws StoreError */
export async function countedBeside(
	store: Store,
	fromMs: number,
	toMs: number,
): Promise<CountedBeside> {
	const kinds = (['day', 'example', 'tenant'] as const).map((kind) =>
		bucketsOf(kind, fromMs, toMs),
	);
	const reply = await store.tallied(kinds.flat());
	if (!reply.ok) throw reply.error;
	const rows: StatsRow[] = [];
	const examples: ObservedExample[] = [];
	const tenants = new Map<string, TenantCounts & { readonly counts: Record<string, number> }>();
	for (const { bucket, name, by } of reply.answer) {
		const parts = partsOf(name).map(String);
		const [namespace = '', second = '', third = '', fourth = '', fifth = ''] = parts;
		const day = dayOfBucket(bucket);
		if (bucket.startsWith('day-')) {
			const counter = second as StatsRow['counter'];
			rows.push({ day: day.replaceAll('-', ''), namespace, counter, value: by });
		} else if (bucket.startsWith('example-')) {
			const [reason, key, executionId, at] = [second, third, fourth, fifth];
			examples.push({ day, namespace, reason, key, executionId, at });
		} else {
			const id = JSON.stringify([day, namespace, second]);
			const known = tenants.get(id) ?? { day, namespace, tenant: second, counts: {} };
			tenants.set(id, known);
			known.counts[third] = (known.counts[third] ?? 0) + by;
		}
	}
	const byTime = (a: ObservedExample, b: ObservedExample) => (a.at < b.at ? -1 : 1);
	return { rows, examples: examples.sort(byTime), tenants: [...tenants.values()] };
}
