import { attemptAsync } from '../../core/attempt';
import type { Reply, StoreError } from '../../core/reply';
import { type Chunk, SHARDS, chunksOf } from './keys';
import type { ScriptReply } from './scripts';

/** Script calls that are under way at once: 10,000 items. */
const CALLS_AT_ONCE = 20;
const BYTES_AT_ONCE = 8 << 20;

/** How a batch is asked by one script. */
export interface BatchScript<Item, Answer> {
	readonly run: (chunk: Chunk<Item>) => Promise<ScriptReply>;
	/** An answer, or what it failed with, for each item of the chunk. */
	readonly answers: (reply: ScriptReply, chunk: Chunk<Item>) => Array<Answer | Error>;
	/** About how many bytes an item is. */
	readonly sizeOf?: (item: Item) => number;
	/** In a cluster. */
	readonly oneShardEach: boolean;
	readonly errorOf: (error: unknown) => StoreError;
}

/** Cuts a batch into script calls, and puts the answers into the batch's order. */
export async function askInChunks<Item extends { readonly identity: string }, Answer>(
	batch: readonly Item[],
	script: BatchScript<Item, Answer>,
): Promise<Array<Reply<Answer>>> {
	const replies = new Array<Reply<Answer>>(batch.length);
	const put = (chunk: Chunk<Item>, at: number, reply: Reply<Answer>) => {
		replies[chunk.places[at] ?? 0] = reply;
	};
	const fail = (chunk: Chunk<Item>, error: unknown) => {
		const failed = { ok: false, error: script.errorOf(error) } as const;
		chunk.items.forEach((_, at) => put(chunk, at, failed));
	};

	/** Null, or why Redis could not be asked. */
	const ask = async (chunk: Chunk<Item>): Promise<unknown> => {
		const asked = await attemptAsync(async () => await script.run(chunk));
		if (!asked.ok) {
			fail(chunk, asked.error);
			return asked.error;
		}
		const micros = microsOf(asked.value);
		script.answers(asked.value, chunk).forEach((answer, at) => {
			if (answer instanceof Error) put(chunk, at, { ok: false, error: script.errorOf(answer) });
			else put(chunk, at, { ok: true, micros, answer });
		});
		return null;
	};

	const chunks = chunksOf(batch, script.oneShardEach, script.sizeOf);
	const atOnce = script.oneShardEach ? SHARDS.length : CALLS_AT_ONCE;
	for (let at = 0; at < chunks.length; ) {
		const end = endOfCalls(chunks, at, atOnce);
		const failures = await Promise.all(chunks.slice(at, end).map(ask));
		at = end;
		// A server that can't be asked is not asked for the rest of a long batch.
		const down = failures.find((error) => error !== null);
		if (down === undefined) continue;
		for (const chunk of chunks.slice(at)) fail(chunk, down);
		break;
	}
	return replies;
}

/** The end of the calls that go at once, at least one: a renewal must not wait long behind results. */
function endOfCalls(chunks: ReadonlyArray<Chunk<unknown>>, from: number, atOnce: number): number {
	const end = Math.min(chunks.length, from + atOnce);
	let bytes = 0;
	for (let at = from; at < end; at++) {
		bytes += chunks[at]?.bytes ?? 0;
		if (bytes > BYTES_AT_ONCE && at > from) return at;
	}
	return end;
}

/** The store's clock when a script ran: the first part of every reply. */
export function microsOf(reply: ScriptReply): number {
	return parseInt(String(reply[0]), 10);
}

/** Whether a script met a shard that did not know when the store began. */
export function metNewShard(reply: ScriptReply): boolean {
	return String(reply[0]).endsWith(' began');
}
