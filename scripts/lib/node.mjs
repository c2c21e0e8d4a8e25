/**
 * Node from npm: the package `node` puts its binary into node_modules/.bin, so that npm's scripts run on it whatever
 * Node the machine has. Its install script fetches the binary; we run no install scripts, so this one is run on its own.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { plainError } from './cleanup.mjs';
import { during } from './log.mjs';
import { cleanEnvironment, run } from './processes.mjs';

/** The path of the Node that is installed in a folder's node_modules. */
export const nodeIn = (folder) => join(folder, 'node_modules', '.bin', 'node');

/** The folder that holds `include/node`, for compiling native modules against this Node. */
export function nodeHeadersIn(folder) {
	const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
	const name = `${prefix}-${process.platform}-${process.arch}`;
	return join(folder, 'node_modules', 'node', 'node_modules', name);
}

/** The version that was asked for; undefined where none is installed. */
async function versionAskedIn(folder) {
	try {
		const manifest = join(folder, 'node_modules', 'node', 'package.json');
		return JSON.parse(await readFile(manifest, 'utf8')).version;
	} catch {
		return undefined;
	}
}

/** Whether the Node in a folder's node_modules runs, and is the version that was asked for. */
export async function nodeWorksIn(folder) {
	const version = await versionAskedIn(folder);
	if (version === undefined) return false;
	const { stdout } = spawnSync(nodeIn(folder), ['--version'], { encoding: 'utf8' });
	return stdout?.trim() === `v${version}`;
}

/** Makes the Node in a folder's node_modules work, if it does not yet. */
export async function ensureNodeIn(folder) {
	if (await nodeWorksIn(folder)) return;
	await during(`Fetching Node ${await versionAskedIn(folder)} from npm`, () =>
		run('npm', ['rebuild', 'node', '--ignore-scripts=false', '--no-audit', '--no-fund'], {
			cwd: folder,
		}),
	);
	if (!(await nodeWorksIn(folder))) {
		throw plainError(
			`Node did not get into ${nodeIn(folder)}: there may be no build for ${process.platform} ${process.arch}`,
		);
	}
}

/**
 * The environment for commands that shall run on a Node.
 *
 * @param {string} node
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentOf(node, extra = {}) {
	const env = cleanEnvironment(extra);
	env.PATH = [dirname(node), env.PATH].join(delimiter);
	return env;
}

/** The environment for commands that shall run on a folder's Node. */
export const environmentWithNode = (folder, extra = {}) => environmentOf(nodeIn(folder), extra);
