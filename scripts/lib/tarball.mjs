/** The package as users get it: packed by npm, installed into n8n's folder for community nodes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKOUT } from './checkout.mjs';
import { during } from './log.mjs';
import { communityNodesFolder } from './n8n.mjs';
import { environmentWithNode } from './node.mjs';
import { run } from './processes.mjs';

/**
 * Builds this checkout and packs it.
 *
 * @param {string} destination a folder
 * @returns {Promise<string>} the tarball's path
 */
export async function buildAndPack(destination) {
	const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error'];
	return await during('Building and packing this package', async () => {
		await run('npm', ['run', 'build'], { cwd: CHECKOUT, env: environmentWithNode(CHECKOUT) });
		const { stdout } = await run('npm', [...pack, '--pack-destination', destination], {
			cwd: CHECKOUT,
		});
		return join(destination, JSON.parse(stdout)[0].filename);
	});
}

/**
 * Packs what a tarball holds under the next patch version, as a newer release would be.
 *
 * @param {string} tarball
 * @param {string} destination a folder
 * @returns {Promise<{ tarball: string, version: string }>}
 */
export async function packNextVersion(tarball, destination) {
	const folder = join(destination, 'next-version');
	await mkdir(folder);
	await run('tar', ['-xzf', tarball, '-C', folder]);
	const file = join(folder, 'package', 'package.json');
	const manifest = JSON.parse(await readFile(file, 'utf8'));
	const [major, minor, patch] = manifest.version.split('.').map(Number);
	const version = `${major}.${minor}.${patch + 1}`;
	await writeFile(file, JSON.stringify({ ...manifest, version }));
	const newer = join(destination, `${manifest.name}-${version}.tgz`);
	await run('tar', ['-czf', newer, '-C', folder, 'package']);
	return { tarball: newer, version };
}

/**
 * Installs a tarball by hand, by the command that the README gives, on whichever Node is on PATH: the package bundles its
 * dependencies, and n8n's own modules are there when n8n loads it.
 *
 * @param {string} tarball
 * @param {string} userFolder n8n's own folder
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function installTarball(tarball, userFolder, env) {
	const folder = communityNodesFolder(userFolder);
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, 'package.json'), '{ "name": "installed-nodes", "private": true }\n');
	await run('npm', ['install', tarball], { cwd: folder, env });
}
