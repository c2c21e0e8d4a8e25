import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { UnknownOutcomePolicy } from '../../lib/core/record';
import { DEFAULT_TIMEOUTS, type RedisOptions, openRedisStore } from '../../lib/stores/redis';
import type { Store } from '../../lib/core/store';
import { compileInto } from '../support/compile';
import { PATIENT_TIMEOUTS } from '../support/patience';
import type { Violation } from './invariants';
import { LOST_WITH_DATA, violationsIn } from './invariants';
import { changedByStrangers, storedOf, stuckKeys } from './probes';
import { WorkerProcess } from './processes';
import type { BuiltWorker } from './processes';
import { Provider } from './provider';
import { QUICK_TIMEOUTS } from './quick-timeouts';
import { SEED, randomFrom, shuffled } from './random';
import { openStore } from './open-store';
import { record } from './report';
import { CAN_NOT_OPEN } from './worker-task';
import type { WorkerEvent, WorkerStore, WorkerTask } from './worker-task';

export { QUICK_TIMEOUTS };

/** What a machine that is busy with other things may add to the time of a call: only one that never ends takes longer. */
const SLOWNESS_MS = 30_000;

export interface Fault {
	/** As it stands in the table. */
	readonly name: string;
	readonly store: WorkerStore;
	/** How the test itself reaches the store, where that is not how the workers do. */
	readonly looksBy?: WorkerStore;
	readonly keys?: number;
	/** 'hold' unless set. */
	readonly onUnknownOutcome?: UnknownOutcomePolicy;
	readonly leaseMs?: number;
	readonly minReplicas?: number;
	/**
	 * Documented: no setting of ours protects against it. Then the promise must be seen to break, or the words in the docs are wrong;
	 * what does not follow from lost data must hold all the same.
	 */
	readonly unprotected?: boolean;
}

export interface Storm extends Partial<Omit<WorkerTask, 'name' | 'deliveries' | 'store'>> {
	readonly workers?: number;
	/** How often each key is delivered. */
	readonly times?: number;
	/** All keys unless set. */
	readonly keys?: readonly string[];
	readonly store?: WorkerStore;
	readonly clockShiftsMs?: readonly number[];
	readonly uid?: number;
	/** No file of the worker may become larger. */
	readonly fileBytes?: number;
	readonly onEvent?: (event: WorkerEvent, worker: WorkerProcess) => void;
	/** A worker that was killed is followed by another with the rest of its deliveries, so often. */
	readonly restarts?: number;
}

jest.setTimeout(300_000);

let folder: string | undefined;
let built: BuiltWorker | undefined;

/** Compiled once for all runs of a test file. */
function builtWorker(): BuiltWorker {
	if (built === undefined) {
		folder = mkdtempSync(join(tmpdir(), 'idempotency-worker-'));
		const sources = ['test/faults/worker.ts', 'test/faults/clock-shift.ts'];
		const [worker = '', clockShift = ''] = compileInto(folder, sources);
		built = { worker, clockShift };
	}
	return built;
}

afterAll(() => {
	if (folder !== undefined) rmSync(folder, { recursive: true });
	folder = built = undefined;
});

let runs = 0;

/** One fault: storms of deliveries at workers while something breaks, then a sender's last delivery of each key, then the invariants. */
export class FaultRun {
	readonly keys: readonly string[];

	readonly events: WorkerEvent[] = [];

	/** Claim → act → finish, begun. */
	attempts = 0;

	readonly random: () => number;

	readonly leaseMs: number;

	private names = 0;

	private constructor(
		readonly fault: Fault,
		readonly downstream: Provider,
		number: number,
	) {
		this.keys = Array.from({ length: fault.keys ?? 12 }, (_, i) => `${fault.name} ${i}`);
		this.random = randomFrom(SEED * 1000 + number);
		this.leaseMs = fault.leaseMs ?? 400;
	}

	static async start(fault: Fault): Promise<FaultRun> {
		return new FaultRun(fault, await Provider.start(), runs++);
	}

	/** Delivers keys to workers until each delivery was handled, or its worker died on it. */
	async storm(storm: Storm = {}): Promise<void> {
		const { workers = 2, times = 2, keys = this.keys } = storm;
		const deliveries = shuffled(
			keys.flatMap((key) => Array.from({ length: times }, () => key)),
			this.random,
		);
		const share = Math.ceil(deliveries.length / workers);
		await Promise.all(
			Array.from({ length: workers }, async (_, number) => {
				let queue = deliveries.slice(number * share, (number + 1) * share);
				for (let tries = 0; tries <= (storm.restarts ?? 2) && queue.length > 0; tries++) {
					const worker = this.start(queue, storm, number);
					const ended = await worker.ended;
					if (ended === 0 || ended === CAN_NOT_OPEN) return;
					queue = worker.left;
				}
			}),
		);
	}

