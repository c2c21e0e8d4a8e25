export { adviceFor as redisAdviceFor } from './advice';
export { redisOptionsFrom } from './given';
export type { GivenRedis } from './given';
export { describeRedis } from './health';
export type { RedisFinding, RedisHealth } from './health';
export { DEFAULT_TIMEOUTS, connectionDigestOf } from './options';
export type { RedisNode, RedisOptions, RedisTimeouts, RedisTls } from './options';
export { openRedisStore } from './redis-store';
export { aclRights } from './user-rights';
