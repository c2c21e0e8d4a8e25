import { Client } from 'pg';

import { postgresCredential } from '../../../scripts/lib/example';
import type { Credential } from '../harness/api';
import { N8nHost } from '../harness/n8n-host';
import { startQueueServers } from '../harness/queue-mode';

/** An n8n in queue mode with two workers, and a database of the user's in which its store is as well. */
export class Cluster {
	private restarting = new Map<N8nHost, Promise<unknown>>();

	private constructor(
		readonly main: N8nHost,
		private readonly workers: readonly N8nHost[],
		/** As the user, in the user's database. */
		readonly db: Client,
		readonly credentials: Readonly<Record<string, Credential>>,
	) {}

	static async start(): Promise<Cluster> {
		const { postgres, env } = await startQueueServers();
		const { port, user } = postgres;
		const database = 'effects';
		const server = { host: '127.0.0.1', port, user };
		const admin = new Client({ ...server, database: postgres.database });
		await admin.connect();
		await admin.query(`CREATE DATABASE ${database}`);
		await admin.end();
		const db = new Client({ ...server, database });
		// PostgreSQL may be ended first.
		db.on('error', () => undefined);
		await db.connect();

		const main = await N8nHost.create({ env });
		const worker = { env, args: ['worker', '--concurrency=20'] };
		const workers = [await N8nHost.create(worker), await N8nHost.create(worker)];
		await main.start();
		await Promise.all(workers.map(async (each) => await each.start()));
		await main.signIn();
		const { name, type, data } = postgresCredential({ port, user, database });
		const own = { ...server, database, password: '', ssl: 'disable' };
		return new Cluster(main, workers, db, {
			[type]: await main.api.saveCredential(name, type, data),
			postgres: await main.api.saveCredential('PostgreSQL', 'postgres', own),
		});
	}

	/** SIGKILL to all processes of n8n at once. Resolves when all are up again. */
	async killAll(): Promise<void> {
		const { main, workers } = this;
		await Promise.all(this.restarting.values());
		await Promise.all([main, ...workers].map(async (each) => await each.kill()));
		await main.start();
		await Promise.all(workers.map(async (each) => await each.start()));
	}

	/** SIGKILL to one worker, which starts again meanwhile. The other one lives. */
	async killWorker(number: number): Promise<void> {
		const worker = this.workers[number % this.workers.length];
		if (worker === undefined) throw new RangeError('There is no such worker');
		await Promise.all(this.restarting.values());
		await worker.kill();
		this.restarting.set(worker, worker.start());
	}

	/** Ends a connection to the user's database: one that is at work, if there is one. @returns how many it ended */
	async killBackend(): Promise<number> {
		const { rowCount } = await this.db.query(
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY state = 'idle', random() LIMIT 1`,
		);
		return rowCount ?? 0;
	}

	async stop(): Promise<void> {
		await Promise.all(this.restarting.values());
		await Promise.all([this.main, ...this.workers].map(async (each) => await each.stop()));
		await this.db.end();
	}
}
