/** What a script started or made, it ends and removes: at its end, on failure and on Ctrl-C alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tasks = [];

/**
 * Registers something to end.
 *
 * @param {() => unknown} task runs once, at the latest when the script ends
 * @returns {() => Promise<void>} runs the task now
 */
export function onCleanup(task) {
	const entry = { task };
	tasks.push(entry);
	return async () => {
		const index = tasks.indexOf(entry);
		if (index === -1) return;
		tasks.splice(index, 1);
		await task();
	};
}

/** Runs what is registered, the latest first; a task that fails does not keep the others from running. */
export async function cleanUp() {
	let entry;
	while ((entry = tasks.pop()) !== undefined) {
		try {
			await entry.task();
		} catch (error) {
			process.stderr.write(`While cleaning up: ${error.message}\n`);
		}
	}
}

/** A new folder under the system's temporary folder, removed at the end. */
export async function temporaryFolder(name) {
	const folder = await mkdtemp(join(tmpdir(), `${name}-`));
	onCleanup(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
	return folder;
}

let endWaiting;

/** Waits for Ctrl-C (or SIGTERM), which then ends the wait and not the script. */
export function interruption() {
	return new Promise((resolve) => (endWaiting = resolve));
}

/**
 * Runs a script's main function, cleans up whatever happens, and sets the exit code.
 *
 * @param {() => Promise<number | void>} main its result is the exit code (none: 0)
 */
export async function runMain(main) {
	let interrupted = false;
	const interrupt = async (signal, code) => {
		if (endWaiting !== undefined) {
			endWaiting();
			endWaiting = undefined;
			return;
		}
		if (interrupted) process.exit(code);
		interrupted = true;
		process.stderr.write(`\n${signal}: cleaning up\n`);
		await cleanUp();
		process.exit(code);
	};
	process.on('SIGINT', () => void interrupt('SIGINT', 130));
	process.on('SIGTERM', () => void interrupt('SIGTERM', 143));
	process.on('SIGHUP', () => void interrupt('SIGHUP', 129));

	let code = 1;
	try {
		code = (await main()) ?? 0;
	} catch (error) {
		// What fails because it is being ended needs no report.
		if (!interrupted) process.stderr.write(`\n${describeError(error)}\n`);
	}
	if (interrupted) return;
	await cleanUp();
	process.exit(code);
}

function describeError(error) {
	return error.expected === true ? error.message : (error.stack ?? String(error));
}

/** An error whose message says all that is to be said; printed without a stack. */
export function plainError(message) {
	return Object.assign(new Error(message), { expected: true });
}
