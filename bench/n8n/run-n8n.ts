import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { during } from '../../scripts/lib/log.mjs';
import { importAndPublish, startN8n, waitForWebhook } from '../../scripts/lib/n8n';
import type { N8n } from '../../scripts/lib/n8n';
import { ensureN8n } from '../../scripts/lib/n8n-install.mjs';
import { buildAndPack, installTarball } from '../../scripts/lib/tarball';
import type { Workflow } from './workflows';

export interface RunningN8n {
	readonly version: string;
	readonly n8n: N8n;
	urlOf(workflow: Workflow): string;
}

/** Once a run: what is measured does not change meanwhile. */
let tarball: Promise<string> | undefined;

/** A real n8n with this package as users get it, and these workflows published. */
export async function runN8nWith(
	workflows: readonly Workflow[],
	credentials: readonly object[],
	env: Readonly<Record<string, string>> = {},
): Promise<RunningN8n> {
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-bench-n8n');
	const userFolder = join(folder, 'user');
	await mkdir(userFolder);
	tarball ??= buildAndPack(await temporaryFolder('idempotency-bench-package'));
	await installTarball(await tarball, userFolder);
	await during(`Importing and publishing ${workflows.length} workflows`, async () => {
		const published = workflows.map(({ id }) => id);
		await importAndPublish(install, userFolder, { credentials, workflows, published });
	});
	const n8n = await during(`Starting n8n ${install.version}`, async () => {
		const started = await startN8n(install, { userFolder, env });
		for (const { name } of workflows) await waitForWebhook(started, name, 'POST');
		return started;
	});
	return {
		version: install.version,
		n8n,
		urlOf: ({ name }) => `${n8n.url}/webhook/${name}`,
	};
}
