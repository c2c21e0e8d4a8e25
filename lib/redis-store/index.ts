export { describeRedis } from './health';
export type { RedisFinding, RedisHealth } from './health';
export { DEFAULT_TIMEOUTS } from './options';
export type { RedisNode, RedisOptions, RedisTimeouts, RedisTls } from './options';
export { openRedisStore } from './redis-store';
export { aclRights } from './user-rights';
