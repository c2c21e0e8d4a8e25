/** An n8n user folder that holds this package, as users install it, and one of its examples, published. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKOUT } from './checkout.mjs';
import { prepareExample, readExample, redisCredential } from './example.mjs';
import { during } from './log.mjs';
import { runN8n } from './n8n.mjs';
import { environmentWithNode } from './node24.mjs';
import { run } from './processes.mjs';
import { installTarball, packPackage } from './tarball.mjs';

export const WORKFLOW_ID = 'idempotencyDemo1';

/**
 * @param {object} options
 * @param {object} options.install from `ensureN8n`
 * @param {string} options.folder an empty folder, for everything
 * @param {{ url: string }} options.downstream what the example charges at
 * @param {{ port: number }} [options.redis] keep claims there instead of in n8n's folder
 * @returns {Promise<string>} the user folder
 */
export async function prepareUserFolder({ install, folder, downstream, redis }) {
	const userFolder = join(folder, 'user');
	await mkdir(userFolder);
	await during('Building and packing this package', async () => {
		await run('npm', ['run', 'build'], { cwd: CHECKOUT, env: environmentWithNode(CHECKOUT) });
		await installTarball(await packPackage(folder), userFolder);
	});

	const credential = redis === undefined ? undefined : redisCredential(redis.port);
	const urls = { 'Charge Card': downstream.url };
	const example = await readExample('webhook-charge');
	const workflow = prepareExample(example, { id: WORKFLOW_ID, urls, credential });
	await during('Importing and publishing examples/webhook-charge.json', async () => {
		const importFile = async (kind, content) => {
			const file = join(folder, `${kind}.json`);
			await writeFile(file, JSON.stringify([content]));
			const args = [`import:${kind}`, `--input=${file}`];
			await runN8n(install, { userFolder, args, expect: 'Successfully imported 1' });
		};
		if (credential !== undefined) await importFile('credentials', credential);
		await importFile('workflow', workflow);
		await runN8n(install, { userFolder, args: ['publish:workflow', `--id=${WORKFLOW_ID}`] });
	});
	return userFolder;
}
