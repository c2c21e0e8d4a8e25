import { scrypt } from 'node:crypto';

/** Costs whoever tries secrets one by one 32 MB and some 50 ms for each. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 };
/** The same in all stores: identities depend on it, and downstream systems may hold them. */
const SALT = 'n8n-nodes-idempotency v1';

export const MIN_SECRET_LENGTH = 16;

const known = new Map<string, Promise<string>>();

/**
 * What all keys, digests and identities come from in the place of a secret: whatever of them somebody gets hold of, the secret can't be
 * guessed quickly from it. Once for a process and secret. `''` stays `''`.
 */
export async function stretchedSecret(secret: string): Promise<string> {
	if (secret === '') return '';
	let stretched = known.get(secret);
	if (stretched === undefined) {
		stretched = new Promise((resolve, reject) => {
			scrypt(secret.normalize('NFC'), SALT, 32, COST, (error, key) => {
				if (error) reject(error);
				else resolve(key.toString('base64url'));
			});
		});
		known.set(secret, stretched);
	}
	return await stretched;
}
