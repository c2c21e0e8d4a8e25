import type { ClaimRecord, ObservedState } from './record';
import { neverBegan, observe } from './observe';
import type { Reply } from './reply';

/** Which records to list, page by page. A filter that is null is not asked. Times are ms since 1970 by the store's clock. */
export interface ListQuery {
	readonly states: ReadonlyArray<Exclude<ObservedState, 'absent'>> | null;
	readonly namespace: string | null;
	readonly workflowId: string | null;
	readonly executionId: string | null;
	/** Seen for the first time at or after, and before. */
	readonly seenFrom: number | null;
	readonly seenBefore: number | null;
	/** About how many records are a page: the last portion that is looked at may bring some more. */
	readonly pageSize: number;
	/** Where the page before ended; null for the first. */
	readonly cursor: string | null;
}

/**
 * Records in no order. What is there from the first page to the last, and does not change its state meanwhile, is on at least
 * one of them.
 */
export interface ListPage {
	readonly records: readonly ListedRecord[];
	/** Where the filters ask for nothing: identities whose value is not a record of ours. */
	readonly unreadable: readonly string[];
	/** Null on the last page. */
	readonly cursor: string | null;
}

/** A record without its result, which may be long: `get` has it. */
export interface ListedRecord {
	readonly identity: string;
	readonly state: ObservedState;
	readonly record: Omit<ClaimRecord, 'result'>;
}

export const ALL_RECORDS: ListQuery = {
	states: null,
	namespace: null,
	workflowId: null,
	executionId: null,
	seenFrom: null,
	seenBefore: null,
	pageSize: 100,
	cursor: null,
};

/**
 * Where the contents of requests are remembered. These records are no requests: they are in no list that does not ask for them, nobody waits
 * for them, and they are not counted.
 */
export const CONTENT_NAMESPACE = 'same-content';

/** Claims that wait for an end are in an index of their own: they are found without looking at all records. */
export function asksForOpen({ states }: ListQuery): boolean {
	return states !== null && states.every((state) => OPEN.has(state));
}

/** Of the index, only what is over by now. */
export function asksForAbandoned({ states }: ListQuery): boolean {
	return states !== null && states.every((state) => state === 'lapsed' || state === 'unknown');
}

const OPEN: ReadonlySet<ObservedState> = new Set(['pending', 'processing', 'lapsed', 'unknown']);

/** Whether a query has no filter, so that what can't be read belongs to the answer. */
export function asksForAll(query: ListQuery): boolean {
	const { states, namespace, workflowId, executionId, seenFrom, seenBefore } = query;
	return [states, namespace, workflowId, executionId, seenFrom, seenBefore].every(
		(filter) => filter === null,
	);
}

/** Whoever asks for what lapsed is told of accepted requests whose run never began as well: their sender may not send them again. */
function isForgottenAtDoor(
	record: Omit<ClaimRecord, 'result'>,
	states: readonly ObservedState[],
	nowMs: number,
): boolean {
	return states.includes('lapsed') && neverBegan({ ...record, result: null }, nowMs);
}

export function isListed(
	record: Omit<ClaimRecord, 'result'>,
	query: ListQuery,
	nowMs: number,
): boolean {
	const { states, namespace, workflowId, executionId, seenFrom, seenBefore } = query;
	const state = observe({ ...record, result: null }, nowMs);
	return (
		state !== 'absent' &&
		(record.namespace !== CONTENT_NAMESPACE || namespace === CONTENT_NAMESPACE) &&
		(states === null || states.includes(state) || isForgottenAtDoor(record, states, nowMs)) &&
		(namespace === null || record.namespace === namespace) &&
		(workflowId === null || record.workflowId === workflowId) &&
		(executionId === null || record.executionId === executionId) &&
		(seenFrom === null || record.firstSeenAt >= seenFrom) &&
		(seenBefore === null || record.firstSeenAt < seenBefore)
	);
}

/** What a store found in one portion of its records. */
export interface Portion {
	readonly found: readonly ListedRecord[];
	readonly unreadable: readonly string[];
	/** Null where there is no more to look at. */
	readonly next: string | null;
}

const MOST_AT_ONCE = 1_000;
const FEWEST_AT_ONCE = 10;

/** Looks at one portion after the other until the page is full, or there is no more. */
export async function pageOf(
	query: ListQuery,
	look: (from: string | null, size: number) => Promise<Reply<Portion>>,
): Promise<Reply<ListPage>> {
	const records = new Map<string, ListedRecord>();
	const unreadable = new Set<string>();
	let cursor = query.cursor;
	let size = clamped(query.pageSize);
	for (;;) {
		const wanted = query.pageSize - records.size;
		const reply = await look(cursor, size);
		if (!reply.ok) return reply;
		const { found, next } = reply.answer;
		// Far more than a page: the same again, but less of it.
		const tooMany = found.length > wanted + FEWEST_AT_ONCE && size > FEWEST_AT_ONCE;
		const rate = Math.max(found.length, 1) / size;
		if (tooMany) {
			size = clamped(Math.min(Math.ceil(wanted / rate), size - 1));
			continue;
		}
		for (const each of found) {
			const isHidden =
				each.record.namespace === CONTENT_NAMESPACE && query.namespace !== CONTENT_NAMESPACE;
			if (!isHidden) records.set(each.identity, each);
		}
		if (asksForAll(query)) for (const each of reply.answer.unreadable) unreadable.add(each);
		cursor = next;
		if (cursor === null || records.size >= query.pageSize) {
			const page = { records: [...records.values()], unreadable: [...unreadable], cursor };
			return { ok: true, micros: reply.micros, answer: page };
		}
		size = clamped(Math.ceil((query.pageSize - records.size) / rate));
	}
}

const clamped = (size: number) => Math.min(Math.max(size, FEWEST_AT_ONCE), MOST_AT_ONCE);
