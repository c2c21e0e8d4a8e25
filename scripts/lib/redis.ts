import { RedisServer } from '../../test/support/redis-server';
import type { RedisServerOptions } from '../../test/support/redis-server';
import { onCleanup } from './cleanup.mjs';
import { noteProcess } from './processes.mjs';

/** Starts a Redis of our own on a free loopback port, and ends it at the latest when the script ends. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
	const onSpawn = noteProcess;
	const server = await RedisServer.start({ ...options, onSpawn });
	onCleanup(async () => await server.stop());
	return server;
}
