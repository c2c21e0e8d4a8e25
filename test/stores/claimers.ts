import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

import { compileInto } from '../support/compile';
import type { ClaimerLine, ClaimerTask } from './claimer';

/** Makes claimer.ts run on a plain node, for any user. */
export function compileClaimer(folder: string): string {
	return compileInto(folder, ['test/stores/claimer.ts'])[0]!;
}

export interface Claimer {
	readonly lines: ClaimerLine[];
	readonly process: ChildProcess;
	/** Resolves with the exit code, or the signal, when the process and its output have ended. */
	readonly ended: Promise<number | NodeJS.Signals | null>;
	/** Resolves when that many lines were read, or the process ended. */
	reached(lines: number): Promise<void>;
}

/** @param uid runs the process as another user, where this one may choose */
export function startClaimer(script: string, task: ClaimerTask, uid?: number): Claimer {
	const child = spawn(
		process.execPath,
		['--disable-warning=ExperimentalWarning', script, JSON.stringify(task)],
		{ stdio: ['ignore', 'pipe', 'inherit'], cwd: dirname(script), ...(uid && { uid, gid: uid }) },
	);
	const lines: ClaimerLine[] = [];
	const waiting = new Set<() => void>();
	createInterface({ input: child.stdout }).on('line', (line) => {
		// The last line of a killed process may be cut.
		if (line.endsWith('}')) lines.push(JSON.parse(line) as ClaimerLine);
		for (const look of waiting) look();
	});
	const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
		child.on('close', (code, signal) => resolve(code ?? signal));
	});
	const reached = async (count: number): Promise<void> => {
		const enough = new Promise<void>((resolve) => {
			const look = () => {
				if (lines.length >= count) resolve();
			};
			waiting.add(look);
			look();
		});
		await Promise.race([enough, ended]);
	};
	return { lines, process: child, ended, reached };
}
