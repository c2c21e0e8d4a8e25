import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compileInto } from '../support/compile';
import { startCluster } from '../support/redis-cluster';
import { RedisServer } from '../support/redis-server';
import { answered, freshIdentity } from '../support/requests';
import type { BudgetLine, BudgetTask } from './budget-worker';
import { openStore } from './open-store';
import type { WorkerStore } from './worker-task';

/** Many processes that invent a new key for every try: a budget is granted exactly, and never more. */

const PROCESSES = 4;
const TRIES = 4_000;
const HOUR_MS = 3_600_000;

let folder: string;
let worker: string;
let server: RedisServer;
let cluster: RedisServer[] = [];
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'idempotency-budgets-'));
	worker = compileInto(folder, ['test/faults/budget-worker.ts'])[0]!;
	[server, cluster] = await Promise.all([RedisServer.start(), startCluster()]);
});
afterAll(async () => {
	for (const one of [server, ...cluster]) await one.stop();
	rmSync(folder, { recursive: true });
});

const STORES: Record<string, (name: string) => WorkerStore> = {
	embedded: (name) => ({
		kind: 'embedded',
		file: join(folder, `${name}.sqlite`),
		// On a busy machine one of them may have to wait for long.
		busyRetryMs: 100_000,
	}),
	Redis: (name) => ({
		kind: 'redis',
		options: { deployment: 'standalone', host: '127.0.0.1', port: server.port, keyPrefix: name },
	}),
	'Redis Cluster': (name) => ({
		kind: 'redis',
		options: {
			deployment: 'cluster',
			nodes: cluster.map(({ port }) => ({ host: '127.0.0.1', port })),
			keyPrefix: name,
		},
	}),
};

async function run(task: BudgetTask): Promise<BudgetLine | 'killed'> {
	const child = spawn(
		process.execPath,
		['--disable-warning=ExperimentalWarning', worker, JSON.stringify(task)],
		{ stdio: ['ignore', 'pipe', 'inherit'] },
	);
	let text = '';
	child.stdout.on('data', (data: Buffer) => (text += data.toString()));
	const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
	return signal === 'SIGKILL' ? 'killed' : (JSON.parse(text) as BudgetLine);
}

/** Grants that the store itself counted. */
async function grantsIn(store: WorkerStore): Promise<number> {
	const opened = await openStore(store);
	const rows = answered(await opened.stats());
	await opened.close();
	return rows.reduce((sum, { counter, value }) => (counter === 'new' ? sum + value : sum), 0);
}

const sum = (lines: readonly BudgetLine[], name: 'granted' | 'exhausted') =>
	lines.reduce((all, line) => all + line[name], 0);

describe.each(Object.entries(STORES))('%s', (kind, storeOf) => {
	it.each([1, 25, 300])(
		`grants exactly %i of ${TRIES} tries by ${PROCESSES} processes`,
		async (limit) => {
			const store = storeOf(`exact-${limit}-${kind.length}`);
			const budget = { identity: freshIdentity('exact'), limit, windowMs: HOUR_MS };
			const lines = await Promise.all(
				Array.from({ length: PROCESSES }, async (_, i) => {
					const tries = TRIES / PROCESSES;
					return await run({ name: `process ${i}`, store, tries, parallel: 20, budget });
				}),
			);
			const ended = lines.filter((line) => line !== 'killed');
			expect(ended.flatMap(({ other }) => other)).toEqual([]);
			expect(sum(ended, 'granted')).toBe(limit);
			expect(sum(ended, 'exhausted')).toBe(TRIES - limit);
			expect(await grantsIn(store)).toBe(limit);
		},
	);

	it('loses at most what was under way where processes are killed, and never grants more', async () => {
		const [limit, parallel, deaths] = [150, 5, 6];
		const store = storeOf(`killed-${kind.length}`);
		const budget = { identity: freshIdentity('killed'), limit, windowMs: HOUR_MS };
		for (let death = 0; death < deaths; death++) {
			const name = `killed ${death}`;
			const dieAfter = 10 + 3 * death;
			expect(await run({ name, store, tries: 1_000, parallel, budget, dieAfter })).toBe('killed');
		}
		const last = await run({ name: 'last', store, tries: 500, parallel, budget });
		expect(last).toMatchObject({ other: [] });
		const granted = await grantsIn(store);
		expect(granted).toBeLessThanOrEqual(limit);
		expect(granted).toBeGreaterThanOrEqual(kind === 'embedded' ? limit : limit - deaths * parallel);
	});
});
