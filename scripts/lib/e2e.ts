import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

import type { SetUp } from '../../test/e2e/harness/set-up';
import { CHECKOUT } from './checkout.mjs';
import { onCleanup } from './cleanup.mjs';
import { environmentWithNode } from './node.mjs';
import { NOTES_VARIABLE, endNoted } from './processes.mjs';

/**
 * Runs tests of test/e2e by jest, which are told what was made ready for them.
 *
 * @param folder for all that the tests leave
 * @param args jest's
 * @returns the exit code
 */
export async function runE2eTests(
	folder: string,
	setUp: Partial<SetUp>,
	args: readonly string[],
): Promise<number> {
	const notes = await mkdtemp(join(folder, 'processes-'));
	const jest = spawn('jest', ['--config', 'jest.e2e.config.js', ...args], {
		cwd: CHECKOUT,
		env: {
			...environmentWithNode(CHECKOUT),
			// The plain scripts in scripts/lib are ES modules.
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
	const [code] = (await once(jest, 'close')) as [number | null];
	return code ?? 1;
}
