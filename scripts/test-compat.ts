import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { SetUp } from '../test/e2e/harness/set-up';
import { CHECKOUT } from './lib/checkout.mjs';
import { runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { say } from './lib/log.mjs';
import { ensureN8n, ensureNode } from './lib/n8n-install.mjs';
import { environmentWithNode } from './lib/node.mjs';
import { ensureRedisServer } from './lib/programs.mjs';
import { otherServers } from './lib/redis-servers';
import { buildAndPack } from './lib/tarball';

/**
 * `npm run test:compat`: the tests of test/e2e/compat, against an older n8n that has this package as users get it, on an older
 * Node without SQLite and on one with it. `npm run test:compat -- redis`: the tests of the Redis store instead, on each Redis, Valkey and
 * the like that is on PATH or named in REDIS_SERVERS; further arguments go to jest.
 */

/** The newest Node 22, whose SQLite needs no flag. */
const NODE_22 = '22.23.3';

/** The tests of the store on each Redis, Valkey and the like that is there. */
async function testRedisServers(args: readonly string[]): Promise<number> {
	let worst = 0;
	for (const { path, version } of otherServers()) {
		say(`Tests of the Redis store on ${version} (${path})`);
		const jest = spawn('jest', ['test/stores/redis', '-w', '1', ...args], {
			cwd: CHECKOUT,
			env: { ...environmentWithNode(CHECKOUT), REDIS_SERVER_PROGRAM: path },
			stdio: 'inherit',
		});
		const [code] = (await once(jest, 'close')) as [number | null];
		worst = Math.max(worst, code ?? 1);
	}
	return worst;
}

void runMain(async () => {
	await ensureRedisServer();
	if (process.argv[2] === 'redis') return await testRedisServers(process.argv.slice(3));
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
