import { createHmac } from 'node:crypto';
import { canonicalJson } from './canonical-json';
import type { CanonicalField, Field } from './canonical-parts';
import { MAX_FIELD_DIGESTS } from './canonical-parts';
import { sha256Text } from './sha256';

const DIGEST_BYTES = 3;
const FIELD_BYTES = 2 * DIGEST_BYTES;
/** How many names a digester remembers: they repeat from item to item, and a digest costs a microsecond. */
const MAX_NAMES = 1000;
const MAX_NAME_LENGTH = 64;

export type { Field } from './canonical-parts';

/**
 * Short digests of the first 32 fields by name (UTF-16 code units), packed: for each, 3 bytes of its name's digest, then 3 bytes
 * of the digest of name and value. They tell which fields differ without keeping any. Fields that are `undefined` do not
 * exist, as in JSON; names are taken to be distinct.
 *
 * @throws {CanonicalJsonError} with a path within the field's value.
 */
export function fieldDigestsOf(fields: readonly Field[], secret?: string): Buffer {
	const kept = firstByName(presentFields(fields));
	return fieldDigestsOfTexts(
		kept.map(([name, value]) => [name, canonicalJson(value)]),
		secret,
	);
}

/** The same of fields whose canonical texts are known. */
export function fieldDigestsOfTexts(fields: readonly CanonicalField[], secret?: string): Buffer {
	const kept = firstByName(fields);
	const digester = digesterFor(secret);
	const packed = Buffer.alloc(kept.length * FIELD_BYTES);
	kept.forEach(([name, text], i) => {
		packed.writeUIntBE(digester.ofName(name), i * FIELD_BYTES, DIGEST_BYTES);
		packed.writeUIntBE(digester.ofField(name, text), i * FIELD_BYTES + DIGEST_BYTES, DIGEST_BYTES);
	});
	return packed;
}

function firstByName<One extends readonly [name: string, ...unknown[]]>(
	fields: readonly One[],
): One[] {
	const sorted = areSorted(fields)
		? fields
		: fields.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
	return sorted.slice(0, MAX_FIELD_DIGESTS);
}

/** Those of an object's canonical text are. */
function areSorted(fields: ReadonlyArray<readonly [name: string, ...unknown[]]>): boolean {
	for (let i = 1; i < fields.length; i++) if (fields[i - 1]![0] > fields[i]![0]) return false;
	return true;
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
			known ? before.get(nameDigest) !== digester.ofField(name, canonicalJson(value)) : isNew(name),
		)
		.map(({ name }) => name);
	for (const { nameDigest } of now) before.delete(nameDigest);
	return { changed, missing: before.size };
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

	/** @param text the value's canonical text */
	ofField(name: string, text: string): number {
		return this.digest(`${canonicalJson(name)},${text}`);
	}

	private digest(json: string): number {
		const digest = sha256Text(`${this.prefix}["field","v1",${json}]`, 'hex');
		return parseInt(digest.slice(0, 2 * DIGEST_BYTES), 16);
	}
}

let latest = new FieldDigester('');

function digesterFor(secret = ''): FieldDigester {
	if (latest.secret !== secret) latest = new FieldDigester(secret);
	return latest;
}
