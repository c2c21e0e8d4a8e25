import type { ListQuery, ListedRecord, Portion } from '../../core/listing';
import { asksForAbandoned, asksForOpen, isListed } from '../../core/listing';
import { StoreError } from '../../core/reply';
import { observe } from '../../core/transitions';
import { attempt } from '../../core/attempt';
import { storedOf } from './rows';
import type { ListedRow, Tables } from './tables';

/** Number of the row where the portion before ended; of open claims also the end of its lease, by which they are sorted. */
const CURSOR = /^(?:r(-?\d+)|o(-?\d+)\|(-?\d+))$/;

/** One portion of a listing: what fits of the next rows. @throws StoreError `configuration` for another listing's cursor */
export function portionOf(
	tables: Tables,
	query: ListQuery,
	from: string | null,
	size: number,
	nowMs: number,
): Portion {
	const open = asksForOpen(query);
	const endsBy = asksForAbandoned(query) ? nowMs : Number.MAX_SAFE_INTEGER;
	const rows = open ? someOpen(tables, from, endsBy, size) : some(tables, from, size);
	const found: ListedRecord[] = [];
	const unreadable: string[] = [];
	for (const { identity, values } of rows) {
		const read = attempt(() => storedOf(values, null));
		if (!read.ok) {
			unreadable.push(identity);
			continue;
		}
		const record = read.value;
		if (record === null || record.state === 'tombstone') continue;
		if (isListed(record, query, nowMs)) {
			found.push({ identity, state: observe(record, nowMs), record });
		}
	}
	const last = rows.at(-1);
	const isLast = last === undefined || rows.length < size;
	return { found, unreadable, next: isLast ? null : cursorAfter(last, open) };
}

function some(tables: Tables, from: string | null, size: number): ListedRow[] {
	const [, id] = CURSOR.exec(from ?? 'r0') ?? [];
	return tables.some(BigInt(id ?? unusable()), size);
}

function someOpen(tables: Tables, from: string | null, endsBy: number, size: number): ListedRow[] {
	const [, , leaseUntil, id] = CURSOR.exec(from ?? 'o0|0') ?? [];
	return tables.someOpen(BigInt(leaseUntil ?? unusable()), BigInt(id ?? 0), endsBy, size);
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
