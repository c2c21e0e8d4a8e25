import { setTimeout as sleep } from 'node:timers/promises';

import { say } from '../../../scripts/lib/log.mjs';
import { waitUntil } from '../../../scripts/lib/processes.mjs';
import { fireStorm } from '../../../scripts/lib/storm';
import { Cluster } from './cluster';
import { PATHS, publishDeposits } from './workflows';

/**
 * Exactly once in one commit: examples/exactly-once-postgres.json while n8n, its workers and the database's connections are killed.
 * `npm run test:exactly-once` (scripts/test-exactly-once.ts) says with how many keys and kills.
 */

const { keys, kills } = JSON.parse(process.env.EXACTLY_ONCE ?? '{}') as {
	keys: number;
	kills: number;
};
/** Keys that are all between the statement and Commit when n8n is killed. */
const PAUSED_KEYS = 10;
const TIMES = 2;
const LIMIT_MS = 30 * 60_000;

let cluster: Cluster;
let workflowId: string;
beforeAll(async () => {
	cluster = await Cluster.start();
	await cluster.db.query(
		'CREATE TABLE deposits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id text NOT NULL, amount bigint NOT NULL)',
	);
	// The commit takes a moment, so that it is met by kills.
	await cluster.db.query(
		`CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(random() * 0.1); RETURN NULL; END'`,
	);
	await cluster.db.query(
		'CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON deposits DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slowly()',
	);
	for (const path of PATHS) {
		const id = await publishDeposits(path, cluster);
		if (path === 'deposits') workflowId = id;
	}
}, 600_000);
afterAll(async () => await cluster.stop(), 120_000);

const results: Record<string, unknown> = { keys, kills };
afterAll(() => process.stdout.write(`${JSON.stringify(results)}\n`));

const deliveriesOf = (names: readonly string[]) =>
	names.flatMap((key) =>
		Array.from({ length: TIMES }, () => ({ key, body: { orderId: key, amount: 7 } })),
	);

/** Sends until each delivery was answered 200. */
const send = async (path: string, names: readonly string[]) =>
	await fireStorm(cluster.main.webhook(path), deliveriesOf(names), {
		timeoutMs: LIMIT_MS,
		tryTimeoutMs: 20_000,
		isFinal: ({ status }) => status === 200,
	});

/** How many keys have how many rows, e.g. `{ 1: 1000 }`. */
async function rowsPerKey(names: readonly string[]): Promise<Record<string, number>> {
	const { rows } = await cluster.db.query<{ order_id: string; n: number }>(
		'SELECT order_id, count(*)::int AS n FROM deposits WHERE order_id = ANY($1) GROUP BY order_id',
		[names],
	);
	const counts = new Map(rows.map((row) => [row.order_id, row.n]));
	const found: Record<string, number> = {};
	for (const name of names) found[counts.get(name) ?? 0] = (found[counts.get(name) ?? 0] ?? 0) + 1;
	return found;
}

/** Runs stopped executions again, as a user may, also such as have committed. */
async function runAgain(): Promise<number> {
	const executions = await cluster.main.api.executions(workflowId);
	const stopped = executions.filter(({ status }) => ['error', 'crashed'].includes(status));
	const again = stopped.sort(() => Math.random() - 0.5).slice(0, 3);
	// n8n answers when it has ended, which it may not where it is killed meanwhile.
	const tried = again.map(async ({ id }) => {
		await Promise.race([cluster.main.api.retry(id), sleep(15_000)]);
	});
	return (await Promise.allSettled(tried)).length;
}

type Kind = 'n8n' | 'workers' | 'backends';
const kindOf = (number: number): Kind => {
	if (number % 10 === 5) return 'n8n';
	return number % 2 === 0 ? 'backends' : 'workers';
};

async function kill(kind: Kind, number: number): Promise<void> {
	if (kind === 'n8n') return await cluster.killAll();
	if (kind === 'workers') return await cluster.killWorker(number);
	for (let tries = 0; (await cluster.killBackend()) === 0 && tries < 50; tries++) await sleep(50);
}

it(
	'writes one row a key, whatever is killed and run again',
	async () => {
		const names = Array.from({ length: keys }, (_, i) => `key ${i}`);
		const sending: Array<ReturnType<typeof send>> = [];
		const killed: Record<Kind, number> = { n8n: 0, workers: 0, backends: 0 };
		let retried = 0;
		for (let number = 0; number < kills; number++) {
			const from = Math.floor((number * keys) / kills);
			sending.push(send('deposits', names.slice(from, Math.floor(((number + 1) * keys) / kills))));
			await sleep(100 + Math.random() * 400);
			const kind = kindOf(number);
			await kill(kind, number);
			killed[kind]++;
			if (number % 5 === 4) retried += await runAgain().catch(() => 0);
			if (number % 10 === 9) {
				const done = JSON.stringify(await rowsPerKey(names));
				say(`${number + 1} of ${kills} kills, keys by rows: ${done}`);
			}
		}
		const answers = (await Promise.all(sending)).flat();
		for (let i = 0; i < 5; i++) retried += await runAgain();
		const rows = await rowsPerKey(names);
		const bodies = new Map<string, Set<string | undefined>>();
		for (const { delivery, status, body } of answers) {
			const told = status === 200 ? String((JSON.parse(body ?? '') as { id?: string }).id) : status;
			bodies.set(delivery.key, (bodies.get(delivery.key) ?? new Set()).add(String(told)));
		}
		const differing = [...bodies.values()].filter(({ size }) => size !== 1).length;
		Object.assign(results, { killed, runAgain: retried, rowsPerKey: rows, differing });
		expect({ rows, differing }).toEqual({ rows: { 1: keys }, differing: 0 });
		expect(retried).toBeGreaterThan(0);
	},
	4 * 60 * 60_000,
);

it('killed between the statement and Commit: one commit writes once, separate commits write twice', async () => {
	const names = (path: string) => Array.from({ length: PAUSED_KEYS }, (_, i) => `${path} ${i}`);
	const all = [...names('paused'), ...names('separate')];
	const sending = Promise.all([
		send('paused', names('paused')),
		send('separate', names('separate')),
	]);
	const acted = async () => (await rowsPerKey(all))['1'] === all.length;
	await waitUntil(acted, { what: 'all have acted', timeoutMs: 120_000, intervalMs: 50 });
	await cluster.killAll();
	await sending;
	const [oneCommit, separateCommits] = [
		await rowsPerKey(names('paused')),
		await rowsPerKey(names('separate')),
	];
	Object.assign(results, { betweenActAndFinish: { oneCommit, separateCommits } });
	expect(oneCommit).toEqual({ 1: PAUSED_KEYS });
	expect(separateCommits['1'] ?? 0).toBeLessThan(PAUSED_KEYS);
	expect(separateCommits['0']).toBeUndefined();
}, 600_000);
