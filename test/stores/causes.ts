import type { StoreError } from '../../lib/core/reply';
import type { RedisOptions } from '../../lib/stores/redis';
import { describeRedis, openRedisStore } from '../../lib/stores/redis';
import type { RedisServer } from '../support/redis-server';
import { claimRequest, fenceOf, freshIdentity } from '../support/requests';

/** What a claim is told, which is what the test of the credential is told. */
export async function causeOf(
	options: RedisOptions,
): Promise<{ problem: string; message: string }> {
	const described = await describeRedis(options).then(
		() => undefined,
		(error: StoreError) => error,
	);
	const store = openRedisStore(options);
	const [reply] = await store.claim([claimRequest({ identity: freshIdentity() })]);
	await store.close();
	if (reply === undefined || reply.ok || described === undefined) throw new Error('no error');
	// What follows in brackets are the server's own words, which may be of this or that command.
	const words = ({ message }: StoreError) => message.split(' (').at(0);
	expect(words(described)).toBe(words(reply.error));
	expect(described.problem).toBe(reply.error.problem);
	expect(described.advice).toBe(reply.error.advice);
	const { problem, message, advice } = reply.error;
	return { problem, message: `${message}. ${advice}` };
}

/** A test of the credential, and claims. */
export async function works(options: RedisOptions): Promise<void> {
	await describeRedis(options);
	const store = openRedisStore(options);
	for (let i = 0; i < 20; i++) {
		fenceOf((await store.claim([claimRequest({ identity: freshIdentity() })]))[0]);
	}
	await store.close();
}

/** Where a server is, as the credential names it. */
export const at = ({ port }: RedisServer, host = '127.0.0.1') => ({ host, port });
