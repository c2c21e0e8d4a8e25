import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RedisServer } from '../support/redis-server';
import { meetFault, redisAt } from './fault-run';

/** Hosts whose clocks are wrong by ten minutes. */

const OFF_MS = 600_000;

it('workers whose clocks are off: Redis’ clock is the only one', async () => {
	const server = await RedisServer.start();
	const fault = {
		name: 'clocks of workers 10 minutes fast and slow',
		store: redisAt(server.port),
		leaseMs: 2_000,
		// The stricter question: a clock that counted would end the leases of others at once.
		onUnknownOutcome: 'retry' as const,
	};
	try {
		await meetFault(fault, async (run) => {
			run.downstream.answerAfterMs = 30;
			await run.storm({ workers: 3, times: 3, clockShiftsMs: [-OFF_MS, 0, OFF_MS] });
			expect(run.events.filter((event) => event.event === 'granted' && event.takeover)).toEqual([]);
			expect(run.downstream.effects).toHaveLength(run.keys.length);
		});
	} finally {
		await server.stop();
	}
});

it('a host whose clock is set forward and back: the embedded store’s time never goes back', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'idempotency-faults-'));
	const fault = {
		name: "the host's clock set 10 minutes forward and back",
		store: { kind: 'embedded' as const, file: join(folder, 'claims.sqlite') },
	};
	try {
		await meetFault(fault, async (run) => {
			run.downstream.answerAfterMs = 30;
			for (const shifts of [
				[0, OFF_MS],
				[-OFF_MS, 0],
			]) {
				await run.storm({ clockShiftsMs: shifts });
			}
		});
	} finally {
		rmSync(folder, { recursive: true });
	}
});
