import { spawnSync } from 'node:child_process';
import { findProgram } from './debian.mjs';

/** Servers that speak like Redis, which `npm run test:compat -- redis` runs the Redis store's tests on. */
export interface OtherServer {
	/** A program. */
	readonly path: string;
	/** As it calls itself: `Valkey server v=8.1.1`. */
	readonly version: string;
}

/** Where Debian or a vendor puts them, and those that the variable names, separated by colons. */
export function otherServers(named = process.env.REDIS_SERVERS ?? ''): OtherServer[] {
	const programs = ['redis-server', 'valkey-server', 'keydb-server', 'redict-server'];
	const found = programs.flatMap((name) => findProgram(name) ?? []);
	return [...found, ...named.split(':').filter((path) => path !== '')].map((path) => {
		const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
		const version = /^.*?v=[\d.]+/.exec(stdout ?? '')?.[0];
		if (version === undefined) throw new Error(`${path} does not say which server it is`);
		return { path, version };
	});
}
