import type { IExecuteFunctions } from 'n8n-workflow';
import type { LeaseKeeper } from '../../lib/guard/lease-keeper';
import type { Store } from '../../lib/core/store';
import { openStore } from '../../nodes/shared/open-store';
import { commit, guard, noOp, startDownstream, webhook, workflow } from '../support/engine';
import type { Answer, CommonRunOptions, Downstream, RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** "If Still Running: Wait for the Result", with the real nodes in n8n's engine. */

const n8n = engine();
let downstream: Downstream;
let store: Store;
let leases: LeaseKeeper;
beforeAll(async () => {
	downstream = await startDownstream();
	({ store, leases } = await openStore({} as IExecuteFunctions, 'embedded'));
});
afterAll(async () => await downstream.close());

const WAIT = { onInProgress: 'wait', maxWaitSeconds: 10 };

/** Longer than jest lets a test run: who waits for it fails. */
const FOR_EVER = { maxWaitSeconds: 3_600 };

async function send(keys: string | string[], parts: ChargeParts = {}, more: CommonRunOptions = {}) {
	const triggerItems = [keys].flat().map((key) => delivery(key));
	const json = chargeWorkflow(downstream.url, { ...parts, guard: { ...WAIT, ...parts.guard } });
	return await n8n.run(json, { triggerItems, ...more });
}

const seen = (key: string) => downstream.requests.filter((request) => request.key === key).length;

/** A run that acts for the key until `finish` is called. */
async function busy(key: string, answer: Answer = {}, parts: ChargeParts = {}, more = {}) {
	let finish: () => void = () => undefined;
	const until = new Promise<void>((resolve) => (finish = resolve));
	downstream.nextFor(key, { ...answer, until });
	const before = seen(key);
	const run = send(key, parts, more);
	await eventually(() => seen(key) > before);
	return { run, finish };
}

const soon = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

async function timed(run: Promise<RunResult>): Promise<{ result: RunResult; ms: number }> {
	const started = performance.now();
	const result = await run;
	return { result, ms: performance.now() - started };
}

describe('what comes of the run that is waited for', () => {
	test('it finishes: its result', async () => {
		const key = newKey();
		const first = await busy(key);
		const second = timed(send(key));
		await soon(300);
		first.finish();
		const { result, ms } = await second;
		expect(ms).toBeGreaterThan(290);
		expect(routed(result)).toEqual([0, 1, 0, 0]);
		expect(result.json('Duplicate')[0]?.body).toEqual((await first.run).json('Committed')[0]?.body);
		expect(downstream.effects(key)).toBe(1);
	});

	test('it is refused for good: the same refusal', async () => {
		const key = newKey();
		const first = await busy(key, { status: 402, body: { declined: true } });
		const second = send(key);
		await soon(50);
		first.finish();
		await first.run;
		const result = await second;
		expect(routed(result)).toEqual([0, 1, 0, 0]);
		expect(result.json('Duplicate')[0]).toMatchObject({ statusCode: 402 });
	});

	test('it is told to come later: so is this one', async () => {
		const key = newKey();
		const first = await busy(key, { status: 429, headers: { 'retry-after': '60' } });
		const second = send(key);
		await soon(50);
		first.finish();
		expect(detailsOf(await second, 'Conflict')).toMatchObject({ reason: 'retry_later' });
	});

	test('it gives the key back: one of those that wait acts, the others wait for it', async () => {
		const key = newKey();
		const first = await busy(key, {}, { commit: { operation: 'release' } });
		const others = [send(key), send(key), send(key)];
		await soon(100);
		first.finish();
		const results = await Promise.all(others);
		const sums = results.map(routed).reduce((a, b) => a.map((n, i) => n + (b[i] ?? 0)));
		expect(sums).toEqual([1, 2, 0, 0]);
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(2);
	});

	test.each([
		['hold', { reason: 'unknown_outcome' }],
		['retry', {}],
	])('it dies, policy %s', async (onUnknownOutcome, conflict) => {
		const key = newKey();
		const guarding = { onUnknownOutcome, options: { claimTimeoutMinutes: 0.01 } };
		const lost = { finishHandlers: 'lost' };
		const first = await busy(key, {}, { guard: guarding }, lost);
		const result = await send(key, { guard: { ...guarding, ...FOR_EVER } });
		if (onUnknownOutcome === 'hold') {
			expect(detailsOf(result, 'Conflict')).toMatchObject(conflict);
		} else {
			expect(detailsOf(result, 'Guard')).toMatchObject({ takeover: true, attempt: 2 });
		}
		first.finish();
		await first.run;
	});

	test('it takes too long: in_progress, when the time is over', async () => {
		const key = newKey();
		const first = await busy(key);
		const { result, ms } = await timed(send(key, { guard: { maxWaitSeconds: 0.4 } }));
		expect(ms).toBeGreaterThan(390);
		expect(detailsOf(result, 'Conflict')).toMatchObject({ reason: 'in_progress', statusCode: 409 });
		first.finish();
		await first.run;
		expect(downstream.effects(key)).toBe(1);
	});
});

describe('who does not wait', () => {
	test('Answer Conflict, the default', async () => {
		const key = newKey();
		const first = await busy(key);
		const result = await send(key, { guard: { ...FOR_EVER, onInProgress: 'conflict' } });
		expect(detailsOf(result, 'Conflict').reason).toBe('in_progress');
		first.finish();
		await first.run;
	});

	test('an item for another of its batch', async () => {
		const key = newKey();
		const result = await send([key, key], { guard: FOR_EVER });
		expect(routed(result)).toEqual([1, 0, 1, 0]);
		expect(detailsOf(result, 'Conflict')).toMatchObject({ sameBatch: true });
	});

	test('an execution for a claim of its own', async () => {
		const shared = { ...WAIT, ...FOR_EVER, options: { scope: 'custom', namespace: 'shared' } };
		const twice = workflow({
			nodes: [
				webhook('Webhook'),
				guard('Guard', shared),
				guard('Again', shared),
				noOp('Act'),
				commit('Commit'),
				noOp('Conflict'),
			],
			connections: [
				['Webhook', 'Guard', 'Again', 'Act', 'Commit'],
				['Again:2', 'Conflict'],
			],
		});
		const result = await n8n.run(twice, { triggerItems: [delivery(newKey())] });
		expect(result.json('Conflict')).toHaveLength(1);
	});

	test('the twenty-first for a key; and all may again once these have ended', async () => {
		const key = newKey();
		for (let round = 1; round <= 2; round++) {
			const first = await busy(key, {}, { commit: { operation: 'release' } });
			const refused: RunResult[] = [];
			const stop = new AbortController();
			const all = Array.from({ length: 25 }, async () => {
				const result = await send(key, { guard: FOR_EVER }, { signal: stop.signal });
				if (!stop.signal.aborted) refused.push(result);
			});
			await eventually(() => refused.length === 5);
			await soon(100);
			// The others wait until they are cancelled.
			stop.abort();
			await Promise.all(all);
			expect(refused).toHaveLength(5);
			for (const result of refused) {
				expect(detailsOf(result, 'Conflict').reason).toBe('in_progress');
			}
			first.finish();
			await first.run;
		}
	});
});

describe('a batch', () => {
	test('waits once for all its keys', async () => {
		const keys = Array.from({ length: 5 }, newKey);
		const firsts = await Promise.all(keys.map(async (key) => await busy(key)));
		const waits = jest.spyOn(store, 'onSettled');
		const result = await send(keys, { guard: { maxWaitSeconds: 0.5 } });
		expect(waits.mock.calls.map(([identities]) => identities.length)).toEqual([5]);
		waits.mockRestore();
		expect(routed(result)).toEqual([0, 0, 5, 0]);
		for (const each of firsts) each.finish();
		await Promise.all(firsts.map(async ({ run }) => await run));
	});

	test('claims again only what it waited for, and each item gets its own answer', async () => {
		const [done, free, slow] = [newKey(), newKey(), newKey()];
		await send(done);
		const first = await busy(slow);
		const batch = send([done, free, slow, free]);
		await soon(100);
		first.finish();
		const result = await batch;
		expect(routed(result)).toEqual([1, 2, 1, 0]);
		expect(detailsOf(result, 'Conflict')).toMatchObject({ key: free, sameBatch: true });
		const [stored] = await store.get([String(detailsOf(result, 'Guard').hash)]);
		expect(stored).toMatchObject({ answer: { state: 'completed', attempts: 1 } });
		for (const key of [done, free, slow]) expect(downstream.effects(key)).toBe(1);
	});

	test('holds its own claims meanwhile, and gives them back when it is cancelled', async () => {
		const [free, slow] = [newKey(), newKey()];
		const first = await busy(slow);
		const keeper = leases;
		const before = keeper.size;
		const stop = new AbortController();
		const batch = send([free, slow], { guard: FOR_EVER }, { signal: stop.signal });
		await eventually(() => keeper.size === before + 1);
		await soon(50);
		stop.abort();
		await batch;
		expect(keeper.size).toBe(before);
		expect(downstream.effects(free)).toBe(0);
		// Nothing had run for it, so the next delivery may act at once.
		expect(routed(await send(free))).toEqual([1, 0, 0, 0]);
		first.finish();
		await first.run;
	});
});

test('a cancel ends the waiting, and claims nothing', async () => {
	const key = newKey();
	const first = await busy(key, {}, { commit: { operation: 'release' } });
	const stop = new AbortController();
	const waiting = send(key, { guard: FOR_EVER }, { signal: stop.signal });
	await soon(100);
	stop.abort();
	await waiting;
	first.finish();
	await first.run;
	expect(routed(await send(key))).toEqual([1, 0, 0, 0]);
});

test('counts as one conflict, however long it looks', async () => {
	const key = newKey();
	const counted = async (counter: string) => {
		const stats = await store.stats();
		if (!stats.ok) throw stats.error;
		return stats.answer
			.filter((row) => row.counter === counter)
			.reduce((n, row) => n + row.value, 0);
	};
	const first = await busy(key);
	const before = await counted('in_progress');
	const second = send(key);
	await soon(400);
	first.finish();
	await second;
	expect((await counted('in_progress')) - before).toBe(1);
});

test.each([0, -1, 3601, 'soon'])('%s seconds are refused', async (maxWaitSeconds) => {
	const result = await send(newKey(), { guard: { maxWaitSeconds } });
	expect(result.status).toBe('error');
	expect(result.error?.message).toContain('"Wait at Most (Seconds)"');
});
