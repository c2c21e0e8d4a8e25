import { hkdfSync } from 'node:crypto';

import type { Reply } from '../core/reply';
import type { Store } from '../core/store';
import type { IdentityVersions } from '../keys/identity';
import type { LeaseKeeper } from './lease-keeper';
import type { SecretKeeper } from './secret-keeper';

/** A store, who renews the leases of claims in it, and what keeps its contents secret. */
export interface OpenStore extends StoreSecrets {
	readonly store: Store;
	readonly leases: LeaseKeeper;
	/** Where records may be of a secret. */
	readonly secretKeeper?: SecretKeeper;
}

export interface StoreSecrets {
	/** Identity HMAC and result encryption; `''` where there is none. */
	readonly secret: string;
	/** The secret before it was changed: its records are still found and read. `''` where there is none. */
	readonly previousSecret: string;
	/** Those of this package unless said. */
	readonly identityVersions?: IdentityVersions;
}

/** The key to seal with, then earlier ones. */
export type SigningKeys = readonly [Buffer, ...Buffer[]];

/**
 * The keys that authenticate claim tokens, the one to seal with first. It comes from what the store made once and from the secret, if
 * there is one: a token of another store is refused. The key of the previous secret opens the tokens of claims that were granted before the change.
 */
export async function signingKeysOf(opened: OpenStore): Promise<Reply<SigningKeys>> {
	const { store, secret, previousSecret } = opened;
	const made = await store.signingKey();
	if (!made.ok) return made;
	const keyOf = (each: string) => (each === '' ? made.answer : tokenKeyOf(each, made.answer));
	const earlier = previousSecret === '' ? [] : [keyOf(previousSecret)];
	return { ...made, answer: [keyOf(secret), ...earlier] };
}

/** Names a secret, or that there is none, without giving it away. */
export function secretIdOf(secret: string): string {
	return secret === '' ? 'none' : derivedFrom(secret, 'idempotency secret id', 16).toString('hex');
}

/** The secrets that results may be encrypted with; undefined where there are none. */
export function secretsOf({ secret, previousSecret }: StoreSecrets): string[] | undefined {
	const secrets = [secret, previousSecret].filter((each) => each !== '');
	return secrets.length === 0 ? undefined : secrets;
}

function tokenKeyOf(secret: string, ofStore: Buffer): Buffer {
	return derivedFrom(secret, 'idempotency claim token', 32, ofStore);
}

function derivedFrom(
	secret: string,
	purpose: string,
	bytes: number,
	salt: Uint8Array = NO_SALT,
): Buffer {
	return Buffer.from(hkdfSync('sha256', secret, salt, purpose, bytes));
}

const NO_SALT = Buffer.alloc(0);
