import type { CanonicalParts, Field } from '../keys/canonical-parts';
import { partsOfObject, partsOfPairs } from '../keys/canonical-parts';
import { valueAtPath, withoutPaths } from '../keys/field-paths';
import { comparisonOf } from '../keys/identity';
import type { ItemKey } from './item-key';
import type { JsonObject } from './item';
import type { Payload } from './payload';
import { methodOf, OPENED, topFieldsOf } from './payload';
import type { CompareTerms } from './terms';

/** What must be the same on a retry. */
export interface Compared {
	readonly value: readonly Field[] | JsonObject;
	/** Names which parts of the request these are, as it was set: what another setting compares says nothing of them. */
	readonly comparison: string;
	/** Its top-level fields, to say which differ: made only then, since a body may have a million. */
	fields(): readonly Field[];
}

const OF_METHOD = comparisonOf(['none']);
const OF_PAYLOAD = comparisonOf(['payload']);

/**
 * Null: nothing is compared. A sender's own ID is enough by itself: its retries may differ in counters. The method of a request is
 * always compared where it is known: a DELETE is no retry of a POST.
 */
export async function comparedOf(
	terms: CompareTerms,
	json: JsonObject,
	{ chosenBy }: ItemKey,
	payload: () => Promise<Payload>,
): Promise<Compared | null> {
	const method = methodOf(json);
	const methodField: readonly Field[] = method === null ? [] : [['method', method]];
	if (terms.by === 'none' || (terms.by === 'auto' && chosenBy === 'sender')) {
		return method === null
			? null
			: { value: methodField, comparison: OF_METHOD, fields: () => methodField };
	}
	if (terms.by === 'fields') {
		const chosen = terms.paths.map((path): [string, unknown] => [
			path,
			valueAtPath(json, path) ?? null,
		]);
		const fields = [...chosen, ...methodField];
		const comparison = comparisonOf(['fields', terms.paths]);
		return { value: fields, comparison, fields: () => fields };
	}
	const { value } = await payload();
	if (terms.by !== 'except') {
		return { value, comparison: OF_PAYLOAD, fields: () => topFieldsOf(value) };
	}
	const left = withoutPaths(value, terms.paths) as JsonObject;
	const compared = method === null ? left : { ...left, method };
	const comparison = comparisonOf(['except', terms.paths]);
	return { value: compared, comparison, fields: () => topFieldsOf(compared) };
}

/** @throws CanonicalJsonError for what JSON can't hold */
export function partsOf({ value, fields }: Compared): CanonicalParts {
	return isPairs(value) ? partsOfPairs(value) : partsOfObject(value, OPENED, fields);
}

function isPairs(value: Compared['value']): value is readonly Field[] {
	return Array.isArray(value);
}
