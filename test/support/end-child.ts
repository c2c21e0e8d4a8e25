import type { ChildProcess } from 'node:child_process';

/** Ends a process that a test started, and waits for its end. One that has ended already is left. */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	child.kill(signal);
	await ended;
}
