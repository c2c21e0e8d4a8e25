import { runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { say } from './lib/log.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import { ensurePrometheus } from './lib/programs.mjs';
import { buildAndPack } from './lib/tarball';

/** `npm run test:long`: the tests of test/e2e/long, which take minutes, gigabytes or further programs; not a part of `.ci/run`. */
void runMain(async () => {
	await ensurePrometheus();
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-long');
	const tarball = await buildAndPack(folder);
	say(`Tests against n8n ${install.version}: some minutes, with bodies of 15 MB`);
	const args = ['--testMatch', '<rootDir>/test/e2e/long/*.test.ts', ...process.argv.slice(2)];
	return await runE2eTests(folder, { install, tarball }, args);
});
