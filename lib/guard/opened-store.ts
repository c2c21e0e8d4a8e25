import type { Reply } from '../core/reply';
import type { Store } from '../core/store';
import type { SecretKeeper } from './secret-keeper';
import type { StoreKeepers } from './store-keepers';
import type { StoreSecrets } from './store-secrets';
import { derivedFrom } from './store-secrets';

/** A store, what goes on for it in the background, and what keeps its contents secret. */
export interface OpenStore extends StoreSecrets, StoreKeepers {
	readonly store: Store;
	/** Where records may be of a secret. */
	readonly secretKeeper?: SecretKeeper;
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

function tokenKeyOf(secret: string, ofStore: Buffer): Buffer {
	return derivedFrom(secret, 'idempotency claim token', 32, ofStore);
}
