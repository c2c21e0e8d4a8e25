/** Every command that the store sends, or runs in its scripts: all are in Redis 6.2, and in Valkey. */
export const STORE_COMMANDS = [
	'eval',
	'evalsha',
	'time',
	'exists',
	'get',
	'setnx',
	'del',
	'pexpire',
	'pexpireat',
	'hget',
	'hgetall',
	'hset',
	'hsetnx',
	'hdel',
	'hincrby',
	'hmget',
	'hscan',
	'hkeys',
	'scan',
	'zadd',
	'zrem',
	'zrange',
	'zcount',
	'zrangebyscore',
	'zremrangebyscore',
	'publish',
	'subscribe',
	'unsubscribe',
	'wait',
] as const;

/**
 * The rights of a Redis user that the store can do with, for `ACL SETUSER <name> on ><password> …`. Another database than 0 needs
 * `+select` as well, the credential test sees more with `+info` and `+config|get`, and a cluster needs `+cluster`.
 */
export function aclRights(keyPrefix: string): string {
	return `resetkeys ~${keyPrefix}:* resetchannels &${keyPrefix}:* -@all ${STORE_COMMANDS.map((name) => `+${name}`).join(' ')}`;
}
