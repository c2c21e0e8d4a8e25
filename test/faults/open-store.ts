import type { Store } from '../../lib/core/store';
import type { WorkerStore } from './worker-task';

/** Loads only the store that is asked for: a worker shall start in a moment. */
export async function openStore(store: WorkerStore): Promise<Store> {
	if (store.kind === 'redis') {
		return (await import('../../lib/stores/redis')).openRedisStore(store.options);
	}
	if (store.kind === 'postgres') {
		return (await import('../../lib/stores/postgres')).openPostgresStore(store.options);
	}
	return await (await import('../../lib/stores/embedded')).openEmbeddedStore(store);
}
