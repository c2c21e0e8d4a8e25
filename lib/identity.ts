import { createHash, createHmac, hash } from 'node:crypto';
import { canonicalJson } from './canonical-json';
import { isPlainObject } from './json-view';

const MAX_FIELD_DIGESTS = 32;
const DIGEST_BYTES = 3;
const FIELD_BYTES = 2 * DIGEST_BYTES;
/** How many names a digester remembers: they repeat from item to item, and a digest costs a microsecond. */
const MAX_NAMES = 1000;
const MAX_NAME_LENGTH = 64;

/**
 * The digest that addresses a record: 64 lower hex of HMAC-SHA-256 with the secret, or of SHA-256 where there is none (an empty secret
 * is none), over the canonical JSON of `["v1", scope, tenant, keyParts]`. A JSON array, so that no two lists of parts give
 * the same text, and nothing but these parts, so that it outlives the store.
 *
 * @throws {CanonicalJsonError} with a path within the part that JSON cannot hold.
 */
export function identityOf(parts: {
	readonly scope: unknown;
	readonly tenant: string | null;
	readonly keyParts: unknown;
	readonly secret?: string;
}): string {
	const { scope, tenant, keyParts, secret } = parts;
	return digestOf(['v1', scope, tenant, keyParts], secret).toString('hex');
}

/**
 * What must be the same on a retry, as `v1:` and 43 characters (base64url of 32 bytes). Same digest as an identity's, over
 * `["fingerprint", "v1", value]`.
 *
 * @throws {CanonicalJsonError} with a path within the value.
 */
export function fingerprintOf(value: unknown, secret?: string): string {
	return `v1:${digestOf(['fingerprint', 'v1', value], secret).toString('base64url')}`;
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
	return digestOf([nonce, executionId, nodeId, runIndex, itemIndex])
		.subarray(0, 16)
		.toString('hex');
}

export type Field = readonly [name: string, value: unknown];

/**
 * Short digests of the first 32 fields by name (UTF-16 code units), packed: for each, 3 bytes of its name's digest, then 3 bytes
 * of the digest of name and value. They tell which fields differ without keeping any. Fields that are `undefined` do not
 * exist, as in JSON; names are taken to be distinct.
 *
 * @throws {CanonicalJsonError} with a path within the field's value.
 */
export function fieldDigestsOf(fields: readonly Field[], secret?: string): Buffer {
	const kept = presentFields(fields)
		.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
		.slice(0, MAX_FIELD_DIGESTS);
	const digester = digesterFor(secret);
	const packed = Buffer.alloc(kept.length * FIELD_BYTES);
	kept.forEach(([name, value], i) => {
		packed.writeUIntBE(digester.ofName(name), i * FIELD_BYTES, DIGEST_BYTES);
		packed.writeUIntBE(digester.ofField(name, value), i * FIELD_BYTES + DIGEST_BYTES, DIGEST_BYTES);
	});
	return packed;
}

/**
 * How fields differ from those whose digests are stored: the names, in the order given, of fields that are new or hold another value,
 * and the number of stored fields that are gone (their names are not kept).
 *
 * Full digests (32) may stand for a longer list. A field that is not among them is then called new only if it sorts before one
 * that is: further back it may have been there. Says nothing false, except by chance: 3 bytes collide once in 16.7 million.
 */
export function changedFieldsOf(
	stored: Uint8Array,
	fields: readonly Field[],
	secret?: string,
): { changed: string[]; missing: number } {
	const before = new Map<number, number>();
	const packed = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
	for (let at = 0; at + FIELD_BYTES <= packed.length; at += FIELD_BYTES) {
		before.set(
			packed.readUIntBE(at, DIGEST_BYTES),
			packed.readUIntBE(at + DIGEST_BYTES, DIGEST_BYTES),
		);
	}

	const digester = digesterFor(secret);
	const now = presentFields(fields).map(([name, value]) => {
		const nameDigest = digester.ofName(name);
		return { name, value, nameDigest, known: before.has(nameDigest) };
	});
	const mayBeCut = packed.length >= MAX_FIELD_DIGESTS * FIELD_BYTES;
	const lastKnown = now.reduce<string | null>(
		(last, { name, known }) => (known && (last === null || name > last) ? name : last),
		null,
	);
	const isNew = (name: string): boolean => !mayBeCut || (lastKnown !== null && name < lastKnown);

	const changed = now
		.filter(({ name, value, nameDigest, known }) =>
			known ? before.get(nameDigest) !== digester.ofField(name, value) : isNew(name),
		)
		.map(({ name }) => name);
	for (const { nameDigest } of now) before.delete(nameDigest);
	return { changed, missing: before.size };
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

function presentFields(fields: readonly Field[]): Field[] {
	return fields.filter(([, value]) => value !== undefined);
}

/**
 * Three bytes of SHA-256 over the canonical JSON of `["field", "v1", name]` or `["field", "v1", name, value]`, after a key derived
 * from the secret. (A key in front is safe where so little of the digest is shown, and half the price of an HMAC.)
 */
class FieldDigester {
	private readonly prefix: string;
	private readonly names = new Map<string, number>();

	constructor(readonly secret: string) {
		this.prefix =
			secret === '' ? '' : createHmac('sha256', secret).update('fields v1').digest('hex');
	}

	ofName(name: string): number {
		let digest = this.names.get(name);
		if (digest === undefined) {
			digest = this.digest(canonicalJson(name));
			if (this.names.size === MAX_NAMES) this.names.clear();
			if (name.length <= MAX_NAME_LENGTH) this.names.set(name, digest);
		}
		return digest;
	}

	ofField(name: string, value: unknown): number {
		return this.digest(`${canonicalJson(name)},${canonicalJson(value)}`);
	}

	private digest(json: string): number {
		return sha256(`${this.prefix}["field","v1",${json}]`).readUIntBE(0, DIGEST_BYTES);
	}
}

let latest = new FieldDigester('');

function digesterFor(secret = ''): FieldDigester {
	if (latest.secret !== secret) latest = new FieldDigester(secret);
	return latest;
}

/** SHA-256, or HMAC with a secret, over the canonical JSON of the array of these parts. */
function digestOf(parts: readonly unknown[], secret?: string): Buffer {
	// Part by part: what a part is refused for has its path within the part, not within our array.
	const text = `[${parts.map((part) => canonicalJson(part)).join(',')}]`;
	return secret ? createHmac('sha256', secret).update(text).digest() : sha256(text);
}

/** `crypto.hash` takes half the time, and came with Node 20.12. */
const sha256: (text: string) => Buffer =
	typeof hash === 'function'
		? (text) => hash('sha256', text, 'buffer')
		: (text) => createHash('sha256').update(text).digest();
