import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { WorkerEvent, WorkerTask } from './worker';

/** A process of its own that handles one delivery; ended by its own pid. */
export class WorkerProcess {
	private readonly child;

	private readonly lines: AsyncIterator<string>;

	acted = 0;

	constructor(task: WorkerTask) {
		const loader = join(__dirname, '../../scripts/typescript.cjs');
		const script = join(__dirname, 'worker.ts');
		this.child = spawn(process.execPath, ['-r', loader, script, JSON.stringify(task)], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
	}

	/** Resolves when it acted; with what it told where it ended without. */
	async next(): Promise<WorkerEvent | null> {
		const { value, done } = await this.lines.next();
		if (done) return null;
		const event = JSON.parse(value) as WorkerEvent;
		if (event.event === 'acted') this.acted++;
		return event;
	}

	signal(signal: NodeJS.Signals): void {
		this.child.kill(signal);
	}

	async kill(): Promise<void> {
		if (this.child.exitCode !== null || this.child.signalCode !== null) return;
		const exit = once(this.child, 'exit');
		this.child.kill('SIGKILL');
		await exit;
	}
}
