import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

import { endChild } from './end-child';
import { freePort } from './ports';
import type { PostgresServer } from './postgres-server';

/** A real PgBouncer in transaction mode, which gives each transaction another of two connections. */
export class PgBouncer {
	private constructor(
		readonly port: number,
		private readonly folder: string,
		private readonly child: ChildProcess,
	) {}

	static async start(server: PostgresServer): Promise<PgBouncer> {
		const port = await freePort();
		const folder = mkdtempSync(join(tmpdir(), 'idempotency-pgbouncer-'));
		chmodSync(folder, 0o755);
		const users = join(folder, 'users.txt');
		writeFileSync(users, `"${server.user}" ""\n`);
		const config = join(folder, 'pgbouncer.ini');
		const lines = [
			'[databases]',
			`* = host=127.0.0.1 port=${server.port}`,
			'[pgbouncer]',
			'listen_addr = 127.0.0.1',
			`listen_port = ${port}`,
			'unix_socket_dir =',
			'auth_type = trust',
			`auth_file = ${users}`,
			'pool_mode = transaction',
			'default_pool_size = 2',
			'server_round_robin = 1',
		];
		writeFileSync(config, lines.join('\n'));
		const isRoot = process.getuid?.() === 0;
		const args = isRoot ? ['-u', 'postgres', config] : [config];
		const child = spawn('pgbouncer', args, { stdio: 'ignore' });
		for (let tries = 0; ; tries++) {
			const client = new Client({ ...server.options, port });
			const connected = await client.connect().then(
				() => true,
				() => false,
			);
			await client.end().catch(() => undefined);
			const bouncer = new PgBouncer(port, folder, child);
			if (connected) return bouncer;
			if (tries > 200 || child.exitCode !== null) {
				await bouncer.stop();
				throw new Error('PgBouncer did not start');
			}
			await sleep(50);
		}
	}

	async stop(): Promise<void> {
		await endChild(this.child, 'SIGKILL');
		rmSync(this.folder, { recursive: true, force: true });
	}
}
