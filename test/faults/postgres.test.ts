import { chownSync, mkdirSync, mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

import { openPostgresStore } from '../../lib/stores/postgres';
import { PostgresServer } from '../support/postgres-server';
import { type FaultRun, meetFault } from './fault-run';
import { mountSmallDisk, unmount } from './small-disk';
import type { Step, WorkerStore } from './worker-task';

/** PostgreSQL killed, cut off, locked, full, read-only, and failed over. */

const KEYS = 8;

let server: PostgresServer;
const others: PostgresServer[] = [];
beforeAll(async () => {
	server = await PostgresServer.start();
	// No superuser: the last connections, and all rights, are kept for those.
	await server.ask('CREATE ROLE worker LOGIN');
	await server.ask('GRANT ALL ON SCHEMA public TO worker');
});
afterAll(async () => {
	for (const each of [...others, server]) await each.stop();
});

let opened = 0;
/** Tables of its own. */
function storeIn({ options }: PostgresServer, user = 'worker'): WorkerStore & { kind: 'postgres' } {
	return { kind: 'postgres', options: { ...options, user, prefix: `f${++opened}_` } };
}

const problemsOf = (run: FaultRun): Set<string> =>
	new Set(run.events.flatMap((event) => (event.event === 'failed' ? [event.problem] : [])));

async function connected(user = server.user): Promise<Client> {
	const client = new Client({ ...server.options, user });
	client.on('error', () => undefined);
	await client.connect();
	return client;
}

/** Makes the tables, so that something can happen to them. */
async function made({ options }: WorkerStore & { kind: 'postgres' }): Promise<void> {
	const store = openPostgresStore(options);
	await store.stats();
	await store.close();
}

/** Storms while `disturb` runs again and again, until a call has failed. */
async function stormUnder(run: FaultRun, disturb: () => Promise<void>): Promise<void> {
	let done = false;
	const disturbing = (async () => {
		while (!done) await disturb();
	})();
	try {
		do await run.storm({ tries: 30 });
		while (problemsOf(run).size === 0);
	} finally {
		done = true;
		await disturbing;
	}
}

it.each<[string, Step]>([
	['before the answer to its claim', 'claiming'],
	['between act and finish', 'acted'],
	['before the answer to its finish', 'finishing'],
])('SIGKILL of a worker %s', async (when, step) => {
	const fault = { name: `SIGKILL of a worker ${when}`, store: storeIn(server), keys: KEYS };
	await meetFault(fault, async (run) => {
		await run.storm({ interrupt: { step, signal: 'SIGKILL', every: 2 } });
		const killed = run.events.filter(({ event }) => event === 'interrupted');
		expect(killed.length).toBeGreaterThan(1);
	});
});

it('the server killed and started again', async () => {
	const fault = { name: 'PostgreSQL killed and started again', store: storeIn(server), keys: KEYS };
	await meetFault(fault, async (run) => {
		let restarted: Promise<void> | undefined;
		const restart = async () => {
			await server.kill();
			await sleep(2_500);
			await server.run();
		};
		run.downstream.onEffect = (count) => {
			if (count === 3) restarted = restart();
		};
		await run.storm({ tries: 100 });
		await restarted;
		expect(restarted).toBeDefined();
		expect(problemsOf(run).size).toBeGreaterThan(0);
	});
});

it('the table of claims dropped in the middle', async () => {
	const store = storeIn(server);
	const name = 'the table of claims dropped in the middle';
	await meetFault({ name, store, keys: KEYS, unprotected: true }, async (run) => {
		let dropped: Promise<unknown> | undefined;
		run.downstream.answerAfterMs = 300;
		run.downstream.onEffect = (count) => {
			if (count === 2) dropped = server.ask(`DROP TABLE ${store.options.prefix}claims`);
		};
		await run.storm({ times: 1 });
		await dropped;
		run.downstream.answerAfterMs = 0;
	});
});

it('connections cut again and again', async () => {
	const fault = { name: 'connections to PostgreSQL cut', store: storeIn(server), keys: KEYS };
	await meetFault(fault, async (run) => {
		let cut = 0;
		let done = false;
		const client = await connected();
		const cutting = (async () => {
			while (!done) {
				const { rows } = await client.query<{ cut: boolean }>(
					`SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity WHERE usename = 'worker' ORDER BY random() LIMIT 1`,
				);
				cut += rows.length;
				await sleep(20);
			}
		})();
		await run.storm({ tries: 100 });
		done = true;
		await cutting;
		await client.end();
		expect(cut).toBeGreaterThan(5);
	});
});

it('a table that is locked, and a time limit for statements', async () => {
	const store = storeIn(server, 'hurried');
	await server.ask('CREATE ROLE hurried LOGIN');
	await server.ask('GRANT ALL ON SCHEMA public TO hurried');
	await server.ask("ALTER ROLE hurried SET statement_timeout = '100ms'");
	const fault = { name: 'table locked, statement_timeout 100 ms', store, keys: KEYS };
	await meetFault(fault, async (run) => {
		await made(store);
		const client = await connected();
		await stormUnder(run, async () => {
			await client.query('BEGIN');
			await client.query(`LOCK TABLE ${store.options.prefix}claims IN ACCESS EXCLUSIVE MODE`);
			await sleep(300);
			await client.query('COMMIT');
			await sleep(50);
		});
		await client.end();
		expect(problemsOf(run)).toContain('timeout');
	});
});

it('no connection left', async () => {
	const fault = { name: 'too many connections', store: storeIn(server), keys: KEYS };
	await meetFault(fault, async (run) => {
		await stormUnder(run, async () => {
			const taken: Client[] = [];
			for (let free = true; free; ) {
				const client = await connected().catch(() => null);
				if (client === null) free = false;
				else taken.push(client);
			}
			await sleep(2_500);
			await Promise.all(taken.map(async (client) => await client.end()));
			await sleep(200);
		});
		expect(problemsOf(run)).toContain('busy');
	});
});

it('transactions that PostgreSQL can not put into an order', async () => {
	const store = storeIn(server, 'strict');
	await server.ask('CREATE ROLE strict LOGIN');
	await server.ask('GRANT ALL ON SCHEMA public TO strict');
	await server.ask("ALTER ROLE strict SET default_transaction_isolation = 'serializable'");
	const undone = async () =>
		Number((await server.ask('SELECT sum(xact_rollback) AS n FROM pg_stat_database'))[0]?.n);
	const fault = { name: 'serializable: statements undone', store, keys: KEYS };
	await meetFault(fault, async (run) => {
		await made(store);
		const before = await undone();
		do await run.storm({ workers: 3, times: 6, parallel: 6, tries: 30 });
		while ((await undone()) === before);
	});
});

it('workers whose clocks are off', async () => {
	const minutes = 600_000;
	const fault = {
		name: 'clocks of workers 10 minutes fast and slow',
		store: storeIn(server),
		keys: KEYS,
		leaseMs: 5_000,
		onUnknownOutcome: 'retry' as const,
	};
	await meetFault(fault, async (run) => {
		await run.storm({ workers: 3, times: 3, clockShiftsMs: [-minutes, 0, minutes] });
		expect(run.events.filter((event) => event.event === 'granted' && event.takeover)).toEqual([]);
		expect(run.downstream.effects).toHaveLength(run.keys.length);
	});
});

it('a disk that is full, and then has room again', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'idempotency-faults-'));
	chmodSync(folder, 0o755);
	const disk = join(folder, 'disk');
	if (!mountSmallDisk(disk, 6_000_000)) throw new Error('No disk can be mounted: run it as root');
	const place = join(disk, 'place');
	const ballast = join(disk, 'ballast');
	mkdirSync(place, { mode: 0o700 });
	const { uid = 0, gid = 0 } = server.ids ?? {};
	chownSync(place, uid, gid);
	try {
		await server.ask(`CREATE TABLESPACE small LOCATION '${place}'`);
		await server.ask('GRANT CREATE ON TABLESPACE small TO PUBLIC');
		await server.ask('CREATE ROLE cramped LOGIN');
		await server.ask('GRANT ALL ON SCHEMA public TO cramped');
		await server.ask('ALTER ROLE cramped SET default_tablespace = small');
		const store = storeIn(server, 'cramped');
		await meetFault({ name: 'disk full', store, keys: 40 }, async (run) => {
			await made(store);
			fill(ballast);
			await run.storm({ workers: 1, times: 1, parallel: 4, resultBytes: 12_000 });
			expect(problemsOf(run)).toContain('disk_full');
			rmSync(ballast);
		});
		await server.ask(`DROP OWNED BY cramped`);
		await server.ask('DROP TABLESPACE small');
	} finally {
		unmount(disk);
		rmSync(folder, { recursive: true });
	}
});

