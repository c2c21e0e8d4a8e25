/** Runs a real n8n: its commands, and its server on a free loopback port. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { plainError } from './cleanup.mjs';
import { environmentOf } from './node.mjs';
import { freePort } from './ports.mjs';
import { run, startServer, waitUntil } from './processes.mjs';

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
function n8nEnvironment(install, userFolder, extra) {
	const env = environmentOf(install.node);
	for (const name of Object.keys(env)) {
		if (/^(N8N_|DB_|QUEUE_|EXECUTIONS_|JEST_|WEBHOOK_URL$|NODE_OPTIONS$|NODE_ENV$)/.test(name))
			delete env[name];
	}
	// n8n 1 has no such module, and stops at its name.
	const modules = parseInt(install.version) > 1 ? { N8N_DISABLED_MODULES: 'mcp-registry' } : {};
	return { ...env, ...QUIET, ...modules, N8N_USER_FOLDER: userFolder, ...extra };
}

/**
 * Runs one of n8n's commands, e.g. `['publish:workflow', '--id=1']`.
 *
 * @param {{ version: string, folder: string, node: string, bin: string }} install from `ensureN8n`
 * @param {{ userFolder: string, args: string[], env?: Record<string, string>, expect?: string }} options
 *   `expect`: text that must be in the output; n8n ends some commands with exit code 0 though they failed
 * @returns {Promise<string>} its output
 */
export async function runN8n(install, { userFolder, args, env = {}, expect }) {
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

/**
 * Starts n8n and waits until it is ready; its webhooks may answer a little later (`waitForWebhook`).
 *
 * @param {{ version: string, folder: string, node: string, bin: string }} install from `ensureN8n`
 * @param {{ userFolder: string, env?: Record<string, string>, args?: string[], port?: number, graceMs?: number }} options
 *   `port`: a free one unless said; `graceMs`: how long it may take to end when asked to
 * @returns {Promise<{ url: string, port: number, pid: number, ended: Promise<never>, tail: (lines: number) => string, stop: () => Promise<void>, kill: () => Promise<void> }>}
 */
export async function startN8n(install, options) {
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
		throw plainError(`${error.message}\nThe last lines of n8n's log:\n${server.tail(40)}`);
	}
	return { url, port, ...server };
}

/**
 * Waits until a published webhook is registered. Asks by a CORS preflight, which starts no execution.
 *
 * @param {{ url: string, ended: Promise<never> }} n8n from `startN8n`
 * @param {string} path the webhook's path, e.g. "charge"
 * @param {string} method e.g. "POST"
 */
export async function waitForWebhook(n8n, path, method) {
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
export const communityNodesFolder = (userFolder) => join(userFolder, '.n8n', 'nodes');

/**
 * Creates the owner's account, so that the editor can be opened.
 *
 * @returns {Promise<{ email: string, password: string }>}
 */
export async function createOwner(n8n) {
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
