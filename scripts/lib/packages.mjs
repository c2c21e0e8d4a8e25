/** Whether a node_modules folder holds what a lock file asks for. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

async function readPackages(file) {
	try {
		return JSON.parse(await readFile(file, 'utf8')).packages;
	} catch (error) {
		if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
		throw error;
	}
}

/**
 * Compares package-lock.json with npm's own note of what it installed (node_modules/.package-lock.json, written last).
 *
 * @param {string} folder holds package-lock.json and node_modules
 * @returns {Promise<string | undefined>} what does not fit, in words; undefined when all is well
 */
export async function misfitOfNodeModules(folder) {
	const wanted = await readPackages(join(folder, 'package-lock.json'));
	if (wanted === undefined) return 'there is no readable package-lock.json';
	const installed = await readPackages(join(folder, 'node_modules', '.package-lock.json'));
	if (installed === undefined) return 'nothing is installed';

	for (const [path, { version, integrity, optional, peer }] of Object.entries(wanted)) {
		if (path === '') continue;
		const found = installed[path];
		if (found === undefined) {
			if (optional === true || peer === true) continue;
			return `${path} is missing`;
		}
		if (found.version !== version || found.integrity !== integrity) {
			return `${path} is ${found.version}, not ${version}`;
		}
	}
	const extra = Object.keys(installed).find((path) => wanted[path] === undefined);
	return extra === undefined ? undefined : `${extra} is not in package-lock.json`;
}

/**
 * Looks for packages that npm noted as installed and that are not there (any more).
 *
 * @param {string} folder holds node_modules
 * @returns {Promise<string | undefined>} the first one found
 */
export async function firstMissingPackage(folder) {
	const installed = await readPackages(join(folder, 'node_modules', '.package-lock.json'));
	if (installed === undefined) return 'node_modules/.package-lock.json';
	const missing = await Promise.all(
		Object.keys(installed).map((path) =>
			access(join(folder, path, 'package.json')).then(
				() => undefined,
				() => path,
			),
		),
	);
	return missing.find((path) => path !== undefined);
}
