import type { SetUp } from '../test/e2e/harness/set-up';
import { runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { say } from './lib/log.mjs';
import { ensureN8n, ensureNode } from './lib/n8n-install.mjs';
import { ensureRedisServer } from './lib/programs.mjs';
import { buildAndPack } from './lib/tarball';

/**
 * `npm run test:compat`: the tests of test/e2e/compat, against an older n8n that has this package as users get it, on an older
 * Node without SQLite and on one with it.
 */

/** The newest Node 22, whose SQLite needs no flag. */
const NODE_22 = '22.23.3';

void runMain(async () => {
	await ensureRedisServer();
	const install = await ensureN8n('n8n-older');
	const runs: ReadonlyArray<Pick<SetUp, 'embeddedStore'> & { readonly node: string }> = [
		{ node: install.node, embeddedStore: 'refused' },
		{ node: await ensureNode(NODE_22), embeddedStore: 'works' },
	];
	const folder = await temporaryFolder('idempotency-compat');
	const tarball = await buildAndPack(folder);

	let worst = 0;
	for (const { node, embeddedStore } of runs) {
		say(`Tests against n8n ${install.version}, embedded store: ${embeddedStore}`);
		const setUp = { install: { ...install, node }, tarball, embeddedStore };
		const args = ['--testMatch', '<rootDir>/test/e2e/compat/*.test.ts', ...process.argv.slice(2)];
		worst = Math.max(worst, await runE2eTests(folder, setUp, args));
	}
	return worst;
});
