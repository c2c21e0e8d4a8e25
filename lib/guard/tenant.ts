import { isMissingKey } from '../keys/identity';
import { keyDoubtsOf } from '../keys/key-doubts';
import { ComplaintError } from './complaint';
import type { TenantTerms } from './terms';

export type Tenant = Pick<TenantTerms, 'value' | 'isSeparate'>;

/**
 * A missing tenant is never the empty one: all who lack one would share their keys.
 *
 * @throws ComplaintError for a value under which two tenants would be one
 */
export function tenantOf(terms: TenantTerms | null): Tenant | null | 'missing' {
	if (terms === null) return null;
	if (isMissingKey(terms.value) || terms.emptyPart !== null) return 'missing';
	refuseSharedValue(terms.value, '"Tenant"');
	return terms;
}

/** Refuses what stands for several tenants, or several budgets, at once. @param option how the panel calls it */
export function refuseSharedValue(value: unknown, option: string): void {
	const { unsafeInteger, absentWord } = keyDoubtsOf(value);
	if (unsafeInteger !== null) {
		throw new ComplaintError({
			message: `${option} holds a number above 2^53, which JSON rounds: two different ones would be one`,
			description: 'Let the sender send it as text, or use another value.',
		});
	}
	if (absentWord !== null) {
		throw new ComplaintError({
			message: `${option} holds the word "${absentWord}", as JavaScript writes it for a field that is not there`,
			description:
				'All items without the field would share it. Check that the field exists in the input of this node.',
		});
	}
}
