import type { ListQuery, ListedRecord, Portion } from '../../core/listing';
import { asksForAbandoned, asksForOpen, isListed } from '../../core/listing';
import { StoreError } from '../../core/reply';
import { observe } from '../../core/transitions';
import type { ListedRow, RowsBackend, Timed } from './backend';

/** Number of the row where the portion before ended; of open claims also the end of its lease, by which they are sorted. */
const CURSOR = /^(?:r(-?\d+)|o(-?\d+)\|(-?\d+))$/;

/** One portion of a listing: what fits of the next rows. @throws StoreError `configuration` for another listing's cursor */
export async function portionOf(
	backend: RowsBackend,
	query: ListQuery,
	from: string | null,
	size: number,
): Promise<Timed<Portion>> {
	const open = asksForOpen(query);
	const [, id, leaseUntil, openId] = CURSOR.exec(from ?? (open ? 'o0|0' : 'r0')) ?? [];
	const { micros, answer: rows } = open
		? await backend.someOpen(
				BigInt(leaseUntil ?? unusable()),
				BigInt(openId ?? 0),
				asksForAbandoned(query),
				size,
			)
		: await backend.some(BigInt(id ?? unusable()), size);
	const nowMs = Math.floor(micros / 1000);
	const found: ListedRecord[] = [];
	const unreadable: string[] = [];
	for (const { identity, stored } of rows) {
		if (stored instanceof StoreError) unreadable.push(identity);
		else if (stored !== null && stored.state !== 'tombstone' && isListed(stored, query, nowMs)) {
			found.push({ identity, state: observe(stored, nowMs), record: stored });
		}
	}
	const last = rows.at(-1);
	const isLast = last === undefined || rows.length < size;
	return { micros, answer: { found, unreadable, next: isLast ? null : cursorAfter(last, open) } };
}

function cursorAfter({ id, leaseUntil }: ListedRow, open: boolean): string {
	return open ? `o${leaseUntil}|${id}` : `r${id}`;
}

function unusable(): never {
	throw new StoreError(
		'configuration',
		'The listing can not go on from this cursor: it belongs to another listing. Begin again without it.',
	);
}
