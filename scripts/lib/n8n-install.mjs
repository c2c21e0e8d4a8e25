/**
 * The real n8n that the demo and the end-to-end tests run: scripts/n8n/package-lock.json, installed once into a cache
 * folder outside the checkout. `npm run test:compat` runs an older one, of scripts/n8n-older.
 *
 * Install scripts stay off, since one of n8n's dependencies downloads a binary and fails without it. The two that are
 * needed are run on their own: Node fetches its binary, and sqlite3 fetches or compiles its addon.
 */
import { createHash } from 'node:crypto';
import {
	cp,
	mkdir,
	readFile,
	readdir,
	rename,
	rm,
	stat,
	symlink,
	writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { onCleanup, plainError } from './cleanup.mjs';
import { CHECKOUT } from './checkout.mjs';
import { findProgram, installDebianPackages } from './debian.mjs';
import { withLock } from './lock.mjs';
import { during, say } from './log.mjs';
import { ensureNodeIn, environmentWithNode, nodeHeadersIn, nodeIn, nodeWorksIn } from './node.mjs';
import { firstMissingPackage } from './packages.mjs';
import { run } from './processes.mjs';

const MANIFESTS = ['package.json', 'package-lock.json'];
const HOUR_MS = 3_600_000;

/** Where installs are kept: `$XDG_CACHE_HOME` or `~/.cache`, folder n8n-nodes-idempotency. */
function cacheFolder() {
	const root = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
	return join(root, 'n8n-nodes-idempotency');
}

async function describeWanted(source) {
	const lock = await readFile(join(source, 'package-lock.json'), 'utf8');
	const { version } = JSON.parse(lock).packages['node_modules/n8n'];
	const hash = createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`);
	const key = hash.digest('hex').slice(0, 12);
	return { version, name: `n8n-${version}-${key}` };
}

/**
 * @typedef {object} N8nInstall
 * @property {string} version
 * @property {string} folder
 * @property {string} node runs `bin`
 * @property {string} bin n8n's command line
 */

/**
 * Sees to it that n8n is installed; quick when it is.
 *
 * @param {string} [name] the folder of scripts that names the version
 * @returns {Promise<N8nInstall>}
 */
export async function ensureN8n(name = 'n8n') {
	const source = join(CHECKOUT, 'scripts', name);
	const wanted = await describeWanted(source);
	const { version } = wanted;
	const folder = join(cacheFolder(), wanted.name);
	const install = {
		version,
		folder,
		node: nodeIn(folder),
		bin: join(folder, 'node_modules', 'n8n', 'bin', 'n8n'),
	};
	if ((await problemOf(folder)) === undefined) return install;
	await withLock(`${folder}.lock`, `it installs n8n ${version}`, async () => {
		const problem = await problemOf(folder);
		if (problem !== undefined) await replaceInstall(source, folder, version, problem);
	});
	return install;
}

/**
 * Sees to it that a Node besides n8n's own is there.
 *
 * @param {string} version e.g. "22.23.3"
 * @returns {Promise<string>} the path of its binary
 */
export async function ensureNode(version) {
	const folder = join(cacheFolder(), `node-${version}`);
	if (await nodeWorksIn(folder)) return nodeIn(folder);
	await withLock(`${folder}.lock`, `it installs Node ${version}`, async () => {
		if (await nodeWorksIn(folder)) return;
		await rm(folder, { recursive: true, force: true });
		await mkdir(folder, { recursive: true });
		const manifest = { private: true, dependencies: { node: version } };
		await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
		await run('npm', ['install', '--ignore-scripts', ...QUIET], { cwd: folder });
		await ensureNodeIn(folder);
	});
	return nodeIn(folder);
}

/** What is wrong with an install, in words; undefined when n8n can run from it. */
async function problemOf(folder) {
	const missing = await firstMissingPackage(folder);
	if (missing !== undefined) return `${missing} is missing`;
	if (!(await nodeWorksIn(folder))) return 'its Node does not run';
	return sqliteProblemOf(folder);
}

async function sqliteProblemOf(folder) {
	try {
		await run(nodeIn(folder), ['-e', "require('sqlite3')"], { cwd: folder, timeoutMs: 30_000 });
		return undefined;
	} catch {
		return 'its sqlite3 does not load';
	}
}

/** Installs beside the folder and puts the result in its place at the end, so that a cut-off run leaves nothing half. */
async function replaceInstall(source, folder, version, problem) {
	const isThere = await stat(folder).then(
		() => true,
		() => false,
	);
	if (isThere) say(`The n8n in ${folder} is broken (${problem}): installing it again`);
	await removeLeftovers();

	const unique = `${process.pid}-${Date.now()}`;
	const building = `${folder}.tmp-${unique}`;
	await mkdir(building, { recursive: true });
	const discard = onCleanup(() => rm(building, { recursive: true, force: true }));
	try {
		await installInto(source, building, version);
		const remaining = await problemOf(building);
		if (remaining !== undefined)
			throw plainError(`n8n ${version} can't be installed: ${remaining}`);
		if (isThere) await rename(folder, `${folder}.tmp-old-${unique}`);
		await rename(building, folder);
	} finally {
		await discard();
		await rm(`${folder}.tmp-old-${unique}`, { recursive: true, force: true });
	}
}

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

