import { onCleanup } from '../scripts/lib/cleanup.mjs';
import { collectGarbage } from './measure';
import { nodeIdempotency } from './peers/node-idempotency';
import { ourPeer } from './peers/ours';
import { powertools } from './peers/powertools';
import type { BenchRedis } from './redis';
import type { Report } from './report';
import { fencesOf, makeOrder, makeRequests } from './requests';
import { handleOnce } from './rows/claim-finish';

const HOUR_MS = 3_600_000;
const SINGLE = 3_000;
const BATCH = 10_000;

/** Where the time of the rows goes, ours and theirs: between this process and Redis, and there between its commands. */
export async function profile(redis: BenchRedis, report: Report): Promise<void> {
	const measured = async (of: string, side: string, count: number, work: () => Promise<void>) =>
		report.profile(await profileOf(redis, { of, side, count, work }));

	const single = makeRequests(SINGLE);
	const batch = makeRequests(BATCH);
	const setting = ['PX', 48 * HOUR_MS, 'NX', 'GET'] as const;
	await measured('claim-batch', 'ours', BATCH, async () => {
		fencesOf(await redis.store.claim(batch));
	});
	await measured('claim-batch', 'SET PX NX GET', BATCH, async () => {
		const pipeline = redis.client.pipeline();
		for (const { identity, owner } of batch) pipeline.set(identity, owner, ...setting);
		await pipeline.exec();
	});
	await measured('claim-single', 'ours', SINGLE, async () => {
		for (const request of single) fencesOf(await redis.store.claim([request]));
	});
	await measured('claim-single', 'SET PX NX GET', SINGLE, async () => {
		for (const { identity, owner } of single) await redis.client.set(identity, owner, ...setting);
	});

	const { port } = redis;
	for (const peer of [ourPeer(), powertools, nodeIdempotency]) {
		const handler = await peer.open({ port, leaseMs: 60_000, retentionMs: 48 * HOUR_MS });
		const close = onCleanup(async () => await handler.close());
		const orders = Array.from({ length: SINGLE }, makeOrder);
		await measured('claim-finish', peer.name, SINGLE, async () => {
			for (const order of orders) await handleOnce(handler, order);
		});
		await close();
	}
}

/** Runs the work once to compile it, and once to measure it. */
async function profileOf(
	redis: BenchRedis,
	{ of, side, count, work }: { of: string; side: string; count: number; work: () => Promise<void> },
) {
	await redis.empty();
	await work();
	await redis.empty();
	collectGarbage();
	await redis.client.config('RESETSTAT');
	const redisBefore = await cpuOf(redis);
	const clientBefore = process.cpuUsage();
	const begun = performance.now();
	await work();
	const wall = (performance.now() - begun) * 1000;
	const client = process.cpuUsage(clientBefore);
	const redisCpu = (await cpuOf(redis)) - redisBefore;
	const each = (micros: number) => Number((micros / count).toFixed(2));
	return {
		...{ of, side, wall: each(wall) },
		clientCpu: each(client.user + client.system),
		redisCpu: each(redisCpu),
		commands: await commandsOf(redis, each),
	};
}

/** Microseconds of CPU that Redis used. */
async function cpuOf({ client }: BenchRedis): Promise<number> {
	const info = await client.info('cpu');
	const used = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)];
	return used.reduce((sum, [, seconds]) => sum + Number(seconds) * 1e6, 0);
}

async function commandsOf({ client }: BenchRedis, each: (micros: number) => number) {
	const info = await client.info('commandstats');
	const found = [...info.matchAll(/^cmdstat_([^:]+):calls=\d+,usec=(\d+)/gm)];
	return Object.fromEntries(
		found
			.map(([, name = '', usec]) => [name, each(Number(usec))] as const)
			.filter(([name, micros]) => micros >= 0.05 && !/^(info|config|flushall)/.test(name))
			.sort(([, a], [, b]) => b - a),
	);
}
