import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { drawSoak } from '../bench/docs/soak-plot';
import type { SoakRun } from '../bench/docs/soak-plot';
import { CHECKOUT } from './lib/checkout.mjs';
import { plainError, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { runE2eTests } from './lib/e2e';
import { say } from './lib/log.mjs';
import { ensureN8n } from './lib/n8n-install.mjs';
import { buildAndPack } from './lib/tarball';

/**
 * `npm run soak`: an hour of steady load on real n8n processes, regular and queue mode, each store beside one without our nodes. A JSON line for
 * each says what it held and how long it took; it fails where ours grows beyond the one without. `--write-docs` draws the plot.
 */

const USAGE = 'npm run soak -- [--minutes 60] [--write-docs]';

function readArguments(): { minutes: number; writeDocs: boolean } {
	try {
		const { values } = parseArgs({
			options: {
				minutes: { type: 'string', default: '60' },
				'write-docs': { type: 'boolean', default: false },
			},
		});
		const minutes = Number(values.minutes);
		if (minutes >= 1) return { minutes, writeDocs: values['write-docs'] };
	} catch (error) {
		throw plainError(`${(error as Error).message}\nUsage: ${USAGE}`);
	}
	throw plainError(`It takes a minute at least.\nUsage: ${USAGE}`);
}

void runMain(async () => {
	const { minutes, writeDocs } = readArguments();
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-soak');
	// PostgreSQL runs as a user of its own, and its files are further down.
	await chmod(folder, 0o755);
	const file = join(folder, 'slices.jsonl');
	const perMode = minutes / 2;
	process.env.SOAK = JSON.stringify({ minutes: perMode, file });
	const tarball = await buildAndPack(folder);
	say(`n8n ${install.version} under load, ${perMode} minutes in regular and as long in queue mode`);
	const code = await runE2eTests(folder, { install, tarball }, [
		'--testMatch',
		'<rootDir>/test/e2e/soak/*.test.ts',
		'--testTimeout',
		String((minutes + 20) * 60_000),
	]);
	const lines = (await readFile(file, 'utf8')).trim().split('\n');
	const runs = lines.map((line) => JSON.parse(line) as SoakRun);
	for (const { slices, ...run } of runs) {
		const last = slices.at(-1);
		process.stdout.write(`${JSON.stringify({ soak: run, first: slices[0], last })}\n`);
	}
	if (writeDocs) await drawSoak(runs, join(CHECKOUT, 'docs', 'images'));
	return code;
});
