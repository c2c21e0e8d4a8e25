/** Key names, and how a batch is cut into script calls. */

export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, i) =>
	i.toString(16).padStart(2, '0'),
);

/** A script holds Redis for as long as it runs: at most so many items a call. */
export const MAX_ITEMS = 500;
const MAX_BYTES = 4 << 20;

/** A record's shard is its identity's first byte: all keys of a shard live in one slot of a cluster. */
export function shardOf(identity: string): string {
	return identity.slice(0, 2);
}

export class Keys {
	readonly signingKey: string;

	/** The secrets that records may be of. */
	readonly secrets: string;

	constructor(private readonly prefix: string) {
		this.signingKey = `${prefix}:{meta}:key`;
		this.secrets = `${prefix}:{meta}:secrets`;
	}

	record(identity: string): string {
		return `${this.prefix}:{${shardOf(identity)}}:${identity}`;
	}

	/** Open claims by the end of their lease (ms), parked ones by the time of parking. */
	open(shard: string): string {
		return `${this.prefix}:{${shard}}:open`;
	}

	/** Counters `<yyyymmdd>|<namespace>|<counter>`, and `epoch`: when the shard began (ms). */
	stats(shard: string): string {
		return `${this.prefix}:{${shard}}:stats`;
	}

	/** The grants that count against a budget, see window.lua. */
	budget(identity: string): string {
		return `${this.prefix}:{${shardOf(identity)}}:budget:${identity}`;
	}

	/** What a consumer was told, by the time until which it is not told again (ms). */
	notices(consumer: string): string {
		return `${this.prefix}:{meta}:told:${consumer}`;
	}

	/** What people call a namespace: a hash of the field `name`. */
	name(namespace: string): string {
		return `${this.prefix}:{meta}:name:${namespace}`;
	}

	/** Counters of a bucket, by name. */
	tally(bucket: string): string {
		return `${this.prefix}:{meta}:tally:${bucket}`;
	}

	/** Fits the names of all records, and a few others: `recordIn` tells. */
	get recordPattern(): string {
		return `${this.prefix}:{??}:${'?'.repeat(64)}`;
	}

	/** The identity in a key's name; null where it is not a record's. */
	recordIn(key: string): string | null {
		const identity = this.identityOf(key);
		return /^[0-9a-f]{64}$/.test(identity) && key === this.record(identity) ? identity : null;
	}

	/** The channel on which the identities of claims that ended are told. */
	settled(shard: string): string {
		return `${this.prefix}:{${shard}}:settled`;
	}

	identityOf(recordKey: string): string {
		return recordKey.slice(recordKey.lastIndexOf(':') + 1);
	}
}

/** Part of a batch for one script call: its items sorted by shard, those of one shard in their first order. */
export interface Chunk<Item> {
	readonly items: Item[];
	/** The place of each item in the batch. */
	readonly places: number[];
	readonly shards: string[];
	/** How many of the items are in each of `shards`. */
	readonly perShard: number[];
	/** About how many bytes the items are. */
	bytes: number;
}

/**
 * Cuts a batch into chunks that touch few shards each, or just one, as a cluster demands.
 * `sizeOf` gives about how many bytes an item is.
 */
export function chunksOf<Item extends { readonly identity: string }>(
	batch: readonly Item[],
	oneShardEach: boolean,
	sizeOf: (item: Item) => number = () => 0,
): Array<Chunk<Item>> {
	const [only] = batch;
	if (only !== undefined && batch.length === 1) {
		const shards = [shardOf(only.identity)];
		return [{ items: [only], places: [0], shards, perShard: [1], bytes: sizeOf(only) }];
	}
	const shards = new Map<string, number[]>();
	batch.forEach(({ identity }, place) => {
		const places = shards.get(shardOf(identity));
		if (places === undefined) shards.set(shardOf(identity), [place]);
		else places.push(place);
	});

	const chunks: Array<Chunk<Item>> = [];
	let chunk: Chunk<Item> | undefined;
	for (const [shard, places] of shards) {
		if (oneShardEach) chunk = undefined;
		for (const place of places) {
			const item = batch[place] as Item;
			const size = sizeOf(item);
			const isFull =
				chunk !== undefined &&
				(chunk.items.length >= MAX_ITEMS || (chunk.bytes > 0 && chunk.bytes + size > MAX_BYTES));
			if (chunk === undefined || isFull) {
				chunk = { items: [], places: [], shards: [], perShard: [], bytes: 0 };
				chunks.push(chunk);
			}
			if (chunk.shards.at(-1) !== shard) {
				chunk.shards.push(shard);
				chunk.perShard.push(0);
			}
			chunk.perShard[chunk.perShard.length - 1]! += 1;
			chunk.items.push(item);
			chunk.places.push(place);
			chunk.bytes += size;
		}
	}
	return chunks;
}
