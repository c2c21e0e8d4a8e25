/** Commands that end by themselves, and servers that run until they are stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onCleanup, plainError } from './cleanup.mjs';

const TAIL_LIMIT = 64 * 1024;

/**
 * The environment for a command: npm's notes about the script that is running are left out, since a nested npm would
 * take them for its own settings.
 */
export function cleanEnvironment(extra = {}) {
	/** @type {NodeJS.ProcessEnv} */
	const env = { ...process.env };
	for (const name of Object.keys(env)) {
		if (/^npm_(package|lifecycle|config_local_prefix|config_ignore_scripts|command$)/.test(name)) {
			delete env[name];
		}
	}
	return { ...env, ...extra };
}

const ESCAPE = '\u001b\\[[?0-9;]*[A-Za-z]';
const REDRAW = '\u001b\\[[0-9]*D\u001b\\[J|\\r(?!\\n)';

/** What a terminal would show in the end: no colours, and of a line that was drawn again and again the last state. */
function plainText(text) {
	return text
		.replace(new RegExp(`[^\\n]*(?:${REDRAW})`, 'g'), '')
		.replace(new RegExp(ESCAPE, 'g'), '');
}

/** Keeps the last part of what a process prints. */
function keepTail(child) {
	let text = '';
	const add = (chunk) => {
		text += chunk;
		if (text.length > 2 * TAIL_LIMIT) text = text.slice(-TAIL_LIMIT);
	};
	child.stdout?.setEncoding('utf8').on('data', add);
	child.stderr?.setEncoding('utf8').on('data', add);
	return (lines) => plainText(text).trimEnd().split('\n').slice(-lines).join('\n');
}

/** The beginning and the end of an output: npm says first what is wrong, compilers say it last. */
function excerpt(text) {
	const lines = text.split('\n');
	if (lines.length <= 50) return text;
	return [...lines.slice(0, 15), '…', ...lines.slice(-30)].join('\n');
}

/**
 * Where a script that runs tests wants to know the processes that they started: a file for each, named by its pid, so that it
 * can end what a killed test left behind (`endNoted`).
 */
export const NOTES_VARIABLE = 'IDEMPOTENCY_PROCESS_NOTES';

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} command
 */
export function noteProcess(child, command) {
	const folder = process.env[NOTES_VARIABLE];
	if (folder === undefined || child.pid === undefined) return;
	const note = join(folder, String(child.pid));
	writeFileSync(note, command);
	child.once('exit', () => rmSync(note, { force: true }));
}

/** Ends the processes that are noted in a folder. */
export function endNoted(folder) {
	for (const name of readdirSync(folder)) {
		const pid = Number(name);
		// Those that lead a group, with it; the others by themselves.
		signal(-pid, 'SIGKILL');
		signal(pid, 'SIGKILL');
	}
}

/** Its own process group: Ctrl-C reaches this script, which then ends the child in an orderly way. */
function spawnGroup(command, args, { cwd, env }) {
	const child = spawn(command, args, {
		cwd,
		env: env ?? cleanEnvironment(),
		stdio: ['ignore', 'pipe', 'pipe'],
		detached: true,
	});
	noteProcess(child, command);
	return child;
}

function signal(pid, name) {
	try {
		process.kill(pid, name);
	} catch (error) {
		if (error.code !== 'ESRCH') throw error;
	}
}

const signalGroup = (child, name) => signal(-child.pid, name);

const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

async function endGroup(child, graceMs) {
	if (child.pid === undefined) return;
	if (!hasEnded(child)) {
		const exit = once(child, 'exit');
		child.kill('SIGTERM');
		const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
		await exit;
		clearTimeout(timer);
	}
	// What the process itself started and left behind.
	signalGroup(child, 'SIGKILL');
}

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options] `env` replaces the environment
 * @returns {Promise<{ stdout: string, tail: (lines: number) => string }>}
 * @throws an error with the last lines of its output, when it can't be started, fails, or takes too long
 */
export async function run(command, args, options = {}) {
	const child = spawnGroup(command, args, options);
	const unregister = onCleanup(() => endGroup(child, 2_000));
	const tail = keepTail(child);
	let stdout = '';
	child.stdout.on('data', (chunk) => (stdout += chunk));

	let timedOut = false;
	const timer = setTimeout(() => {
		timedOut = true;
		signalGroup(child, 'SIGKILL');
	}, options.timeoutMs ?? 1_200_000);
	const shown = [command, ...args].join(' ');
	try {
		const [code, signal] = await once(child, 'close').catch((error) => {
			throw plainError(`Could not start "${shown}": ${error.message}`);
		});
		if (code !== 0) {
			const how = timedOut ? 'took too long' : `failed (${signal ?? `exit code ${code}`})`;
			throw plainError(`"${shown}" ${how}:\n${excerpt(tail(400))}`);
		}
		return { stdout, tail };
	} finally {
		clearTimeout(timer);
		await unregister();
	}
}

/**
 * @typedef {object} Server
 * @property {number} pid
 * @property {Promise<never>} ended rejects when the server ends without having been asked to: race it against what needs the server
 * @property {(lines: number) => string} tail its last words
 * @property {() => Promise<void>} stop asks it to end (SIGTERM)
 * @property {() => Promise<void>} kill ends it (SIGKILL)
 */

/**
 * Starts a server.
 *
 * @param {string} name for messages
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, graceMs?: number }} [options]
 * @returns {Server}
 */
export function startServer(name, command, args, options = {}) {
	const child = spawnGroup(command, args, options);
	const tail = keepTail(child);
	let stopping = false;
	const ended = new Promise((_resolve, reject) => {
		child.once('error', (error) => reject(plainError(`Could not start ${name}: ${error.message}`)));
		child.once('exit', (code, signal) => {
			if (stopping) return;
			const error = plainError(`${name} ended by itself (${signal ?? `exit code ${code}`})`);
			// Its last words are still on their way.
			setTimeout(() => reject(error), 500);
		});
	});
	ended.catch(() => {});
	const stop = onCleanup(async () => {
		stopping = true;
		await endGroup(child, options.graceMs ?? 10_000);
	});
	const kill = async () => {
		stopping = true;
		signalGroup(child, 'SIGKILL');
		await stop();
	};
	return { pid: child.pid, ended, tail, stop, kill };
}

/**
 * Asks again and again until the answer is yes.
 *
 * @param {() => Promise<boolean>} isReady an error counts as no
 * @param {{ what: string, timeoutMs: number, intervalMs?: number }} options
 */
export async function waitUntil(isReady, { what, timeoutMs, intervalMs = 100 }) {
	const deadline = performance.now() + timeoutMs;
	for (;;) {
		if (await isReady().catch(() => false)) return;
		if (performance.now() > deadline) {
			throw plainError(`${what}: not within ${Math.round(timeoutMs / 1000)} s`);
		}
		await new Promise((resolve) => setTimeout(resolve, intervalMs));
	}
}
