/** System packages: installed where that is possible, else named with the command that installs them. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { plainError } from './cleanup.mjs';
import { during } from './log.mjs';
import { cleanEnvironment, run } from './processes.mjs';

/** The path of a program on PATH (or in `path`, folders written likewise), or undefined. */
export function findProgram(name, path = process.env.PATH ?? '') {
	for (const folder of path.split(delimiter)) {
		if (folder === '') continue;
		const path = join(folder, name);
		try {
			accessSync(path, constants.X_OK);
			return path;
		} catch {
			// Not in this folder.
		}
	}
	return undefined;
}

/**
 * Installs Debian packages by apt-get.
 *
 * @param {string[]} packages
 * @param {string} purpose why they are needed, e.g. "The tests need redis-server 6.2 or newer"
 * @throws when this user can't install packages: the message names the command
 */
export async function installDebianPackages(packages, purpose) {
	if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
		throw plainError(
			`${purpose}. Install it and run this again, e.g. on Debian or Ubuntu:\n` +
				`  sudo apt-get update && sudo apt-get install -y ${packages.join(' ')}`,
		);
	}
	// RUNLEVEL=1 keeps Debian from starting a service that it installs: nothing here needs one on its standard port.
	const env = cleanEnvironment({ DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' });
	await during(`${purpose}: apt-get install ${packages.join(' ')}`, async () => {
		await run('apt-get', ['update', '-q'], { env });
		await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env });
	});
}
