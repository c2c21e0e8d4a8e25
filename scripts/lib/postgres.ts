import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';

import { freePort } from '../../test/support/ports';
import { plainError, temporaryFolder } from './cleanup.mjs';
import { run, startServer, waitUntil } from './processes.mjs';
import { postgresPrograms } from './programs.mjs';

/** A real PostgreSQL: a cluster of our own for a test, apart from any that the system runs. */

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
async function unprivileged(): Promise<{
	readonly prefix: readonly string[];
	own(folder: string): Promise<void>;
}> {
	if (process.getuid?.() !== 0) return { prefix: [], own: async () => {} };
	const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])));
	const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout));
	return {
		prefix: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
		own: async (folder) => await chown(folder, uid, gid),
	};
}

/** It takes connections before it lets anybody in. */
async function answers(port: number): Promise<boolean> {
	const client = new Client({ host: '127.0.0.1', port, user: 'n8n', database: 'postgres' });
	try {
		await client.connect();
		return true;
	} finally {
		await client.end();
	}
}

/**
 * Starts a PostgreSQL on a free loopback port, whose superuser `n8n` needs no password. Unless it is durable, it outlives no crash of the
 * machine: nothing is flushed to disk.
 */
export async function startPostgres({ isDurable = false } = {}) {
	const durable = isDurable ? 'on' : 'off';
	const programs = postgresPrograms() ?? '';
	const { prefix, own } = await unprivileged();
	const as = (program: string, args: readonly string[]): [string, string[]] => {
		const [command = '', ...rest] = [...prefix, join(programs, program), ...args];
		return [command, rest];
	};

	const folder = await temporaryFolder('idempotency-postgres');
	// What is above it may be open to nobody else.
	await chmod(folder, 0o755);
	const data = join(folder, 'data');
	await mkdir(data, { mode: 0o700 });
	await own(data);
	const options = ['-D', data, '-U', 'n8n', '--auth=trust', '--no-sync', '--encoding=UTF8'];
	await run(...as('initdb', [...options, '--locale=C']), { cwd: data });

	const port = await freePort();
	const settings = {
		listen_addresses: '127.0.0.1',
		port,
		unix_socket_directories: '',
		fsync: durable,
		synchronous_commit: durable,
		full_page_writes: durable,
	};
	const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
	const [server, args] = as('postgres', ['-D', data, ...flags]);
	const postgres = startServer('PostgreSQL', server, args, { cwd: data });
	const ready = waitUntil(() => answers(port), { what: 'PostgreSQL', timeoutMs: 30_000 });
	try {
		await Promise.race([ready, postgres.ended]);
	} catch (error) {
		throw plainError(`${String(error)}\nThe last lines of its log:\n${postgres.tail(20)}`);
	}
	return { port, user: 'n8n', database: 'postgres', ...postgres };
}
