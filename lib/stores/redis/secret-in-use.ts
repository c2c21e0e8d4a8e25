import type { Client } from './scripts';

/** What is noted where records are made without a secret. */
export const NO_SECRET = 'none';

const FIELD = 'id';

/**
 * Whether records may be looked for under a secret. Identities depend on it, so that under another one every request would count
 * as new: Redis remembers, by a digest, which secret its records were made with.
 *
 * @param id of the secret in use, or NO_SECRET
 * @param previousId of the secret before it; '' where none is given. Where the records are of that one, the change is noted
 */
export async function acceptSecret(
	client: Pick<Client, 'hsetnx' | 'hget' | 'hset'>,
	name: string,
	id: string,
	previousId: string,
): Promise<boolean> {
	await client.hsetnx(name, FIELD, id);
	const known = await client.hget(name, FIELD);
	if (known === id) return true;
	if (id === NO_SECRET || known !== previousId) return false;
	await client.hset(name, FIELD, id);
	return true;
}
