import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Host, N8n } from '../host';
import type { Workflow } from './workflows';

export interface RunningN8n {
	readonly version: string;
	readonly n8n: N8n;
	urlOf(workflow: Workflow): string;
}

/** A credential as `n8n import:credentials` takes it. */
export interface Credential {
	readonly id: string;
	readonly name: string;
}

/** Once a run: what is measured does not change meanwhile. */
let tarball: Promise<string> | undefined;

/** A real n8n with this package as users get it, and these workflows published. */
export async function runN8nWith(
	host: Host,
	workflows: readonly Workflow[],
	credentials: readonly Credential[],
	env: Readonly<Record<string, string>> = {},
): Promise<RunningN8n> {
	const install = await host.ensureN8n();
	const folder = await host.temporaryFolder('idempotency-bench-n8n');
	const userFolder = join(folder, 'user');
	await mkdir(userFolder);
	tarball ??= host.buildAndPack(await host.temporaryFolder('idempotency-bench-package'));
	await host.installTarball(await tarball, userFolder);
	await host.during(`Importing and publishing ${workflows.length} workflows`, async () => {
		for (const [kind, contents] of Object.entries({ credentials, workflow: workflows })) {
			const file = join(folder, `${kind}.json`);
			await writeFile(file, JSON.stringify(contents));
			const args = [`import:${kind}`, `--input=${file}`];
			const expect = `Successfully imported ${contents.length}`;
			await host.runN8n(install, { userFolder, args, expect });
		}
		for (const { id } of workflows) {
			await host.runN8n(install, { userFolder, args: ['publish:workflow', `--id=${id}`] });
		}
	});
	const n8n = await host.during(`Starting n8n ${install.version}`, async () => {
		const started = await host.startN8n(install, { userFolder, env });
		for (const { name } of workflows) await host.waitForWebhook(started, name, 'POST');
		return started;
	});
	return {
		version: install.version,
		n8n,
		urlOf: ({ name }) => `${n8n.url}/webhook/${name}`,
	};
}
