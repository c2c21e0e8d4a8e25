/** Where what is counted beside the store's own counters is kept: a bucket a day, and for the minutes one an hour. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export type WatchKind = 'minute' | 'day' | 'tenant' | 'example';

/** The bucket of a time in ms. */
export function bucketOf(kind: WatchKind, ms: number): string {
	const digits = new Date(ms).toISOString().slice(0, 13).replace(/[-T]/g, '');
	return `${kind}-${kind === 'minute' ? digits : digits.slice(0, 8)}`;
}

/** Those that hold anything from one time to another. */
export function bucketsOf(kind: WatchKind, fromMs: number, toMs: number): string[] {
	const step = kind === 'minute' ? HOUR : DAY;
	const buckets: string[] = [];
	for (let at = fromMs - (fromMs % step); at <= toMs; at += step) buckets.push(bucketOf(kind, at));
	return buckets;
}

/** The day of a bucket, `yyyy-mm-dd`. */
export function dayOfBucket(bucket: string): string {
	const day = bucket.slice(bucket.indexOf('-') + 1);
	return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;
}

/** The name of a counter. Its parts are read by `partsOf`. */
export function nameOf(...parts: ReadonlyArray<string | number>): string {
	return JSON.stringify(parts);
}

/** Empty where it is none of ours. */
export function partsOf(name: string): Array<string | number> {
	try {
		const parts: unknown = JSON.parse(name);
		return Array.isArray(parts) ? (parts as Array<string | number>) : [];
	} catch {
		return [];
	}
}
