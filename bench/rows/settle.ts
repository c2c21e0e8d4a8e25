import { join } from 'node:path';

import { openEmbeddedStore } from '../../lib/stores/embedded';
import type { OpenStore } from '../../lib/guard/opened-store';
import { LeaseKeeper } from '../../lib/guard/lease-keeper';
import { keepersFor } from '../../lib/guard/store-keepers';
import { temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { collectGarbage, inTurns, timed } from '../measure';
import { benchPostgresStore } from '../postgres';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { makeRequests } from '../requests';
import type { Scale } from '../scale';
import { failedRun } from './failed-run';

const SIZES = [250, 500, 1_000, 2_000] as const;
const LARGE = 10_000;
/** What proves nothing on a busy machine is no failure: growth and holds are compared with what they may be. */
const MOST_GROWTH = 2.3;
const LONGEST_HOLD_MS = 50;
/** A machine may stand still for some seconds. */
const LEASE_MS = 10_000;

/** The end of a failed run: how its cost grows with the claims, and how long it holds n8n's loop at a stretch. */
export async function settle(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const file = join(await temporaryFolder('idempotency-bench'), 'settle.sqlite');
	const embedded = await openEmbeddedStore({ file });
	const postgres = await benchPostgresStore('bench_settle_');
	for (const store of [embedded, redis.store, postgres.store]) {
		const opened = { store, ...keepersFor(store), secret: '', previousSecret: '' };
		await growthOf(opened, report, scale);
		await largeRun(opened, report);
	}
	await redis.empty();
	await embedded.close();
	await postgres.close();
}

async function growthOf(opened: OpenStore, report: Report, scale: Scale): Promise<void> {
	let longest = 0;
	const rounds = Object.fromEntries(
		SIZES.map((size) => [
			String(size),
			async () => {
				const run = await failedRun(opened, size);
				collectGarbage();
				const { ms, heldMs } = await watched(async () => await run.end());
				longest = Math.max(longest, heldMs);
				return ms;
			},
		]),
	);
	const medians = await inTurns(scale.of({ full: 7, short: 3 }), rounds);
	const [first = NaN, last = NaN] = [medians[String(SIZES[0])], medians[String(SIZES.at(-1))]];
	const doublings = Math.log2((SIZES.at(-1) ?? 1) / SIZES[0]);
	const bench = `settle ${opened.store.kind}`;
	report.row({
		bench,
		unit: 'times the time per doubling, 250 to 2,000 claims',
		ours: (last / first) ** (1 / doublings),
		peer: 'at most',
		theirs: MOST_GROWTH,
		better: 'less',
	});
	report.row({
		bench,
		unit: 'ms that the loop was held at most',
		ours: longest,
		peer: 'at most',
		theirs: LONGEST_HOLD_MS,
		better: 'less',
	});
}

/** While 10,000 claims are settled, the lease of another run is renewed: it never lapses. */
async function largeRun(opened: OpenStore, report: Report): Promise<void> {
	const { store } = opened;
	const run = await failedRun(opened, LARGE);
	const [request] = makeRequests(1);
	if (request === undefined) throw new Error('There is no request');
	const [reply] = await store.claim([{ ...request, leaseMs: LEASE_MS }]);
	if (!reply?.ok || reply.answer.outcome !== 'new')
		throw new Error('The other run was not granted its key');
	const other = { ...request, fence: reply.answer.fence, ownRun: true, isWaiting: () => false };
	const keeper = new LeaseKeeper(store, { leaseMs: LEASE_MS, renewEveryMs: 100 });
	keeper.keep([other]);
	collectGarbage();
	const { ms, heldMs } = await watched(async () => await run.end());
	const isKept = keeper.drop(other);
	const states = await store.get(run.identities.slice(-1));
	const [settled] = states;
	if (!isKept) throw new Error('The lease of the other run lapsed meanwhile');
	if (!settled?.ok || settled.answer?.state !== 'failed')
		throw new Error('The run was not settled');
	report.row({
		bench: `settle ${store.kind}`,
		unit: 'ms for 10,000 claims, another lease renewed meanwhile',
		ours: ms,
		peer: 'longest hold of the loop, ms',
		theirs: heldMs,
		better: 'less',
	});
}

/**
 * How long the work takes, and for how long it keeps others from their turn of the loop at most: in processor time of this thread, since
 * on a busy machine the thread itself waits for its turn.
 */
async function watched(work: () => Promise<void>): Promise<{ ms: number; heldMs: number }> {
	let heldMs = 0;
	let last = processorMs();
	let isOver = false;
	const look = () => {
		const now = processorMs();
		heldMs = Math.max(heldMs, now - last);
		last = now;
		if (!isOver) setImmediate(look);
	};
	setImmediate(look);
	const ms = await timed(work);
	isOver = true;
	return { ms, heldMs };
}

function processorMs(): number {
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1_000;
}
