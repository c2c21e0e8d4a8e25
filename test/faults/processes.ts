import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import type { WorkerEvent, WorkerTask } from './worker-task';

/** Paths of compiled files. */
export interface BuiltWorker {
	readonly worker: string;
	/** What sets the clock of a worker wrong. */
	readonly clockShift: string;
}

/** One worker process; ended by its own pid. */
export class WorkerProcess {
	readonly events: WorkerEvent[] = [];

	/** Resolves with the exit code, or the signal, when the process and its output have ended. */
	readonly ended: Promise<number | NodeJS.Signals | null>;

	private readonly child: ChildProcess;

	private complaints = '';

	constructor(
		built: BuiltWorker,
		readonly task: WorkerTask,
		settings: {
			clockShiftMs?: number;
			uid?: number;
			fileBytes?: number;
			onEvent?: (event: WorkerEvent) => void;
		} = {},
	) {
		const { clockShiftMs, uid, fileBytes, onEvent } = settings;
		const limit = fileBytes === undefined ? [] : ['prlimit', `--fsize=${fileBytes}`];
		const [program = '', ...args] = [
			...limit,
			process.execPath,
			'--disable-warning=ExperimentalWarning',
			...(clockShiftMs === undefined ? [] : ['--require', built.clockShift]),
			built.worker,
			JSON.stringify(task),
		];
		this.child = spawn(program, args, {
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {
				PATH: process.env.PATH,
				CLOCK_SHIFT_MS: String(clockShiftMs ?? 0),
				// Starts in half the time.
				NODE_COMPILE_CACHE: join(dirname(built.worker), 'cache'),
			},
			...(uid === undefined ? {} : { uid, gid: uid }),
		});
		this.child.stderr?.on('data', (data: Buffer) => (this.complaints += data.toString()));
		createInterface({ input: this.child.stdout! }).on('line', (line) => {
			if (!line.endsWith('}')) return;
			const event = JSON.parse(line) as WorkerEvent;
			this.events.push(event);
			onEvent?.(event);
		});
		this.ended = new Promise((resolve) => {
			this.child.on('close', (code, signal) => {
				// What Node.js prints when it ends by an error, or warns of.
				if (this.complaints !== '') this.report(this.complaints, onEvent);
				resolve(code ?? signal);
			});
		});
	}

	/** Deliveries that were never begun: what a sender still has in its queue. */
	get left(): string[] {
		const arrived = this.events.filter(({ event }) => event === 'arrived').length;
		return this.task.deliveries.slice(arrived);
	}

	signal(signal: NodeJS.Signals): void {
		this.child.kill(signal);
	}

	private report(message: string, onEvent?: (event: WorkerEvent) => void): void {
		const event: WorkerEvent = { event: 'unhandled', message: message.slice(0, 500) };
		this.events.push(event);
		onEvent?.(event);
	}
}
