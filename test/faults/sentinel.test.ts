import { RedisServer } from '../support/redis-server';
import { type Fault, type FaultRun, QUICK_TIMEOUTS, meetFault } from './fault-run';
import { until } from '../support/until';
import type { WorkerStore } from './worker-task';

/** A primary that dies, and a replica that three sentinels promote. */

class Watched {
	private constructor(
		readonly primary: RedisServer,
		readonly replica: RedisServer,
		private readonly sentinels: readonly RedisServer[],
	) {}

	static async start(): Promise<Watched> {
		const primary = await RedisServer.start();
		const replica = await RedisServer.start({ replicaOf: primary });
		const config = [
			`sentinel monitor main 127.0.0.1 ${primary.port} 2`,
			'sentinel down-after-milliseconds main 500',
			'sentinel failover-timeout main 3000',
		];
		const sentinels: RedisServer[] = [];
		for (let i = 0; i < 3; i++) {
			sentinels.push(await RedisServer.start({ sentinel: true, config }));
		}
		const watched = new Watched(primary, replica, sentinels);
		await until('the replica follows', async () =>
			(await infoOf(replica)).includes('master_link_status:up'),
		);
		for (const sentinel of sentinels) {
			await until('the sentinels know the replica and each other', async () => {
				const about = await sentinel.ask(async (client) => await client.info('sentinel'));
				return /slaves=1,sentinels=3/.test(about);
			});
		}
		return watched;
	}

	get store(): WorkerStore {
		const nodes = this.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
		return {
			kind: 'redis',
			options: { deployment: 'sentinel', nodes, sentinelName: 'main', timeouts: QUICK_TIMEOUTS },
		};
	}

	/** What the primary has written, the replica has. */
	async replicated(): Promise<void> {
		await this.primary.ask(async (client) => {
			await client.set('replicated', 'yes');
			expect(await client.wait(1, 5_000)).toBe(1);
		});
	}

	/** The primary goes on alone: the replica can't connect to it any more. */
	async cutReplication(): Promise<void> {
		await this.primary.ask(async (client) => {
			await client.call('ACL', 'SETUSER', 'default', '-psync', '-sync', '-replconf');
			await client.call('CLIENT', 'KILL', 'TYPE', 'replica');
			await until('no replica', async () =>
				(await client.info('replication')).includes('connected_slaves:0'),
			);
		});
	}

	async failOver(): Promise<void> {
		await this.primary.kill('SIGKILL');
		await until('the replica is the primary', async () =>
			(await infoOf(this.replica)).includes('role:master'),
		);
	}

	async bringBack(): Promise<void> {
		await this.primary.run();
		// The sentinels do the same, some ten seconds later.
		await this.primary.ask(
			async (client) => await client.replicaof('127.0.0.1', this.replica.port),
		);
		await until('the old primary follows the new one', async () =>
			(await infoOf(this.replica)).includes('state=online'),
		);
	}

	async stop(): Promise<void> {
		for (const server of [...this.sentinels, this.replica, this.primary]) await server.stop();
	}
}

const infoOf = async (server: RedisServer): Promise<string> =>
	await server.ask(async (client) => await client.info('replication'));

async function withSentinels(
	fault: Omit<Fault, 'store'>,
	body: (run: FaultRun, watched: Watched) => Promise<void>,
): Promise<void> {
	const watched = await Watched.start();
	try {
		await meetFault({ ...fault, store: watched.store }, async (run) => await body(run, watched));
	} finally {
		await watched.stop();
	}
}

const early = (run: FaultRun) => run.keys.slice(0, 6);
const late = (run: FaultRun) => run.keys.slice(6);

it('a failover to a replica that has everything', async () => {
	const name = 'Sentinel: primary killed, a replica that has all is promoted';
	await withSentinels({ name }, async (run, watched) => {
		await run.storm({ keys: early(run) });
		await watched.replicated();
		let isOver = false;
		const failover = watched.failOver().finally(() => (isOver = true));
		// As long as it takes: a storm that ends before the primary dies would have met no fault.
		do await run.storm({ tries: 60 });
		while (!isOver);
		await failover;
		expect(run.events.some(({ event }) => event === 'failed')).toBe(true);
	});
});

it('a failover to a replica that lags', async () => {
	const name = 'Sentinel: primary killed before replication, Min Replicas 0';
	await withSentinels({ name, unprotected: true }, async (run, watched) => {
		await run.storm({ keys: early(run), times: 1 });
		await watched.replicated();
		await watched.cutReplication();
		await run.storm({ keys: late(run), times: 1 });
		await watched.failOver();
	});
});

it('a failover to a replica that lags, where each claim must be on one', async () => {
	const name = 'Sentinel: primary killed before replication, Min Replicas 1';
	await withSentinels({ name, minReplicas: 1 }, async (run, watched) => {
		await run.storm({ keys: early(run), times: 1 });
		await watched.replicated();
		await watched.cutReplication();
		await run.storm({ keys: late(run), times: 1 });
		const problems = run.events.flatMap((event) =>
			event.event === 'failed' ? [event.problem] : [],
		);
		expect(problems).toEqual(late(run).map(() => 'not_replicated'));
		await watched.failOver();
		// What was refused acts once a replica is there again.
		await watched.bringBack();
	});
});
