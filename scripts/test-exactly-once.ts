import { chmod } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { plainError, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { say } from './lib/log.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import { buildAndPack } from './lib/tarball';

/**
 * `npm run test:exactly-once`: rows that a statement writes in one commit with the record of its request, in a real n8n in queue mode, while one
 * kill in ten is of all of n8n and the others are of workers and of the database's connections. Ends with a JSON line; fails where a key has
 * not exactly one row. Not part of the checks: with 1,000 keys and 200 kills it takes about an hour.
 */

const USAGE = 'npm run test:exactly-once -- [--keys 1000] [--kills 200]';

function readCounts(): { keys: number; kills: number } {
	try {
		const { values } = parseArgs({
			options: {
				keys: { type: 'string', default: '1000' },
				kills: { type: 'string', default: '200' },
			},
		});
		const [keys, kills] = [Number(values.keys), Number(values.kills)];
		if (Number.isInteger(kills) && kills >= 1 && Number.isInteger(keys) && keys >= kills) {
			return { keys, kills };
		}
	} catch (error) {
		throw plainError(`${(error as Error).message}\nUsage: ${USAGE}`);
	}
	throw plainError(`There must be a kill, and a key for each of them.\nUsage: ${USAGE}`);
}

void runMain(async () => {
	process.env.EXACTLY_ONCE = JSON.stringify(readCounts());
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-exactly-once');
	// PostgreSQL runs as a user of its own, and its files are further down.
	await chmod(folder, 0o755);
	const tarball = await buildAndPack(folder);
	say(`Kills of n8n ${install.version}, its workers and connections: ${process.env.EXACTLY_ONCE}`);
	return await runE2eTests(folder, { install, tarball }, [
		'--testMatch',
		'<rootDir>/test/e2e/exactly-once/*.test.ts',
	]);
});
