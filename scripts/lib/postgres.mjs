/** A real PostgreSQL: on the machine, and a cluster of our own for a test, apart from any that the system runs. */
import { readdirSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { plainError, temporaryFolder } from './cleanup.mjs';
import { findProgram, installDebianPackages } from './debian.mjs';
import { freePort } from './ports.mjs';
import { run, startServer, waitUntil } from './processes.mjs';

/** Debian keeps them off PATH, a folder for each version. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';

/** The folder of `initdb` and `postgres`, or undefined. */
function programsFolder() {
	let versions = [];
	try {
		versions = readdirSync(DEBIAN_FOLDER).sort((a, b) => Number(b) - Number(a));
	} catch {
		// Not Debian, or not installed.
	}
	const folders = versions.map((version) => join(DEBIAN_FOLDER, version, 'bin'));
	const onPath = findProgram('initdb');
	if (onPath !== undefined) folders.push(dirname(onPath));
	return folders.find((folder) =>
		['initdb', 'postgres'].every((name) => findProgram(name, folder) !== undefined),
	);
}

/** Sees to it that PostgreSQL's server programs are there. */
export async function ensurePostgres() {
	if (programsFolder() !== undefined) return;
	await installDebianPackages(['postgresql'], 'PostgreSQL is needed');
	if (programsFolder() === undefined) {
		throw plainError(`PostgreSQL is needed: initdb and postgres on PATH, or in ${DEBIAN_FOLDER}`);
	}
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
async function unprivileged() {
	if (process.getuid?.() !== 0) return { prefix: [], own: async () => {} };
	const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])));
	const [uid, gid] = ids.map(({ stdout }) => Number(stdout));
	return {
		prefix: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
		own: async (folder) => await chown(folder, uid, gid),
	};
}

async function accepts(port) {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		return true;
	} finally {
		socket.destroy();
	}
}

/**
 * Starts a PostgreSQL on a free loopback port, whose superuser `n8n` needs no password. It outlives no crash of the machine:
 * nothing is flushed to disk.
 *
 * @returns {Promise<{ port: number, user: string, database: string, stop: () => Promise<void>, tail: (lines: number) => string }>}
 */
export async function startPostgres() {
	const programs = programsFolder();
	const { prefix, own } = await unprivileged();
	const as = (program, args) => [...prefix, join(programs, program), ...args];

	const folder = await temporaryFolder('idempotency-postgres');
	// What is above it may be open to nobody else.
	await chmod(folder, 0o755);
	const data = join(folder, 'data');
	await mkdir(data, { mode: 0o700 });
	await own(data);
	const initdb = ['-D', data, '-U', 'n8n', '--auth=trust', '--no-sync', '--encoding=UTF8'];
	const [command, ...args] = as('initdb', [...initdb, '--locale=C']);
	await run(command, args, { cwd: data });

	const port = await freePort();
	const settings = {
		...{ listen_addresses: '127.0.0.1', port, unix_socket_directories: '' },
		...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
	};
	const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
	const [server, ...serverArgs] = as('postgres', ['-D', data, ...flags]);
	const postgres = startServer('PostgreSQL', server, serverArgs, { cwd: data });
	const ready = waitUntil(() => accepts(port), { what: 'PostgreSQL', timeoutMs: 30_000 });
	try {
		await Promise.race([ready, postgres.ended]);
	} catch (error) {
		throw plainError(`${error.message}\nThe last lines of its log:\n${postgres.tail(20)}`);
	}
	return { port, user: 'n8n', database: 'postgres', ...postgres };
}
