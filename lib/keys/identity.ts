import { createHmac } from 'node:crypto';
import { canonicalJson } from './canonical-json';
import { isPlainObject } from './json-view';
import { sha256Text } from './sha256';

/** Ways to make identities and tenant digests, by name: the newest first, then those that living records may still be of. */
export type IdentityVersions = readonly [string, ...string[]];

/**
 * What this package makes and finds. To change what an identity is made of, put a new name first, and let `identityOf` differ by it: keys
 * that were recorded before are still found under the names that stay.
 */
export const IDENTITY_VERSIONS: IdentityVersions = ['v1'];

/**
 * The digest that addresses a record: 64 lower hex of HMAC-SHA-256 with the secret, or of SHA-256 where there is none (an empty secret
 * is none), over the canonical JSON of `[version, scope, tenant, keyParts]`. A JSON array, so that no two lists of parts give
 * the same text, and nothing but these parts, so that it outlives the store.
 *
 * @throws {CanonicalJsonError} with a path within the part that JSON cannot hold.
 */
export function identityOf(parts: {
	readonly scope: unknown;
	/** Null where there are none. */
	readonly tenant: unknown;
	readonly keyParts: unknown;
	readonly secret?: string;
	/** The newest unless said. */
	readonly version?: string;
}): string {
	const { scope, tenant, keyParts, secret, version = IDENTITY_VERSIONS[0] } = parts;
	return digestOf([version, scope, tenant, keyParts], 'hex', secret);
}

/** Raised whenever the digest of one value changes. */
const FINGERPRINT_VERSION = 'v1';

/**
 * What must be the same on a retry, as `v1:` and 43 characters (base64url of 32 bytes). Same digest as an identity's, over
 * `["fingerprint", "v1", value]`.
 *
 * @throws {CanonicalJsonError} with a path within the value.
 */
export function fingerprintOf(value: unknown, secret?: string): string {
	return fingerprintOfText(canonicalJson(value), secret);
}

/** The same of a value whose canonical text is known. */
export function fingerprintOfText(text: string, secret?: string): string {
	const digest = digestOfText(
		`["fingerprint","${FINGERPRINT_VERSION}",${text}]`,
		'base64url',
		secret,
	);
	return `${FINGERPRINT_VERSION}:${digest}`;
}

/**
 * Names what a fingerprint was made of: its version, and which parts of the request are compared, as it was set (8 characters). Two
 * fingerprints say something of each other only where this is the same.
 */
export function comparisonOf(setting: readonly unknown[]): string {
	return digestOf(['comparison', FINGERPRINT_VERSION, ...setting], 'base64url').slice(0, 8);
}

/**
 * Names a tenant without telling who it is: 22 characters (base64url of the digest's first 16 bytes).
 *
 * @throws {CanonicalJsonError} for a tenant that JSON cannot hold.
 */
export function tenantDigestOf(
	tenant: unknown,
	secret?: string,
	version: string = IDENTITY_VERSIONS[0],
): string {
	const digest = digestOf(['tenant', version, tenant], 'hex', secret);
	return Buffer.from(digest.slice(0, 32), 'hex').toString('base64url');
}

/**
 * Names a claimant: 32 lower hex, the first 16 bytes of SHA-256 over the canonical JSON of the five as an array. The same
 * node asking again for the same item gets the same token.
 */
export function ownerTokenOf(claimant: {
	readonly nonce: string;
	readonly executionId: string;
	readonly nodeId: string;
	readonly runIndex: number;
	readonly itemIndex: number;
}): string {
	const { nonce, executionId, nodeId, runIndex, itemIndex } = claimant;
	return digestOf([nonce, executionId, nodeId, runIndex, itemIndex], 'hex').slice(0, 32);
}

/**
 * Whether a value identifies nothing, so that every item without a key would share one: `undefined`, `null`, text that is empty or
 * only white space, and lists and objects that hold nothing else at any depth (`[]`, `{}`, `[null]`, `{ id: '' }`). Everything
 * else is a value, 0 and `false` too.
 */
export function isMissingKey(value: unknown): boolean {
	const seen = new Set<object>();
	const rest: unknown[] = [value];
	while (rest.length > 0) {
		const part = rest.pop();
		if (part === undefined || part === null) continue;
		if (typeof part === 'string' && part.trim() === '') continue;
		if (typeof part !== 'object' || !(Array.isArray(part) || isPlainObject(part))) return false;
		if (seen.has(part)) continue;
		seen.add(part);
		for (const member of Object.values(part)) rest.push(member);
	}
	return true;
}

type Encoding = 'hex' | 'base64url';

/** SHA-256, or HMAC with a secret, over the canonical JSON of the array of these parts. */
function digestOf(parts: readonly unknown[], encoding: Encoding, secret?: string): string {
	// Part by part: what a part is refused for has its path within the part, not within our array.
	let text = '';
	for (const part of parts) text += `${text === '' ? '' : ','}${canonicalJson(part)}`;
	return digestOfText(`[${text}]`, encoding, secret);
}

function digestOfText(text: string, encoding: Encoding, secret?: string): string {
	return secret
		? createHmac('sha256', secret).update(text).digest(encoding)
		: sha256Text(text, encoding);
}
