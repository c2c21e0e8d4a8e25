import { hkdfSync } from 'node:crypto';

import type { Reply } from '../core/reply';
import type { Store } from '../core/store';

/** A store and what keeps its contents secret. */
export interface OpenStore extends StoreSecrets {
	readonly store: Store;
}

export interface StoreSecrets {
	/** Identity HMAC and result encryption; `''` where there is none. */
	readonly secret: string;
	/** The secret before it was changed: its records are still found and read. `''` where there is none. */
	readonly previousSecret: string;
}

/** The key to seal with, then earlier ones. */
export type SigningKeys = readonly [Buffer, ...Buffer[]];

/**
 * The keys that authenticate claim tokens, the one to seal with first. It comes from the secret, or is the store's own where there is no
 * secret. The key of the previous secret opens the tokens of claims that were granted before the change.
 */
export async function signingKeysOf(opened: OpenStore): Promise<Reply<SigningKeys>> {
	const { store, secret, previousSecret } = opened;
	const earlier = previousSecret === '' ? [] : [tokenKeyOf(previousSecret)];
	if (secret !== '') {
		return { ok: true, micros: 0, answer: [tokenKeyOf(secret), ...earlier] };
	}
	const made = await store.signingKey();
	return made.ok ? { ...made, answer: [made.answer, ...earlier] } : made;
}

/** Names a secret without giving it away. */
export function secretIdOf(secret: string): string {
	return derivedFrom(secret, 'idempotency secret id', 16).toString('hex');
}

/** The secrets that results may be encrypted with; undefined where there are none. */
export function secretsOf({ secret, previousSecret }: StoreSecrets): string[] | undefined {
	const secrets = [secret, previousSecret].filter((each) => each !== '');
	return secrets.length === 0 ? undefined : secrets;
}

function tokenKeyOf(secret: string): Buffer {
	return derivedFrom(secret, 'idempotency claim token', 32);
}

function derivedFrom(secret: string, purpose: string, bytes: number): Buffer {
	return Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));
}
