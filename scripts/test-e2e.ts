import { chmod } from 'node:fs/promises';

import { runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { say } from './lib/log.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import {
	ensureChromium,
	ensurePostgres,
	ensureRabbitMq,
	ensureRedisServer,
} from './lib/programs.mjs';
import { buildAndPack, packNextVersion } from './lib/tarball';

/**
 * `npm run test:e2e`: the tests of test/e2e, against real n8n processes that have this package as users get it.
 * `npm run test:e2e -- regular` (or `queue`, `browser`, `examples`) runs a part: jest gets the arguments.
 */

/** Which tests they are, and what only they need. */
const PARTS: Readonly<Record<string, () => Promise<void>>> = {
	regular: async () => {},
	queue: ensurePostgres,
	browser: ensureChromium,
	examples: async () => {
		await ensureRabbitMq();
		await ensurePostgres();
	},
};

async function ensurePrograms(parts: readonly string[]): Promise<void> {
	// One after the other: apt-get does one thing at a time.
	await ensureRedisServer();
	for (const part of parts) await PARTS[part]?.();
}

void runMain(async () => {
	const args = process.argv.slice(2);
	const named = Object.keys(PARTS).filter((part) => args.some((arg) => arg.startsWith(part)));
	const parts = named.length > 0 ? named : Object.keys(PARTS);

	await ensurePrograms(parts);
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-e2e');
	// PostgreSQL runs as a user of its own, and its files are further down.
	await chmod(folder, 0o755);
	const tarball = await buildAndPack(folder);
	const newer = await packNextVersion(tarball, folder);
	say(
		`Tests against n8n ${install.version}: ${parts.join(', ')}; all of them take some 14 minutes`,
	);
	return await runE2eTests(folder, { install, tarball, newer }, args);
});