/** All but some pages of the disk. */
function fill(ballast: string): void {
	for (let size = 6_000_000; size > 0; size -= 100_000) {
		try {
			writeFileSync(ballast, Buffer.alloc(size));
			return;
		} catch {
			rmSync(ballast, { force: true });
		}
	}
}

it('a standby refuses, and once it is promoted knows all that was answered', async () => {
	const primary = await PostgresServer.start();
	others.push(primary);
	const standby = await primary.startStandby();
	others.push(standby);
	await primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'");
	await primary.ask('SELECT pg_reload_conf()');
	const store = storeIn(primary, primary.user);
	const looksBy: WorkerStore = {
		kind: 'postgres',
		options: { ...store.options, port: standby.port },
	};
	const name = 'primary killed, a standby that has all is promoted';
	await meetFault({ name, store, looksBy, keys: KEYS }, async (run) => {
		await run.storm({ keys: run.keys.slice(0, 4) });
		const before = run.downstream.effects.length;
		await primary.kill();
		await run.storm({ keys: run.keys.slice(0, 6), store: looksBy });
		expect(problemsOf(run)).toContain('read_only');
		expect(run.downstream.effects).toHaveLength(before);
		await standby.ask('SELECT pg_promote()');
		await run.storm({ store: looksBy, tries: 10 });
	});
});
