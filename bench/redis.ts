import { Redis } from 'ioredis';

import { openRedisStore } from '../lib/stores/redis';
import type { Store } from '../lib/core/store';
import { onCleanup } from '../scripts/lib/cleanup.mjs';
import { startRedis } from '../scripts/lib/redis';

/** A Redis of this run, with our store in it and a bare client for what is compared. */
export interface BenchRedis {
	readonly port: number;
	readonly store: Store;
	readonly client: Redis;
	empty(): Promise<void>;
	usedBytes(): Promise<number>;
}

export async function startBenchRedis(): Promise<BenchRedis> {
	const { port } = await startRedis();
	const client = clientOf(port);
	const store = openRedisStore({ deployment: 'standalone', host: '127.0.0.1', port });
	onCleanup(async () => {
		await store.close();
		client.disconnect();
	});
	return {
		...{ port, store, client },
		async empty() {
			await client.flushall('SYNC');
		},
		async usedBytes() {
			const info = await client.info('memory');
			return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
		},
	};
}

export function clientOf(port: number): Redis {
	return new Redis({ host: '127.0.0.1', port, enableAutoPipelining: false });
}
