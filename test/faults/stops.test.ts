import { setTimeout as sleep } from 'node:timers/promises';

import { RedisServer } from '../support/redis-server';
import { type Fault, type FaultRun, meetFault, redisAt } from './fault-run';
import type { Step } from './worker-task';

/** Workers that stand still for longer than their lease (a halted machine, a long pause of Node.js) and then go on. */

let server: RedisServer;
beforeAll(async () => {
	server = await RedisServer.start();
});
afterAll(async () => await server.stop());

let faults = 0;

async function stopAt(
	step: Step,
	fault: Omit<Fault, 'store'>,
	expected: (run: FaultRun, stopped: ReadonlySet<string>) => void,
	prepare: (run: FaultRun) => void = () => undefined,
): Promise<void> {
	const store = redisAt(server.port, { keyPrefix: `stops-${faults++}` });
	await meetFault({ ...fault, store, keys: 9 }, async (run) => {
		prepare(run);
		const stopped = new Set<string>();
		const others: Array<Promise<unknown>> = [];
		await run.storm({
			workers: 1,
			times: 1,
			interrupt: { step, signal: 'SIGSTOP', every: 3 },
			onEvent: (event, worker) => {
				if (event.event !== 'interrupted') return;
				stopped.add(event.owner);
				others.push(
					(async () => {
						await sleep(run.leaseMs + 200);
						await run.start([event.key]).ended;
						worker.signal('SIGCONT');
					})(),
				);
			},
		});
		await Promise.all(others);
		expect(stopped.size).toBe(3);
		expected(run, stopped);
	});
}

const outcomesOf = (run: FaultRun, owners: ReadonlySet<string>): string[] =>
	run.events.flatMap((event) =>
		event.event === 'settled' && owners.has(event.owner) ? [event.outcome] : [],
	);

const refusals = (run: FaultRun): string[] =>
	run.events.flatMap((event) => (event.event === 'conflict' ? [event.reason] : []));

describe('a worker that is stopped for longer than its lease', () => {
	it('after its act: held meanwhile, and its late finish counts', async () => {
		const name = 'SIGSTOP past the lease after the act, then SIGCONT';
		await stopAt('acted', { name }, (run, stopped) => {
			expect(outcomesOf(run, stopped)).toEqual(['done', 'done', 'done']);
			expect(refusals(run)).toEqual(Array.from({ length: 3 }, () => 'unknown_outcome'));
		});
	});

	it('before its act: held meanwhile, and it acts once', async () => {
		const name = 'SIGSTOP past the lease before the act, then SIGCONT';
		await stopAt('claimed', { name }, (run, stopped) => {
			expect(outcomesOf(run, stopped)).toEqual(['done', 'done', 'done']);
			expect(run.downstream.effects).toHaveLength(9);
		});
	});

	it('after its act, under "Run Again": its late finish never overwrites', async () => {
		const name = 'SIGSTOP past the lease after the act, Run Again';
		await stopAt('acted', { name, onUnknownOutcome: 'retry' }, (run, stopped) => {
			expect(outcomesOf(run, stopped)).toEqual(['superseded', 'superseded', 'superseded']);
			expect(run.downstream.effects).toHaveLength(12);
		});
	});

	it('before its act, under "Run Again", where the downstream checks the fence', async () => {
		const name = 'SIGSTOP past the lease before the act, Run Again, the service checks the fence';
		await stopAt(
			'claimed',
			{ name, onUnknownOutcome: 'retry' },
			(run, stopped) => {
				expect(outcomesOf(run, stopped)).toEqual(['superseded', 'superseded', 'superseded']);
				expect(run.downstream.effects).toHaveLength(9);
			},
			(run) => (run.downstream.checksFence = true),
		);
	});

	it('before its act, under "Run Again", where nothing checks the fence', async () => {
		const name = 'SIGSTOP past the lease before the act, Run Again, nothing checks the fence';
		await stopAt('claimed', { name, onUnknownOutcome: 'retry', unprotected: true }, (run) => {
			expect(run.downstream.effects).toHaveLength(12);
		});
	});
});
