import { hkdfSync } from 'node:crypto';

import type { IdentityVersions } from '../keys/identity';

/** What keeps the contents of a store secret, stretched. */
export interface StoreSecrets {
	/** Identity HMAC and result encryption; `''` where there is none. */
	readonly secret: string;
	/** The secret before it was changed: its records are still found and read. `''` where there is none. */
	readonly previousSecret: string;
	/** Those of this package unless said. */
	readonly identityVersions?: IdentityVersions;
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

/** Another key for each purpose. */
export function derivedFrom(
	secret: string,
	purpose: string,
	bytes: number,
	salt: Uint8Array = NO_SALT,
): Buffer {
	return Buffer.from(hkdfSync('sha256', secret, salt, purpose, bytes));
}

const NO_SALT = Buffer.alloc(0);
