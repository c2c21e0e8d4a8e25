/** A real redis-server: on the machine, and started for a test or a demo. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { findProgram, installDebianPackages } from './debian.mjs';
import { plainError, temporaryFolder } from './cleanup.mjs';
import { freePort } from './ports.mjs';
import { startServer, waitUntil } from './processes.mjs';

const OLDEST = [6, 2];

function installedVersion() {
	if (findProgram('redis-server') === undefined) return undefined;
	const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
	const match = /v=(\d+)\.(\d+)/.exec(stdout ?? '');
	return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

const isNewEnough = ([major, minor]) =>
	major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);

/** Sees to it that a redis-server of version 6.2 or newer is on PATH. */
export async function ensureRedisServer() {
	let version = installedVersion();
	if (version !== undefined && isNewEnough(version)) return;
	await installDebianPackages(['redis-server'], 'redis-server 6.2 or newer is needed');
	version = installedVersion();
	if (version === undefined || !isNewEnough(version)) {
		const found = version === undefined ? 'none' : version.join('.');
		throw plainError(
			`redis-server 6.2 or newer is needed on PATH; the system's packages gave ${found}. See https://redis.io/docs/latest/operate/oss_and_stack/install/`,
		);
	}
}

/** Whether a Redis on loopback answers PING. */
async function answersPing(port) {
	const socket = connect(port, '127.0.0.1');
	try {
		await once(socket, 'connect');
		socket.setTimeout(1_000, () => socket.destroy());
		socket.write('PING\r\n');
		const [reply] = await once(socket, 'data');
		// One that asks for a password is there, too.
		return /^(\+PONG|-NOAUTH)/.test(String(reply));
	} finally {
		socket.destroy();
	}
}

/**
 * Starts a Redis of our own on a free loopback port; nothing is kept on disk unless `args` say so.
 *
 * @param {{ args?: string[], port?: number, folder?: string }} [options] `args`: further arguments of redis-server; `port` and
 *   `folder`: those of one that ran before
 * @returns {Promise<{ port: number, folder: string, ended: Promise<never>, tail: (lines: number) => string, stop: () => Promise<void>, kill: () => Promise<void> }>}
 */
export async function startRedis(options = {}) {
	const { args = [], port = await freePort() } = options;
	const folder = options.folder ?? (await temporaryFolder('idempotency-redis'));
	const server = startServer('redis-server', 'redis-server', [
		...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
		...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
		...args,
	]);
	const ready = waitUntil(() => answersPing(port), { what: 'Redis', timeoutMs: 10_000 });
	await Promise.race([ready, server.ended]);
	return { port, folder, ...server };
}
