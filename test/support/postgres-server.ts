import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
	chmodSync,
	chownSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

import type { Certificates } from './certificates';
import { endChild } from './end-child';
import { freePort } from './ports';

const START_LIMIT_MS = 60_000;

/** A real PostgreSQL on a free port of 127.0.0.1, in a folder of its own, ended by its own pid. It flushes nothing to the disk. */
export class PostgresServer {
	readonly user = 'tests';

	readonly database = 'postgres';

	private child: ChildProcess | undefined;

	private constructor(
		readonly port: number,
		private readonly folder: string,
		readonly ids: { readonly uid: number; readonly gid: number } | undefined,
		private readonly settings: Readonly<Record<string, string>>,
	) {}

	/** @param settings as in postgresql.conf */
	static async start(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
		const server = await PostgresServer.inFolder(settings);
		server.init();
		await server.run();
		return server;
	}

	/** With a certificate, and with lines of pg_hba.conf. */
	static async startWithTls(
		{ folder }: Certificates,
		hba: readonly string[],
	): Promise<PostgresServer> {
		const at = (name: string) => join(folder, name);
		chmodSync(folder, 0o755);
		chmodSync(at('server.key'), 0o600);
		if (process.getuid?.() === 0) {
			const { uid, gid } = idsOfPostgres();
			chownSync(at('server.key'), uid, gid);
		}
		writeFileSync(at('hba.conf'), `${hba.join('\n')}\n`);
		return await PostgresServer.start({
			ssl: 'on',
			ssl_cert_file: at('server.pem'),
			ssl_key_file: at('server.key'),
			ssl_ca_file: at('ca.pem'),
			hba_file: at('hba.conf'),
		});
	}

	/** A standby of this server, which may only be read. It takes over all that has happened so far. */
	async startStandby(): Promise<PostgresServer> {
		const standby = await PostgresServer.inFolder(this.settings);
		const from = ['-h', '127.0.0.1', '-p', String(this.port), '-U', this.user];
		const args = ['-D', standby.data, '-X', 'stream', '-R', '--checkpoint=fast', '--no-sync'];
		execFileSync(program('pg_basebackup'), [...from, ...args], {
			...this.ids,
			cwd: standby.data,
			stdio: 'ignore',
		});
		await standby.run();
		return standby;
	}

	private static async inFolder(
		settings: Readonly<Record<string, string>>,
	): Promise<PostgresServer> {
		const folder = mkdtempSync(join(tmpdir(), 'idempotency-postgres-'));
		// What is above the data may be open to nobody else; PostgreSQL does not run as root.
		chmodSync(folder, 0o755);
		const ids = process.getuid?.() === 0 ? idsOfPostgres() : undefined;
		const server = new PostgresServer(await freePort(), folder, ids, settings);
		mkdirSync(server.data, { mode: 0o700 });
		if (ids !== undefined) chownSync(server.data, ids.uid, ids.gid);
		return server;
	}

	/** Asks as the superuser. */
	async ask(sql: string, values: unknown[] = []): Promise<Array<Record<string, unknown>>> {
		const client = new Client(this.options);
		await client.connect();
		try {
			return (await client.query<Record<string, unknown>>(sql, values)).rows;
		} finally {
			await client.end();
		}
	}

	get options() {
		const { port, user, database } = this;
		return { host: '127.0.0.1', port, user, database, password: '' };
	}

	get pid(): number {
		return this.child?.pid ?? 0;
	}

	/** As a machine that loses its power, but for what the kernel still writes. */
	async kill(): Promise<void> {
		await this.end('SIGKILL');
	}

	async run(): Promise<void> {
		const settings = {
			listen_addresses: '127.0.0.1',
			port: this.port,
			unix_socket_directories: '',
			fsync: 'off',
			full_page_writes: 'off',
			max_connections: 60,
			...this.settings,
		};
		const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
		const args = ['-D', this.data, ...flags];
		this.child = spawn(program('postgres'), args, { ...this.ids, cwd: this.data, stdio: 'ignore' });
		const giveUpAt = Date.now() + START_LIMIT_MS;
		for (;;) {
			if (await this.ask('SELECT 1').catch(() => null)) return;
			if (Date.now() > giveUpAt || this.child.exitCode !== null) {
				await this.kill();
				throw new Error('PostgreSQL did not start');
			}
			await sleep(50);
		}
	}

	async stop(): Promise<void> {
		await this.end('SIGQUIT');
		rmSync(this.folder, { recursive: true, force: true });
	}

	private get data(): string {
		return join(this.folder, 'data');
	}

	private init(): void {
		const options = ['-D', this.data, '-U', this.user, '--auth=trust', '--no-sync'];
		execFileSync(program('initdb'), [...options, '--encoding=UTF8', '--locale=C'], {
			...this.ids,
			cwd: this.data,
			stdio: 'ignore',
		});
	}

	private async end(signal: NodeJS.Signals): Promise<void> {
		const { child } = this;
		if (child !== undefined) await endChild(child, signal);
	}
}

function idsOfPostgres(): { uid: number; gid: number } {
	const [uid = 0, gid = 0] = ['-u', '-g'].map((flag) =>
		Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
	);
	return { uid, gid };
}

/** Of Debian's package, which keeps the programs of each version apart; or on the path. */
function program(name: string): string {
	const root = '/usr/lib/postgresql';
	const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
	const found = versions.map((version) => join(root, version, 'bin', name)).find(existsSync);
	return found ?? name;
}
