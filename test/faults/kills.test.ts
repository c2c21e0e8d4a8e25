import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RedisServer } from '../support/redis-server';
import { meetFault, redisAt } from './fault-run';
import type { Step, WorkerStore } from './worker-task';

/** Workers that die, between any two steps, on both stores. */

let server: RedisServer;
let folder: string;
beforeAll(async () => {
	server = await RedisServer.start();
	folder = mkdtempSync(join(tmpdir(), 'idempotency-faults-'));
});
afterAll(async () => {
	await server.stop();
	rmSync(folder, { recursive: true });
});

const stores: Array<[string, (name: string) => WorkerStore]> = [
	['Redis', (keyPrefix) => redisAt(server.port, { keyPrefix })],
	['embedded', (name) => ({ kind: 'embedded', file: join(folder, name, 'claims.sqlite') })],
];

const KILLS: Array<[string, Step]> = [
	['before the answer to its claim', 'claiming'],
	['after its claim', 'claimed'],
	['during its act', 'acting'],
	['between act and finish', 'acted'],
	['before the answer to its finish', 'finishing'],
	['after its finish', 'finished'],
];

describe.each(stores)('workers killed, %s', (_, store) => {
	it.each(KILLS)('SIGKILL of a worker %s', async (when, step) => {
		const name = `SIGKILL of a worker ${when}`;
		await meetFault({ name, store: store(`kill-${step}`) }, async (run) => {
			await run.storm({ interrupt: { step, signal: 'SIGKILL', every: 2 } });
			const killed = run.events.filter(({ event }) => event === 'interrupted');
			expect(killed.length).toBeGreaterThan(2);
		});
	});
});
