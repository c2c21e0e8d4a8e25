import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { during } from '../../scripts/lib/log.mjs';
import { createOwner, importAndPublish, startN8n, waitForWebhook } from '../../scripts/lib/n8n';
import type { N8n } from '../../scripts/lib/n8n';
import type { N8nInstall } from '../../scripts/lib/n8n-install.mjs';
import { ensureN8n } from '../../scripts/lib/n8n-install.mjs';
import { N8nSession } from '../../scripts/lib/n8n-session';
import { buildAndPack, installTarball } from '../../scripts/lib/tarball';
import { WORKER_ARGS, startQueueServers } from '../../test/e2e/harness/queue-mode';
import type { Workflow } from './workflows';

export interface RunningN8n {
	/** Signed in as the owner. */
	readonly session: N8nSession;
	/** Waits until its webhook answers. */
	publish(workflow: Workflow): Promise<void>;
	urlOf(workflow: Workflow): string;
	stop(): Promise<void>;
}

export interface RunOptions {
	readonly env?: Readonly<Record<string, string>>;
	/** A main process and so many workers, with a PostgreSQL and a Redis of their own; regular mode unless said. */
	readonly workers?: number;
}

/** Once a run: what is measured does not change meanwhile. */
let tarball: Promise<string> | undefined;

/** A real n8n with this package as users get it, and these workflows published. */
export async function runN8nWith(
	workflows: readonly Workflow[],
	credentials: readonly object[],
	{ env = {}, workers = 0 }: RunOptions = {},
): Promise<RunningN8n> {
	const install = await ensureN8n();
	const all = workers === 0 ? env : { ...(await startQueueServers()).env, ...env };
	const userFolder = await folderWithPackage();
	if (credentials.length > 0) {
		const imported = { credentials, workflows: [], published: [] };
		await importAndPublish(install, userFolder, imported, all);
	}
	const n8n = await during(
		`Starting n8n ${install.version}`,
		async () => await startN8n(install, { userFolder, env: all }),
	);
	const others = await startWorkers(install, all, workers);
	const session = await N8nSession.signIn(n8n.url, await createOwner(n8n));
	const publish = async (workflow: Workflow) => await publishOn(n8n, session, workflow);
	await during(`Publishing ${workflows.length} workflows`, async () => {
		for (const workflow of workflows) await publish(workflow);
	});
	return {
		session,
		publish,
		urlOf: ({ name }) => `${n8n.url}/webhook/${name}`,
		stop: async () => {
			for (const each of [n8n, ...others]) await each.stop();
		},
	};
}

async function startWorkers(
	install: N8nInstall,
	env: Readonly<Record<string, string>>,
	count: number,
): Promise<N8n[]> {
	const workers: N8n[] = [];
	for (let i = 0; i < count; i++) {
		const userFolder = await folderWithPackage();
		workers.push(await startN8n(install, { userFolder, env, args: WORKER_ARGS }));
	}
	return workers;
}

async function folderWithPackage(): Promise<string> {
	const userFolder = join(await temporaryFolder('idempotency-bench-n8n'), 'user');
	await mkdir(userFolder);
	tarball ??= buildAndPack(await temporaryFolder('idempotency-bench-package'));
	await installTarball(await tarball, userFolder);
	return userFolder;
}

async function publishOn(n8n: N8n, session: N8nSession, workflow: Workflow): Promise<void> {
	const { name, nodes, connections, settings } = workflow;
	const { id, versionId } = await session.call<{ id: string; versionId: string }>(
		'POST',
		'/rest/workflows',
		{ name, nodes, connections, settings, active: false },
	);
	await session.call('POST', `/rest/workflows/${id}/activate`, { versionId });
	await waitForWebhook(n8n, name, 'POST');
}
