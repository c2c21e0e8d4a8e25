import { startPostgres } from '../../../scripts/lib/postgres';
import { startRedis } from '../../../scripts/lib/redis';

/** PostgreSQL and Redis, and what each n8n process of queue mode is told. */
export async function startQueueServers() {
	const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
	const env: Record<string, string> = {
		EXECUTIONS_MODE: 'queue',
		N8N_ENCRYPTION_KEY: 'shared-by-main-and-workers',
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: '127.0.0.1',
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_DATABASE: postgres.database,
	};
	return { postgres, redis, env };
}

export const WORKER_ARGS = ['worker', '--concurrency=5'];
