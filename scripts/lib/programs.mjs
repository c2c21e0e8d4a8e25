/** Programs that come with the system and not from npm: installed where they are missing, or named with the command that installs them. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { plainError } from './cleanup.mjs';
import { findProgram, installDebianPackages } from './debian.mjs';

const OLDEST_REDIS = [6, 2];

function redisVersion() {
	if (findProgram('redis-server') === undefined) return undefined;
	const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
	const match = /v=(\d+)\.(\d+)/.exec(stdout ?? '');
	return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

const isNewEnough = ([major, minor]) =>
	major > OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor >= OLDEST_REDIS[1]);

/** Sees to it that a redis-server of version 6.2 or newer is on PATH. */
export async function ensureRedisServer() {
	let version = redisVersion();
	if (version !== undefined && isNewEnough(version)) return;
	await installDebianPackages(['redis-server'], 'redis-server 6.2 or newer is needed');
	version = redisVersion();
	if (version === undefined || !isNewEnough(version)) {
		const found = version === undefined ? 'none' : version.join('.');
		throw plainError(
			`redis-server 6.2 or newer is needed on PATH; the system's packages gave ${found}. See https://redis.io/docs/latest/operate/oss_and_stack/install/`,
		);
	}
}

/** Sees to it that Debian's Chromium is there. */
export async function ensureChromium() {
	if (findProgram('chromium') !== undefined) return;
	await installDebianPackages(['chromium'], 'Chromium is needed');
}

/** Sees to it that a RabbitMQ is there. */
export async function ensureRabbitMq() {
	if (findProgram('rabbitmq-server') !== undefined) return;
	await installDebianPackages(['rabbitmq-server'], 'The example of a queue needs a RabbitMQ');
}

/** Debian keeps PostgreSQL's programs off PATH, a folder for each version. */
const DEBIAN_POSTGRES = '/usr/lib/postgresql';

/** The folder of `initdb` and `postgres`, or undefined. */
export function postgresPrograms() {
	let versions = [];
	try {
		versions = readdirSync(DEBIAN_POSTGRES).sort((a, b) => Number(b) - Number(a));
	} catch {
		// Not Debian, or not installed.
	}
	const folders = versions.map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
	const onPath = findProgram('initdb');
	if (onPath !== undefined) folders.push(dirname(onPath));
	return folders.find((folder) =>
		['initdb', 'postgres'].every((name) => findProgram(name, folder) !== undefined),
	);
}

/** Sees to it that PostgreSQL's server programs are there. */
export async function ensurePostgres() {
	if (postgresPrograms() !== undefined) return;
	await installDebianPackages(['postgresql'], 'PostgreSQL is needed');
	if (postgresPrograms() === undefined) {
		throw plainError(`PostgreSQL is needed: initdb and postgres on PATH, or in ${DEBIAN_POSTGRES}`);
	}
}

/** Installs Prometheus where it is missing. */
export async function ensurePrometheus() {
	if (findProgram('prometheus') !== undefined) return;
	await installDebianPackages(['prometheus'], 'Prometheus is needed');
	if (findProgram('prometheus') === undefined) throw plainError('Prometheus is needed: on PATH');
}

/** Installs PgBouncer where it is missing. */
export async function ensurePgBouncer() {
	if (findProgram('pgbouncer') !== undefined) return;
	await installDebianPackages(['pgbouncer'], 'PgBouncer is needed');
	if (findProgram('pgbouncer') === undefined) throw plainError('PgBouncer is needed: on PATH');
}
