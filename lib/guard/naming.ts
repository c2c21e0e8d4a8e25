import type { ClaimRequest } from '../core/record';
import { IDENTITY_VERSIONS } from '../keys/identity';
import type { StoreSecrets } from './store-secrets';
import { secretIdOf } from './store-secrets';

/** What the identity and the digests of a record are made with. */
export interface Naming {
	/** Stretched; `''` where there is none. */
	readonly secret: string;
	/** See `IDENTITY_VERSIONS`. */
	readonly version: string;
}

/** How records are made now, then all other ways in which living records may have been made. */
export type Namings = readonly [Naming, ...Naming[]];

export function namingsOf(secrets: StoreSecrets): Namings {
	const { secret, previousSecret, identityVersions = IDENTITY_VERSIONS } = secrets;
	const [newest, ...older] = identityVersions;
	// Without a secret nothing is sealed: what was sealed before would be read beside what anybody may write.
	const before = secret === '' ? '' : previousSecret;
	const under = (version: string): Naming[] =>
		before === ''
			? [{ secret, version }]
			: [
					{ secret, version },
					{ secret: before, version },
				];
	const [now, ...earlier] = [newest, ...older].flatMap(under);
	return [now ?? { secret, version: newest }, ...earlier];
}

/** The place in `namingsOf` of the naming that one of an item's requests is by. */
export function namingPlace(item: RequestsOfItem, request: ClaimRequest): number {
	return item.earlierRequests.indexOf(request) + 1;
}

export interface RequestsOfItem {
	/** By the current naming. */
	readonly request: ClaimRequest;
	/** By each earlier one, in their order. */
	readonly earlierRequests: readonly ClaimRequest[];
}

/** What names each of the namings in the store's notes, without giving its secret away: the id of the secret, a dot, the version. */
export function namingIdsOf(secrets: StoreSecrets): NamingIds {
	const idOf = ({ secret, version }: Naming) => `${secretIdOf(secret)}.${version}`;
	const [current, ...earlier] = namingsOf(secrets);
	return [idOf(current), ...earlier.map(idOf)];
}

/** The current one first. */
export type NamingIds = readonly [string, ...string[]];

/** Whether two differ in nothing but the version: another version of this package made the records of one of them. */
export function isOtherVersion(id: string, own: readonly string[]): boolean {
	const secretOf = (each: string) => each.split('.')[0];
	return own.some((each) => secretOf(each) === secretOf(id));
}
