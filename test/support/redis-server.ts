import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

import type { Certificates } from './certificates';
import { endChild } from './end-child';
import { freeClusterPort, freePort } from './ports';

/** Valkey and others, where they are tested: scripts/lib/redis-servers.ts. */
const PROGRAM = process.env.REDIS_SERVER_PROGRAM ?? 'redis-server';

/** Real redis-server processes on free ports of 127.0.0.1, in folders of their own, each ended by its own pid. */

export interface RedisServerOptions {
	/** Lines of redis.conf. */
	readonly config?: readonly string[];
	readonly password?: string;
	/** `ACL SETUSER` lines without the command's name: `name on >password ~idem:* +get`. */
	readonly users?: readonly string[];
	readonly tls?: Certificates;
	/** Where it listens; 127.0.0.1 unless given. */
	readonly bind?: string;
	readonly wantsClientCertificate?: boolean;
	readonly replicaOf?: { readonly port: number; readonly password?: string };
	readonly cluster?: boolean;
	/** Runs as a sentinel. */
	readonly sentinel?: boolean;
	/** Taken if it is given: a server that comes back. */
	readonly port?: number;
	/** Called with each process that is started. */
	readonly onSpawn?: (child: ChildProcess, command: string) => void;
}

const START_LIMIT_MS = 60_000;
const READY = /Ready to accept connections|Sentinel ID is/;

export class RedisServer {
	private child: ChildProcess | undefined;

	private constructor(
		readonly port: number,
		readonly options: RedisServerOptions,
		private readonly folder: string,
	) {}

	static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
		const folder = mkdtempSync(join(tmpdir(), 'idempotency-redis-'));
		const port = options.port ?? (await (options.cluster ? freeClusterPort() : freePort()));
		const server = new RedisServer(port, options, folder);
		try {
			await server.run();
		} catch (error) {
			await server.stop();
			throw error;
		}
		return server;
	}

	/** A client for the test's own questions; the caller disconnects it. */
	client(): Redis {
		const { tls, password } = this.options;
		return new Redis({
			host: this.options.bind ?? '127.0.0.1',
			port: this.port,
			password,
			tls:
				tls === undefined
					? undefined
					: { ca: tls.ca, cert: tls.cert, key: tls.key, checkServerIdentity: () => undefined },
			protocol: 2,
			retryStrategy: () => 50,
		}).on('error', () => undefined);
	}

	/** Asks once, over a connection of its own. */
	async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
		const client = this.client();
		try {
			return await question(client);
		} finally {
			client.disconnect();
		}
	}

	/** Starts it, or starts it again with its data, and waits until its log says `ready`. */
	async run(ready = READY, more: readonly string[] = []): Promise<void> {
		const file = join(this.folder, 'redis.conf');
		writeFileSync(file, [...this.config(), ...more].join('\n'));
		const args = [file, ...(this.options.sentinel ? ['--sentinel'] : [])];
		const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] });
		this.child = child;
		this.options.onSpawn?.(child, 'redis-server');
		let log = '';
		child.stdout.on('data', (data: Buffer) => (log += data.toString()));
		child.stderr.on('data', (data: Buffer) => (log += data.toString()));
		const giveUpAt = Date.now() + START_LIMIT_MS;
		while (!ready.test(log)) {
			if (child.exitCode !== null || Date.now() > giveUpAt) {
				throw new Error(`redis-server did not start: ${log}`);
			}
			await sleep(10);
		}
	}

	/** Ends it; `SIGKILL` as a crash. Its data stay for `run`. */
	async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
		const { child } = this;
		if (child !== undefined) await endChild(child, signal);
	}

	/** Halts and continues it: a server that accepts and never answers. */
	signal(signal: NodeJS.Signals): void {
		this.child?.kill(signal);
	}

	async stop(): Promise<void> {
		this.signal('SIGCONT');
		await this.kill('SIGKILL');
		rmSync(this.folder, { recursive: true, force: true });
	}

	private config(): string[] {
		const { config = [], password, users = [], tls, replicaOf, cluster } = this.options;
		const listen =
			tls === undefined
				? [`port ${this.port}`]
				: [
						'port 0',
						`tls-port ${this.port}`,
						`tls-ca-cert-file ${join(tls.folder, 'ca.pem')}`,
						`tls-cert-file ${join(tls.folder, 'server.pem')}`,
						`tls-key-file ${join(tls.folder, 'server.key')}`,
						`tls-auth-clients ${this.options.wantsClientCertificate ? 'yes' : 'no'}`,
						...(this.options.cluster ? ['tls-cluster yes'] : []),
						...(this.options.sentinel || this.options.replicaOf ? ['tls-replication yes'] : []),
					];
		return [
			`bind ${this.options.bind ?? '127.0.0.1'}`,
			...listen,
			`dir ${this.folder}`,
			...(this.options.sentinel ? [] : ['save ""', 'appendonly no']),
			...(password === undefined ? [] : [`requirepass ${quoted(password)}`]),
			...users.map((user) => `user ${user}`),
			...(replicaOf === undefined ? [] : [`replicaof 127.0.0.1 ${replicaOf.port}`]),
			...(replicaOf?.password === undefined ? [] : [`masterauth ${quoted(replicaOf.password)}`]),
			...(cluster ? ['cluster-enabled yes', 'cluster-node-timeout 1000'] : []),
			...config,
		];
	}
}

/** In redis.conf: double quotes, with escapes for what would end them. */
function quoted(text: string): string {
	return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
