/**
 * `npm run test:e2e`: the tests of test/e2e, against real n8n processes that have this package as users get it.
 * `npm run test:e2e -- regular` (or `queue`, `browser`, `examples`) runs a part: jest gets the arguments.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKOUT, ensureCheckout } from './lib/checkout.mjs';
import { onCleanup, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { ensureChromium } from './lib/editor.mjs';
import { during, say } from './lib/log.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import { environmentWithNode } from './lib/node24.mjs';
import { ensurePostgres } from './lib/postgres.mjs';
import { NOTES_VARIABLE, endNoted, run } from './lib/processes.mjs';
import { ensureRabbitMq } from './lib/rabbitmq.mjs';
import { ensureRedisServer } from './lib/redis.mjs';
import { packNextVersion, packPackage } from './lib/tarball.mjs';

/** Which tests they are, and what only they need. */
const PARTS = {
	regular: async () => {},
	queue: ensurePostgres,
	browser: ensureChromium,
	examples: ensureRabbitMq,
};

async function ensurePrograms(parts) {
	// One after the other: apt-get does one thing at a time.
	await ensureRedisServer();
	for (const part of parts) await PARTS[part]();
}

async function runTests(folder, setUp, args) {
	const notes = join(folder, 'processes');
	await mkdir(notes);
	const jest = spawn('jest', ['--config', 'jest.e2e.config.js', ...args], {
		cwd: CHECKOUT,
		env: {
			...environmentWithNode(CHECKOUT),
			NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
			// What a killed test leaves behind is removed and ended with the rest.
			TMPDIR: folder,
			[NOTES_VARIABLE]: notes,
			IDEMPOTENCY_E2E: JSON.stringify(setUp),
		},
		stdio: 'inherit',
	});
	onCleanup(async () => {
		if (jest.exitCode === null && jest.signalCode === null) {
			jest.kill('SIGKILL');
			await once(jest, 'exit');
		}
		endNoted(notes);
	});
	const [code] = await once(jest, 'close');
	return code ?? 1;
}

await runMain(async () => {
	const args = process.argv.slice(2);
	const named = Object.keys(PARTS).filter((part) => args.some((arg) => arg.startsWith(part)));
	const parts = named.length > 0 ? named : Object.keys(PARTS);

	await ensureCheckout();
	await ensurePrograms(parts);
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-e2e');
	// PostgreSQL runs as a user of its own, and its files are further down.
	await chmod(folder, 0o755);
	const setUp = await during('Building and packing this package', async () => {
		await run('npm', ['run', 'build'], { cwd: CHECKOUT, env: environmentWithNode(CHECKOUT) });
		const tarball = await packPackage(folder);
		return { install, tarball, newer: await packNextVersion(tarball, folder) };
	});
	say(
		`Tests against n8n ${install.version}: ${parts.join(', ')}; all of them take some 12 minutes`,
	);
	return await runTests(folder, setUp, args);
});
