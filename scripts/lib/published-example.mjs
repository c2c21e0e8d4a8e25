/** An n8n user folder that holds this package, as users install it, and some of its examples, published. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareExample, readExample, redisCredential } from './example.mjs';
import { during } from './log.mjs';
import { runN8n } from './n8n.mjs';
import { buildAndPack, installTarball } from './tarball.mjs';

/** The id of the workflow of an example that lies in a folder. */
export const idOf = (name) => name.replaceAll('/', '-');

/**
 * @param {object} options
 * @param {object} options.install from `ensureN8n`
 * @param {string} options.folder an empty folder, for everything
 * @param {{ url: string }} options.downstream what the examples charge at
 * @param {{ port: number }} [options.redis] keep claims there instead of in n8n's folder
 * @param {string[]} options.names which examples; each name is the id of its workflow as well
 * @param {string[]} [options.drafts] examples that are imported and not published; `idOf` gives their ids
 * @returns {Promise<string>} the user folder
 */
export async function prepareUserFolder({
	install,
	folder,
	downstream,
	redis,
	names,
	drafts = [],
}) {
	const userFolder = join(folder, 'user');
	await mkdir(userFolder);
	await installTarball(await buildAndPack(folder), userFolder);

	const credential = redis === undefined ? undefined : redisCredential(redis.port);
	const urls = { 'Charge Card': downstream.url };
	const workflows = await Promise.all([
		...names.map(async (id) => prepareExample(await readExample(id), { id, urls, credential })),
		...drafts.map(async (name) => prepareExample(await readExample(name), { id: idOf(name) })),
	]);
	await during(`Importing and publishing ${names.join(', ')}`, async () => {
		const importFile = async (kind, contents) => {
			const file = join(folder, `${kind}.json`);
			await writeFile(file, JSON.stringify(contents));
			const args = [`import:${kind}`, `--input=${file}`];
			const expect = `Successfully imported ${contents.length}`;
			await runN8n(install, { userFolder, args, expect });
		};
		if (credential !== undefined) await importFile('credentials', [credential]);
		await importFile('workflow', workflows);
		for (const id of names) {
			await runN8n(install, { userFolder, args: ['publish:workflow', `--id=${id}`] });
		}
	});
	return userFolder;
}
