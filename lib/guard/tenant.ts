import { isMissingKey } from '../keys/identity';
import type { TenantTerms } from './terms';

export type Tenant = Pick<TenantTerms, 'value' | 'isSeparate'>;

/** A missing tenant is never the empty one: all who lack one would share their keys. */
export function tenantOf(terms: TenantTerms | null): Tenant | null | 'missing' {
	if (terms === null) return null;
	return isMissingKey(terms.value) || terms.emptyPart !== null ? 'missing' : terms;
}
