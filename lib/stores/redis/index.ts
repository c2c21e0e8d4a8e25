export { adviceFor as redisAdviceFor } from './advice';
export { describeRedis } from './health';
export type { RedisFinding, RedisHealth } from './health';
export { DEFAULT_TIMEOUTS, connectionDigestOf } from './options';
export type { RedisNode, RedisOptions, RedisTimeouts, RedisTls } from './options';
export { openRedisStore } from './redis-store';
export type { SecretAwareStore } from './redis-store';
export { NO_SECRET } from './secret-in-use';
export { aclRights } from './user-rights';
