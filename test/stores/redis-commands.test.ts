import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { STORE_COMMANDS } from '../../lib/stores/redis/user-rights';

/** Which commands of Redis we use. */

/** From the command reference: since 6.2 or before. */
const COMMANDS_IN_6_2 =
	`append copy decr decrby del eval evalsha exists expire expireat get getdel getex getrange getset hdel
	hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetnx hstrlen hvals incr
	incrby mget mset persist pexpire pexpireat psetex pttl publish scan set setex setnx strlen subscribe time touch ttl type
	unlink unsubscribe wait zadd zcard zcount zincrby zmscore zpopmin zrange zrangebyscore zrem zremrangebyscore zscore`.split(
		/\s+/,
	);

/** What TypeScript sends by itself, by the names that it has for the client. */
function sentBySource(): string[] {
	const folder = join(__dirname, '../../lib/stores/redis');
	const names = readdirSync(folder)
		.filter((file) => file.endsWith('.ts'))
		.flatMap((file) => [
			...readFileSync(join(folder, file), 'utf8').matchAll(/\b(?:client|redis|node)\.([a-z]+)\(/g),
		])
		.map(([, name = '']) => name);
	return [...new Set(names)];
}

describe('commands', () => {
	const folder = join(__dirname, '../../lib/stores/redis/scripts');
	const inScripts = new Set(
		readdirSync(folder).flatMap((file) =>
			[...readFileSync(join(folder, file), 'utf8').matchAll(/redis\.p?call\(\s*'([A-Z]+)'/g)].map(
				([, name = '']) => name.toLowerCase(),
			),
		),
	);

	it('of the scripts are all named as such, so that this test can see them', () => {
		for (const file of readdirSync(folder)) {
			const text = readFileSync(join(folder, file), 'utf8').replace(/--.*$/gm, '');
			// Whatever else is done with `redis` or its name could call anything.
			const uses =
				text.match(/\bredis\b|\b_G\b|\b[gs]etfenv\b|\bloadstring\b|\bload\s*['"[]/g)?.length ?? 0;
			const named = text.match(/\bredis\.p?call\(\s*'[A-Z]+'/g)?.length ?? 0;
			const other = text.match(/\bredis\.(log|sha1hex|status_reply|error_reply)\(/g)?.length ?? 0;
			expect([file, named + other]).toEqual([file, uses]);
		}
		expect(inScripts.size).toBeGreaterThan(10);
	});

	it('are those that the user needs rights for, and in Redis 6.2', () => {
		const talk = ['subscribe', 'unsubscribe', 'wait'];
		const sent = ['eval', 'evalsha', 'get', 'setnx', 'scan', 'zrangebyscore', 'pexpire', ...talk];
		expect([...new Set([...inScripts, ...sent])].sort()).toEqual([...STORE_COMMANDS].sort());
		const bySource = sentBySource().filter((name) => COMMANDS_IN_6_2.includes(name));
		expect(bySource).toContain('pexpire');
		for (const command of bySource) expect(STORE_COMMANDS).toContain(command);
		for (const command of STORE_COMMANDS) expect(COMMANDS_IN_6_2).toContain(command);
	});
});