async function installInto(source, folder, version) {
	say(`n8n ${version} is installed once, into ${cacheFolder()} (2 GB, 3 to 6 minutes)`);
	const natives = join(folder, 'natives');
	await during(`Installing n8n ${version} from npm, and compiling its SQLite driver`, async () => {
		for (const name of MANIFESTS) await cp(join(source, name), join(folder, name));
		// To wait for both before giving up keeps the failed one's folder from being removed under the other.
		const results = await Promise.allSettled([
			run('npm', ['ci', '--ignore-scripts', '--omit=optional', ...QUIET], { cwd: folder }),
			buildNatives(source, natives),
		]);
		const failed = results.find(({ status }) => status === 'rejected');
		if (failed !== undefined) throw failed.reason;
	});

	const modules = join(folder, 'node_modules');
	await rm(join(modules, 'node'), { recursive: true });
	await rename(join(natives, 'node_modules', 'node'), join(modules, 'node'));
	// npm links no binary that is not there yet.
	await rm(join(modules, '.bin', 'node'), { force: true });
	await symlink(join('..', 'node', 'bin', 'node'), join(modules, '.bin', 'node'));
	await rename(
		join(natives, 'node_modules', 'sqlite3', 'build', 'Release', 'node_sqlite3.node'),
		join(await madeFolder(join(modules, 'sqlite3', 'build', 'Release')), 'node_sqlite3.node'),
	);
	await rm(natives, { recursive: true });
}

async function madeFolder(path) {
	await mkdir(path, { recursive: true });
	return path;
}

/**
 * Node and sqlite3 alone, at the versions of the lock file (npm prunes the rest of it), so that the slow compiler runs
 * while npm unpacks the other two thousand packages.
 */
async function buildNatives(source, folder) {
	await mkdir(folder);
	const lock = JSON.parse(await readFile(join(source, 'package-lock.json'), 'utf8'));
	const versionOf = (name) => lock.packages[`node_modules/${name}`].version;
	const dependencies = { node: versionOf('node'), sqlite3: versionOf('sqlite3') };
	await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
	await cp(join(source, 'package-lock.json'), join(folder, 'package-lock.json'));
	await run('npm', ['install', '--ignore-scripts', ...QUIET], { cwd: folder });
	await ensureNodeIn(folder);
	await buildSqlite(folder);
}

async function buildSqlite(folder) {
	// If sqlite3 finds no prebuilt addon, it compiles against the headers that came with Node: no download.
	const env = environmentWithNode(folder, { npm_config_nodedir: nodeHeadersIn(folder) });
	const args = ['rebuild', 'sqlite3', '--ignore-scripts=false', ...QUIET];
	const rebuild = () => run('npm', args, { cwd: folder, env });
	try {
		await rebuild();
	} catch (error) {
		const missing = ['python3', 'make', 'g++'].filter((name) => findProgram(name) === undefined);
		if (missing.length === 0) throw error;
		await installDebianPackages(missing, `Compiling sqlite3 needs ${missing.join(', ')}`);
		await rebuild();
	}
}

/** Removes what runs that were killed left behind. */
async function removeLeftovers() {
	const root = cacheFolder();
	for (const name of await readdir(root)) {
		if (!name.includes('.tmp-')) continue;
		const path = join(root, name);
		const { mtimeMs } = await stat(path);
		if (Date.now() - mtimeMs > HOUR_MS) await rm(path, { recursive: true, force: true });
	}
}
