import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { postgresCredential, prepareExample, readExample, redisCredential } from './example';
import { during } from './log.mjs';
import { importAndPublish } from './n8n';
import type { N8nInstall } from './n8n-install.mjs';
import { buildAndPack, installTarball } from './tarball';

/** An n8n user folder that holds this package, as users install it, and some of its examples, published. */

/** The id of the workflow of an example that lies in a folder. */
export const idOf = (name: string): string => name.replaceAll('/', '-');

export interface UserFolderParts {
	readonly install: N8nInstall;
	/** An empty folder, for everything. */
	readonly folder: string;
	/** What those of the examples charge at that do. */
	readonly service: { readonly url: string };
	/** Keep claims there instead of in n8n's folder. */
	readonly redis?: { readonly port: number };
	readonly postgres?: Parameters<typeof postgresCredential>[0];
	/** Which examples; each name is the id of its workflow as well. */
	readonly names: readonly string[];
	/** Examples that are imported and not published; `idOf` gives their ids. */
	readonly drafts?: readonly string[];
}

/** @returns the user folder */
export async function prepareUserFolder(parts: UserFolderParts): Promise<string> {
	const { install, folder, service, redis, postgres, names, drafts = [] } = parts;
	const userFolder = join(folder, 'user');
	await mkdir(userFolder);
	await installTarball(await buildAndPack(folder), userFolder);

	const ofRedis = redis === undefined ? undefined : redisCredential(redis.port);
	const credential = postgres === undefined ? ofRedis : postgresCredential(postgres);
	const urls = { 'Charge Card': service.url };
	const workflows = await Promise.all([
		...names.map(async (id) => {
			const example = await readExample(id);
			const charges = example.nodes.some(({ name }) => name in urls);
			return prepareExample(example, { id, urls: charges ? urls : {}, credential });
		}),
		...drafts.map(async (name) => prepareExample(await readExample(name), { id: idOf(name) })),
	]);
	await during(`Importing and publishing ${names.join(', ')}`, async () => {
		const credentials = credential === undefined ? [] : [credential];
		await importAndPublish(install, userFolder, { credentials, workflows, published: names });
	});
	return userFolder;
}
