import { createHash } from 'node:crypto';

import { attempt } from '../core/attempt';
import { canonicalJson } from '../keys/canonical-json';
import type { CanonicalParts } from '../keys/canonical-parts';
import { fieldDigestsOfTexts } from '../keys/field-digests';
import { fingerprintOfText } from '../keys/identity';
import { isPlainObject } from '../keys/json-view';
import type { Compared } from './compared';
import { partsOf } from './compared';
import type { GuardItem } from './item';
import type { Digests } from './recent-digests';
import { RecentDigests } from './recent-digests';

/** From here on to hash the bytes takes far less than to sort and write what they say. */
const LEAST_BYTES = 64 * 1024;

const recent = new RecentDigests();

/**
 * The digests of what is compared of an item, under each secret that they are asked for. Where the item still has the bytes that its body
 * was read from, and the same bytes came under the same key a short while ago, they are those of that time: everything else that is
 * compared goes into the name under which they are remembered.
 */
export class ComparedDigests {
	private parts: CanonicalParts | undefined;

	constructor(
		private readonly compared: Compared,
		private readonly item: GuardItem,
		private readonly remembered: RecentDigests = recent,
	) {}

	/**
	 * @param identity of the record that the request asks for: what another request had is not found
	 * @throws {CanonicalJsonError} for what JSON can't hold
	 */
	under(secret: string, identity: string): Digests {
		const name = this.nameOf(secret, identity);
		const known = name === null ? undefined : this.remembered.get(name);
		if (known !== undefined) return known;
		const { text, fields } = (this.parts ??= partsOf(this.compared));
		const digests: Digests = {
			fingerprint: fingerprintOfText(text, secret),
			fieldDigests: fieldDigestsOfTexts(fields, secret),
		};
		if (name !== null) this.remembered.set(name, digests);
		return digests;
	}

	/** Two values of one name have one canonical text. Null where nothing can vouch for that. */
	private nameOf(secret: string, identity: string): string | null {
		const { json, bodySource } = this.item;
		const { value } = this.compared;
		if (bodySource === undefined || bodySource.bytes.length < LEAST_BYTES) return null;
		// Without some of its fields it is another object, and the bytes say more than is compared.
		if (Array.isArray(value) || !('body' in value) || value.body !== json.body) return null;
		const others = Object.entries(value).filter(([field]) => field !== 'body');
		if (!others.every(([, member]) => isShown(member))) return null;
		const { readAs, bytes } = bodySource;
		const rest = attempt(() => canonicalJson([secret, identity, readAs, others]));
		if (!rest.ok) return null;
		return createHash('sha256').update(rest.value).update(bytes).digest('base64url');
	}
}

/** What a class instance shows is not all that it has. */
function isShown(member: unknown): boolean {
	return (
		typeof member !== 'object' || member === null || Array.isArray(member) || isPlainObject(member)
	);
}
