import type { Reply } from '../../core/reply';
import type { SecretAwareStore, SecretNote } from '../../core/store';
import { CheckedStore } from '../checked-store';
import { adviceFor } from './advice';
import type { RedisOptions } from './options';
import { RedisConnections } from './pool';
import { RedisCalls } from './redis-calls';
import { RedisStore } from './redis-store';
import { ReplicatedClaims } from './replicated-claims';

/**
 * Opens the store in Redis. Nothing is sent until the first call, and each call ends within 5 s (see RedisTimeouts), with a typed
 * error where Redis can't be asked. A call whose connection broke is sent again: a claim by its owner is granted once more, and a
 * finish that was carried out answers `kept`.
 *
 * @param connections those that the store may share with others; its own unless given
 */
export function openRedisStore(
	options: RedisOptions,
	connections = new RedisConnections(),
): SecretAwareStore {
	const calls = new RedisCalls(options, connections.to(options));
	const openReplicated = () => new ReplicatedClaims(connections.to(options, 'replicated'));
	return new CheckedRedisStore(new RedisStore(calls, openReplicated), adviceFor);
}

class CheckedRedisStore extends CheckedStore implements SecretAwareStore {
	constructor(
		private readonly redis: SecretAwareStore,
		advice: typeof adviceFor,
	) {
		super(redis, advice);
	}

	async secretNotes(): Promise<Reply<readonly SecretNote[]>> {
		return this.advised(await this.redis.secretNotes());
	}

	async noteSecret(id: string, lifetimeMs: number): Promise<Reply<null>> {
		return this.advised(await this.redis.noteSecret(id, lifetimeMs));
	}
}
