import type { INodeExecutionData } from 'n8n-workflow';

import type { Prepared } from '../../lib/guard/prepare';

/** A request as a Guard judges it: an item of its input, or one event of it. */
export interface Incoming {
	/** What goes out. */
	readonly item: INodeExecutionData;
	/** The same as it is compared. */
	readonly compared: INodeExecutionData;
	/** Place of the item that it came with, in the input. */
	readonly origin: number;
	/** Why its signature was refused, as a part of a sentence: "The signature …". Null: it was not, or nobody asked for one. */
	readonly refused: string | null;
}

/**
 * Events without a key that came in one request with others that have one: they are refused alone, so that they do not lose the others.
 *
 * @returns their places
 */
export function keylessAmongOthers(
	incoming: readonly Incoming[],
	judged: ReadonlyArray<Prepared | null>,
): Set<number> {
	const withKey = new Set(
		incoming.flatMap(({ origin }, place) => (judged[place]?.kind === 'claim' ? [origin] : [])),
	);
	const places = incoming.flatMap(({ origin }, place) =>
		judged[place]?.kind === 'missing' && withKey.has(origin) ? [place] : [],
	);
	return new Set(places);
}

export const unchecked = (item: INodeExecutionData, origin: number): Incoming => ({
	item,
	compared: item,
	origin,
	refused: null,
});
