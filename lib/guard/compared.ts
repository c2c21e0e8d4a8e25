import { valueAtPath, withoutPaths } from '../keys/field-paths';
import type { ItemKey } from './item-key';
import type { JsonObject } from './item';
import type { Payload } from './payload';
import { topFieldsOf } from './payload';
import type { CompareTerms } from './terms';

/** What must be the same on a retry. */
export interface Compared {
	readonly value: unknown;
	/** Its top-level fields, to say which differ. */
	readonly fields: ReadonlyArray<readonly [name: string, value: unknown]>;
}

/** Null: nothing is compared. A sender's own ID is enough by itself: its retries may differ in counters. */
export async function comparedOf(
	terms: CompareTerms,
	json: JsonObject,
	{ chosenBy }: ItemKey,
	payload: () => Promise<Payload>,
): Promise<Compared | null> {
	if (terms.by === 'none' || (terms.by === 'auto' && chosenBy === 'sender')) return null;
	if (terms.by === 'fields') {
		const fields = terms.paths.map((path): [string, unknown] => [
			path,
			valueAtPath(json, path) ?? null,
		]);
		return { value: fields, fields };
	}
	const { value } = await payload();
	const compared = terms.by === 'except' ? (withoutPaths(value, terms.paths) as JsonObject) : value;
	return { value: compared, fields: topFieldsOf(compared) };
}
