import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CHECKOUT } from './checkout.mjs';
import { during } from './log.mjs';
import { communityNodesFolder } from './n8n';
import { environmentWithNode } from './node.mjs';
import { run } from './processes.mjs';

/** The package as users get it: packed by npm, installed into n8n's folder for community nodes. */

/** Builds this checkout and packs it into a folder. @returns the tarball's path */
export async function buildAndPack(destination: string): Promise<string> {
	const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error'];
	return await during('Building and packing this package', async () => {
		await run('npm', ['run', 'build'], { cwd: CHECKOUT, env: environmentWithNode(CHECKOUT) });
		const { stdout } = await run('npm', [...pack, '--pack-destination', destination], {
			cwd: CHECKOUT,
		});
		const [packed] = JSON.parse(stdout) as Array<{ filename: string }>;
		return join(destination, packed!.filename);
	});
}

/** Packs what a tarball holds under the next patch version, as a newer release would be, into a folder. */
export async function packNextVersion(
	tarball: string,
	destination: string,
): Promise<{ readonly tarball: string; readonly version: string }> {
	const folder = join(destination, 'next-version');
	await mkdir(folder);
	await run('tar', ['-xzf', tarball, '-C', folder]);
	const file = join(folder, 'package', 'package.json');
	const manifest = JSON.parse(await readFile(file, 'utf8')) as { name: string; version: string };
	const [major, minor, patch = 0] = manifest.version.split('.').map(Number);
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
 * @param userFolder n8n's own folder
 */
export async function installTarball(
	tarball: string,
	userFolder: string,
	env?: NodeJS.ProcessEnv,
): Promise<void> {
	const folder = communityNodesFolder(userFolder);
	await mkdir(folder, { recursive: true });
	await writeFile(join(folder, 'package.json'), '{ "name": "installed-nodes", "private": true }\n');
	await run('npm', ['install', tarball], { cwd: folder, env });
}