	start(deliveries: readonly string[], storm: Storm = {}, number = 0): WorkerProcess {
		const { fault, leaseMs, downstream } = this;
		const { clockShiftsMs, uid, fileBytes, onEvent } = storm;
		const task: WorkerTask = {
			parallel: 1,
			onUnknownOutcome: fault.onUnknownOutcome ?? 'hold',
			leaseMs,
			tries: 1,
			waitMs: 100,
			resultBytes: 40,
			minReplicas: fault.minReplicas ?? 0,
			...pick(storm),
			store: storm.store ?? fault.store,
			name: `worker-${++this.names}`,
			downstream: downstream.port,
			deliveries,
		};
		const worker: WorkerProcess = new WorkerProcess(builtWorker(), task, {
			clockShiftMs: clockShiftsMs?.[number],
			uid,
			fileBytes,
			onEvent: (event) => {
				this.events.push(event);
				if (event.event === 'arrived') this.attempts++;
				onEvent?.(event, worker);
			},
		});
		return worker;
	}

	/** Once all leases are over, each key is delivered once more, to a healthy worker on a healthy store. */
	async lastDelivery(storm: Storm = {}): Promise<void> {
		await sleep(this.leaseMs + 50);
		await this.storm({
			workers: 1,
			times: 1,
			parallel: 4,
			tries: 20,
			store: this.fault.looksBy ?? this.fault.store,
			...storm,
		});
	}

	/** Redis, or another process, may need a moment after the fault. */
	async openStore(): Promise<Store> {
		const store = this.fault.looksBy ?? this.fault.store;
		if (store.kind !== 'redis') return await openStore(store);
		return openRedisStore({ ...store.options, timeouts: PATIENT_TIMEOUTS });
	}

	async violations(slownessMs = SLOWNESS_MS): Promise<Violation[]> {
		const store = await this.openStore();
		try {
			const { keys, events, fault } = this;
			const found = violationsIn({
				keys,
				events,
				effects: this.downstream.effects,
				stored: await storedOf(store, keys),
				runAgain: fault.onUnknownOutcome === 'retry',
				longestCallMs: longestCallOf(fault.store) + slownessMs,
			});
			found.push(...(await changedByStrangers(store, keys)));
			found.push(...(await stuckKeys(store, keys, this.leaseMs)));
			return found;
		} finally {
			await store.close();
		}
	}
}

/** Runs a fault from its first storm to its row in the table. Fails where an invariant is broken that the docs promise. */
export async function meetFault(fault: Fault, body: (run: FaultRun) => Promise<void>) {
	const run = await FaultRun.start(fault);
	try {
		await body(run);
		await run.lastDelivery();
		const all = await run.violations();
		const lost = all.filter(
			({ invariant }) => fault.unprotected === true && LOST_WITH_DATA.has(invariant),
		);
		const violations = all.filter((violation) => !lost.includes(violation));
		const broken = new Set(lost.map(({ key }) => key));
		record({
			fault: fault.name,
			store: fault.store.kind,
			runs: run.attempts,
			keys: run.keys.length,
			sideEffects: run.downstream.effects.length,
			violations: violations.length,
			unprotected: fault.unprotected === true ? broken.size : null,
		});
		expect({ seed: SEED, violations }).toEqual({ seed: SEED, violations: [] });
		if (fault.unprotected) expect(broken.size).toBeGreaterThan(0);
		// A harness that does nothing would find nothing.
		expect(run.downstream.effects.length).toBeGreaterThan(0);
	} finally {
		await run.downstream.stop();
	}
}

function longestCallOf(store: WorkerStore): number {
	if (store.kind === 'embedded') return store.busyRetryMs ?? 5_000;
	// Its limits for a connection, an answer, and trying again.
	if (store.kind === 'postgres') return 2_000 + 5_000 + 1_000;
	const { retryMs, connectMs, commandMs } = { ...DEFAULT_TIMEOUTS, ...store.options.timeouts };
	return retryMs + connectMs + commandMs;
}

const TASK_FIELDS = [
	'parallel',
	'tries',
	'waitMs',
	'interrupt',
	'resultBytes',
	'minReplicas',
	'broken',
] as const;

function pick(storm: Storm): Partial<WorkerTask> {
	return Object.fromEntries(
		TASK_FIELDS.flatMap((name) => (storm[name] === undefined ? [] : [[name, storm[name]]])),
	);
}

/** How workers reach a Redis on loopback. */
export function redisAt(port: number, over: Partial<RedisOptions> = {}): WorkerStore {
	return {
		kind: 'redis',
		options: {
			deployment: 'standalone',
			host: '127.0.0.1',
			port,
			timeouts: QUICK_TIMEOUTS,
			...over,
		},
	};
}
