import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../test/support/ports';
import { plainError } from './cleanup.mjs';
import type { N8nInstall } from './n8n-install.mjs';
import { environmentOf } from './node.mjs';
import { run, startServer, waitUntil } from './processes.mjs';
import type { Server } from './processes.mjs';

/** Runs a real n8n: its commands, and its server on a free loopback port. */

/** Nothing of this calls out to the internet, and nothing asks the user questions. */
const QUIET = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_SECURE_COOKIE: 'false',
	NO_COLOR: '1',
};

/** Settings of an n8n that the user may run besides must not reach this one, nor those of the tests that start it. */
function n8nEnvironment(
	install: N8nInstall,
	userFolder: string,
	extra: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
	const env = environmentOf(install.node);
	for (const name of Object.keys(env)) {
		if (/^(N8N_|DB_|QUEUE_|EXECUTIONS_|JEST_|WEBHOOK_URL$|NODE_OPTIONS$|NODE_ENV$)/.test(name))
			delete env[name];
	}
	// n8n 1 has no such module, and stops at its name.
	const modules = parseInt(install.version) > 1 ? { N8N_DISABLED_MODULES: 'mcp-registry' } : {};
	return { ...env, ...QUIET, ...modules, N8N_USER_FOLDER: userFolder, ...extra };
}

export interface N8nCommand {
	readonly userFolder: string;
	/** E.g. `['publish:workflow', '--id=1']`. */
	readonly args: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
	/** Text that must be in the output: n8n ends some commands with exit code 0 though they failed. */
	readonly expect?: string;
}

/** Runs one of n8n's commands. @returns its output */
export async function runN8n(install: N8nInstall, command: N8nCommand): Promise<string> {
	const { userFolder, args, env = {}, expect } = command;
	const { tail } = await run(install.node, [install.bin, ...args], {
		cwd: userFolder,
		env: n8nEnvironment(install, userFolder, env),
		timeoutMs: 180_000,
	});
	const output = tail(200);
	if (expect !== undefined && !output.includes(expect)) {
		throw plainError(`"n8n ${args.join(' ')}" did not say "${expect}":\n${tail(30)}`);
	}
	return output;
}

export interface Imported {
	/** As n8n exports them. */
	readonly credentials: readonly object[];
	readonly workflows: readonly object[];
	/** The ids of those workflows that are published. */
	readonly published: readonly string[];
}

/** Imports by n8n's commands what an n8n that does not run yet shall have. */
export async function importAndPublish(
	install: N8nInstall,
	userFolder: string,
	{ credentials, workflows, published }: Imported,
	env: Readonly<Record<string, string>> = {},
): Promise<void> {
	for (const [kind, contents] of Object.entries({ credentials, workflow: workflows })) {
		if (contents.length === 0) continue;
		const file = join(userFolder, `import-${kind}.json`);
		await writeFile(file, JSON.stringify(contents));
		const args = [`import:${kind}`, `--input=${file}`];
		const expect = `Successfully imported ${contents.length}`;
		await runN8n(install, { userFolder, args, env, expect });
		await rm(file);
	}
	for (const id of published) {
		await runN8n(install, { userFolder, args: ['publish:workflow', `--id=${id}`], env });
	}
}

export interface StartOptions {
	readonly userFolder: string;
	readonly env?: Readonly<Record<string, string>>;
	/** Default `['start']`. */
	readonly args?: readonly string[];
	/** A free one unless said. */
	readonly port?: number;
	/** How long it may take to end when asked to. */
	readonly graceMs?: number;
}

export interface N8n extends Server {
	readonly url: string;
	readonly port: number;
}

/** Starts n8n and waits until it is ready; its webhooks may answer a little later (`waitForWebhook`). */
export async function startN8n(install: N8nInstall, options: StartOptions): Promise<N8n> {
	const { userFolder, env = {}, args = ['start'], graceMs = 15_000 } = options;
	await mkdir(userFolder, { recursive: true });
	const port = options.port ?? (await freePort());
	const brokerPort = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const server = startServer('n8n', install.node, [install.bin, ...args], {
		cwd: userFolder,
		env: n8nEnvironment(install, userFolder, {
			N8N_PORT: String(port),
			N8N_LISTEN_ADDRESS: '127.0.0.1',
			// A worker's way to say that it is ready.
			QUEUE_HEALTH_CHECK_ACTIVE: 'true',
			QUEUE_HEALTH_CHECK_PORT: String(port),
			N8N_RUNNERS_BROKER_PORT: String(brokerPort),
			...env,
		}),
		graceMs,
	});
	const isReady = async () => (await fetch(`${url}/healthz/readiness`)).ok;
	const ready = waitUntil(isReady, { what: 'n8n is ready', timeoutMs: 180_000 });
	try {
		await Promise.race([ready, server.ended]);
	} catch (error) {
		await server.stop();
		const { message } = error as Error;
		throw plainError(`${message}\nThe last lines of n8n's log:\n${server.tail(40)}`);
	}
	return { url, port, ...server };
}

/** What is waited for, and what ends the wait early. */
type Reachable = Pick<N8n, 'url' | 'ended'>;

/**
 * Waits until a published webhook is registered. Asks by a CORS preflight, which starts no execution.
 *
 * @param path the webhook's path, e.g. "charge"
 * @param method e.g. "POST"
 */
export async function waitForWebhook(n8n: Reachable, path: string, method: string): Promise<void> {
	const isRegistered = async () => {
		const response = await fetch(`${n8n.url}/webhook/${path}`, {
			method: 'OPTIONS',
			headers: { origin: n8n.url },
		});
		return (response.headers.get('access-control-allow-methods') ?? '').includes(method);
	};
	const registered = waitUntil(isRegistered, {
		what: `the webhook ${method} /webhook/${path} answers`,
		timeoutMs: 60_000,
	});
	await Promise.race([registered, n8n.ended]);
}

/** The folder in which n8n keeps community nodes that were installed by hand. */
export const communityNodesFolder = (userFolder: string): string =>
	join(userFolder, '.n8n', 'nodes');

export interface Account {
	readonly email: string;
	readonly password: string;
}

/** Creates the owner's account, so that the editor can be opened. */
export async function createOwner(n8n: Pick<N8n, 'url'>): Promise<Account> {
	const account = { email: 'demo@example.com', password: 'Idempotent-1' };
	// An n8n that is ready may have no API yet.
	const hasApi = async () => (await fetch(`${n8n.url}/rest/settings`)).ok;
	await waitUntil(hasApi, { what: "n8n's API answers", timeoutMs: 60_000 });
	const response = await fetch(`${n8n.url}/rest/owner/setup`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ ...account, firstName: 'Demo', lastName: 'User' }),
	});
	if (!response.ok) {
		throw plainError(`n8n refused to create the owner's account: ${await response.text()}`);
	}
	return account;
}
