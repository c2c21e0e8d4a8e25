import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { LeaseKeeper } from '../../lib/guard/lease-keeper';
import type { ClaimRecord } from '../../lib/core/record';
import type { Store } from '../../lib/core/store';
import { openStore } from '../../nodes/shared/open-store';
import {
	executeWorkflow,
	http,
	javascript,
	node,
	noOp,
	standIn,
	startDownstream,
	stopAndError,
	subWorkflowTrigger,
	switchTo,
	wait,
	webhook,
	workflow,
} from '../support/engine';
import type { Downstream, RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** What becomes of a claim whose run ended without Commit: docs/guarantees.md, "Abandoned", row by row, in n8n's engine. */

const brokenSet = standIn('set', {
	async execute() {
		throw new Error('The field is not there');
	},
});
const set = (name: string) => node(name, 'n8n-nodes-base.set');

const n8n = engine({ nodes: { 'n8n-nodes-base.set': brokenSet } });
let downstream: Downstream;
let store: Store;
let leases: LeaseKeeper;
beforeAll(async () => {
	downstream = await startDownstream();
	({ store, leases } = await openStore({} as IExecuteFunctions, 'embedded'));
});
afterAll(async () => {
	await downstream.close();
});

async function run(parts: ChargeParts, keys: string | string[], more = {}): Promise<RunResult> {
	const triggerItems = [keys].flat().map((key) => delivery(key));
	return await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems, ...more });
}

async function recordsOf(result: RunResult): Promise<ClaimRecord[]> {
	const hashes = result
		.json('Guard')
		.map(({ idempotency }) => String((idempotency as IDataObject).hash));
	const replies = await store.get(hashes);
	return replies.map((reply) => {
		if (!reply.ok) throw reply.error;
		return reply.answer as ClaimRecord;
	});
}

async function recordOf(result: RunResult): Promise<ClaimRecord> {
	const [record] = await recordsOf(result);
	if (record === undefined) throw new Error('Nothing was claimed');
	return record;
}

/** Waits out the backoff is not what is tested: the record is asked, and what the next delivery is told. */
async function next(parts: ChargeParts, key: string): Promise<IDataObject> {
	return detailsOf(await run(parts, key), 'Conflict');
}

/** Renews what this process holds, as its timer does every 15 s. */
async function renewNow(): Promise<void> {
	await leases.renew();
}

const WHEN = /The run of \d{4}-\d\d-\d\dT[\d:.]+Z/;

describe('stopped by the node that failed', () => {
	const parts = { charge: { fullResponse: false } };

	test('402: failed, and the refusal is replayed', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 402, body: { declined: true } });
		const first = await run(parts, key);
		expect(first.status).toBe('error');
		const record = await recordOf(first);
		expect(record).toMatchObject({ state: 'failed', statusCode: 402 });
		const second = await run(parts, key);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({ statusCode: 402, resultItems: 0 });
		expect(detailsOf(second, 'Duplicate').message).toMatch(WHEN);
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
	});

	test('429: released, to be tried again later', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 429, headers: { 'retry-after': '120' } });
		const record = await recordOf(await run(parts, key));
		expect(record).toMatchObject({ state: 'released', statusCode: 429 });
		// n8n's final error has no headers: the wait grows from 30 s.
		expect(record.notBefore - record.leaseUntil).toBe(30_000);
		const conflict = await next(parts, key);
		expect(conflict).toMatchObject({ reason: 'retry_later', statusCode: 409 });
		expect(conflict.message).toMatch(/stopped at Charge: .*429/);
		expect(conflict.retryAfterSeconds).toBeGreaterThan(25);
	});

	test('nothing listens: released', async () => {
		const record = await recordOf(
			await run({ charge: { ...parts.charge, url: 'http://127.0.0.1:1/' } }, newKey()),
		);
		expect(record).toMatchObject({ state: 'released', attempts: 1 });
		expect(record.reason).toMatch(/stopped at Charge: .*ECONNREFUSED/);
	});

	test.each([
		['500', { status: 500 }, {}, /HTTP 500|500/],
		['an answer that comes too late', { delayMs: 500 }, { timeout: 40 }, /ECONNABORTED|timeout/i],
		['a connection cut after the request', { reset: true }, {}, /ECONNRESET|socket hang up/],
	])('%s: unknown, and held', async (_, answer, request, words) => {
		const key = newKey();
		downstream.nextFor(key, answer);
		const charging = { charge: { ...parts.charge, ...request } };
		const first = await run(charging, key);
		expect(first.status).toBe('error');
		expect(await recordOf(first)).toMatchObject({ state: 'unknown' });
		const conflict = await next(charging, key);
		expect(conflict).toMatchObject({ reason: 'unknown_outcome', statusCode: 409 });
		expect(conflict.message).toMatch(WHEN);
		expect(conflict.message).toContain('stopped at Charge');
		expect(conflict.message).toMatch(words);
		expect(conflict.message).toContain('Whether it acted is not known, so nothing was done.');
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
	});

	test('unknown, where an earlier run that never finished may be run again: the next delivery acts', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		const retrying = { ...parts, guard: { onUnknownOutcome: 'retry' } };
		expect(await recordOf(await run(retrying, key))).toMatchObject({ state: 'unknown' });
		const second = await run(retrying, key);
		expect(detailsOf(second, 'Guard')).toMatchObject({ attempt: 2, takeover: true });
		expect(second.json('Committed')).toHaveLength(1);
		expect(await recordOf(second)).toMatchObject({ state: 'completed', attempts: 2 });
	});

	test('hold wins where only one of the two says run again', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		await run(parts, key);
		const conflict = await next({ ...parts, guard: { onUnknownOutcome: 'retry' } }, key);
		expect(conflict).toMatchObject({ reason: 'unknown_outcome' });
	});

	test('with Retry On Fail only the last try is seen: unknown', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 402 }, { status: 402 });
		const retried = { ...parts, chargeSettings: { retryOnFail: true, maxTries: 2 } };
		const record = await recordOf(await run(retried, key));
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('only the last try is seen');
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(2);
	});

	test('after another node had acted: unknown', async () => {
		const key = newKey();
		downstream.nextFor(key, {}, { status: 402 });
		const send = { url: downstream.url, body: '={{ $json.body ?? { key: $json.key } }}' };
		const act = [http('Reserve', send), http('Charge', send)];
		const record = await recordOf(await run({ act }, key));
		// One was done and the other refused for good: there is nothing left to do.
		expect(record).toMatchObject({ state: 'completed' });
		expect(record.reason).toContain('1 of 2: Reserve');
		expect(downstream.effects(key)).toBe(1);
	});

	test('after a Code node, which may do anything: unknown', async () => {
		const key = newKey();
		const act = [javascript('Code', (items) => items), stopAndError('Stop', 'no')];
		const record = await recordOf(await run({ act }, key));
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('after or beside another node that acted');
	});
});

describe('stopped before anything had acted', () => {
	test.each([
		['Set', [set('Shape')], 'Shape'],
		[
			'Switch, which stands for If',
			[
				switchTo('Choose', 2, () => {
					throw new Error('no such rule');
				}),
			],
			'Choose',
		],
		[
			'Stop and Error behind nodes without effects',
			[noOp('Pass'), stopAndError('Stop', 'no')],
			'Stop',
		],
	])('%s: released', async (_, act, name) => {
		const key = newKey();
		const first = await run({ act }, key);
		expect(first.status).toBe('error');
		const record = await recordOf(first);
		expect(record).toMatchObject({ state: 'released', statusCode: 0 });
		expect(record.reason).toContain(`stopped at ${name}, before anything had acted`);
		const second = await next({ act }, key);
		expect(second).toMatchObject({ reason: 'retry_later' });
	});
});

describe('a batch', () => {
	const charge = { fullResponse: false };

	test('with an error that names one item: that one by its error, the others unknown', async () => {
		const keys = [newKey(), newKey(), newKey()];
		downstream.nextFor(keys[1] ?? '', { status: 402 });
		const first = await run({ charge }, keys);
		expect(first.status).toBe('error');
		const records = await recordsOf(first);
		expect(records.map(({ state }) => state)).toEqual(['unknown', 'failed', 'unknown']);
		expect(records[1]).toMatchObject({ statusCode: 402 });
		expect(records[0]?.reason).toContain('an error that names another item');
	});

	test('with an error that names none: all unknown', async () => {
		const act = [
			javascript('Bulk', () => {
				throw Object.assign(new Error('refused'), { httpCode: '402' });
			}),
		];
		const records = await recordsOf(await run({ act }, [newKey(), newKey()]));
		expect(records.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
		expect(records[0]?.reason).toContain('an error that may be about another item');
	});

	test('whose nodes had not acted yet: all released', async () => {
		const records = await recordsOf(await run({ act: [set('Shape')] }, [newKey(), newKey()]));
		expect(records.map(({ state }) => state)).toEqual(['released', 'released']);
	});
});

describe('ended without an error', () => {
	test('the node before Commit returned no items: completed, with an empty result', async () => {
		const key = newKey();
		downstream.nextFor(key, { body: [] });
		const parts = { charge: { fullResponse: false } };
		const first = await run(parts, key);
		expect(first.status).toBe('success');
		expect(first.tasks('Commit')).toEqual([]);
		expect(await recordOf(first)).toMatchObject({ state: 'completed' });
		const second = await run(parts, key);
		expect(routed(second)).toEqual([0, 1, 0, 0]);
		expect(detailsOf(second, 'Duplicate')).toMatchObject({ state: 'completed', resultItems: 0 });
		expect(downstream.effects(key)).toBe(1);
	});

	test('without reaching a Commit, and nothing had acted: free again', async () => {
		const key = newKey();
		const parts = { act: [switchTo('Choose', 2, () => 1)] };
		const first = await run(parts, key);
		expect(first.status).toBe('success');
		expect(await recordOf(first)).toMatchObject({ state: 'released', attempts: 0 });
		expect(routed(await run(parts, key))).toEqual([1, 0, 0, 0]);
	});

	test('without reaching a Commit, after an act that went well: completed with what it gave', async () => {
		const key = newKey();
		const send = { url: downstream.url, body: '={{ $json.body }}' };
		const parts = { act: [http('Charge', send), switchTo('Choose', 2, () => 1)] };
		const first = await run(parts, key);
		expect(first.tasks('Commit')).toEqual([]);
		expect(await recordOf(first)).toMatchObject({ state: 'completed' });
		expect((await run(parts, key)).json('Duplicate')).toEqual(first.json('Charge'));
		expect(downstream.effects(key)).toBe(1);
	});
});

describe('stopped from outside', () => {
	test('cancelled while a node acts: unknown', async () => {
		const key = newKey();
		const stop = new AbortController();
		downstream.nextFor(key, { delayMs: 200 });
		const running = run({}, key, { signal: stop.signal });
		await eventually(() => downstream.requests.at(-1)?.key === key);
		stop.abort();
		const result = await running;
		expect(result.status).toBe('canceled');
		const record = await recordOf(result);
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('canceled while a node may have been in flight');
	});

	test('the time limit passes while a node acts: unknown', async () => {
		const key = newKey();
		downstream.nextFor(key, { delayMs: 400 });
		const result = await run({}, key, { timeoutMs: 150 });
		expect(result.status).toBe('canceled');
		expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
	});

	test('the time limit passes between two nodes, which n8n calls an error: unknown', async () => {
		const busy = javascript('Busy', (items) => {
			const until = Date.now() + 900;
			while (Date.now() < until);
			return items;
		});
		const result = await run({ act: [busy, noOp('After')] }, newKey(), { timeoutMs: 600 });
		const record = await recordOf(result);
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toMatch(/timed out|canceled/);
	});

	test('cancelled before the Guard had answered: given back', async () => {
		const key = newKey();
		const stop = new AbortController();
		await run({}, key, {
			signal: stop.signal,
			onNode: (event: string, name: string) => {
				if (event === 'before' && name === 'Guard') queueMicrotask(() => stop.abort());
			},
		});
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(0);
		expect(routed(await run({}, key))).toEqual([1, 0, 0, 0]);
	});
});

describe('nobody tells of the end', () => {
	test.each(['missing', 'lost'] as const)('finish handlers %s: held by the lease', async (how) => {
		const key = newKey();
		downstream.nextFor(key, { status: 402 });
		const parts = { charge: { fullResponse: false } };
		const first = await run(parts, key, { finishHandlers: how });
		const record = await recordOf(first);
		expect(record.state).toBe('processing');
		const held = record.leaseUntil - record.claimedAt;
		expect(held).toBe(how === 'missing' ? 3_600_000 : 60_000);
		const hints = first.hints('Guard').map(({ message }) => message);
		expect(hints.some((hint) => hint.includes('does not tell nodes'))).toBe(how === 'missing');
		expect((await next(parts, key)).reason).toBe('in_progress');
	});
});

describe('Wait', () => {
	const parts = (seconds: number) => ({ act: [wait('Wait', seconds)] });

	test('under 65 s, in memory: committed by the run that waited', async () => {
		const result = await run(parts(0.05), newKey());
		expect(result.json('Committed')).toHaveLength(1);
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
	});

	test('under 65 s and cancelled meanwhile: free again, since nothing had acted', async () => {
		const stop = new AbortController();
		const running = run(parts(60), newKey(), {
			signal: stop.signal,
			onNode: (event: string, name: string) => {
				if (event === 'before' && name === 'Wait') setTimeout(() => stop.abort(), 20);
			},
		});
		expect(await recordOf(await running)).toMatchObject({ state: 'released' });
	});

	test('65 s and more: held for the claim timeout, and committed under the same execution id', async () => {
		const key = newKey();
		const waiting = await run(parts(70), key);
		expect(waiting.status).toBe('waiting');
		const before = await recordOf(waiting);
		expect(before.state).toBe('processing');
		expect((await next(parts(70), key)).reason).toBe('in_progress');

		// What the next tick of the process does.
		await renewNow();
		const held = await recordOf(waiting);
		expect(held.leaseUntil).toBe(held.claimedAt + held.claimTimeoutMs);

		const resumed = await n8n.resume(waiting);
		expect(resumed.executionId).toBe(waiting.executionId);
		expect(resumed.json('Committed')).toHaveLength(1);
		expect(await recordOf(resumed)).toMatchObject({ state: 'completed', fence: before.fence });
	});

	test('65 s and more, and then an error: nobody is told, the claim ends with its timeout', async () => {
		const waiting = await run({ act: [wait('Wait', 70), stopAndError('Stop', 'no')] }, newKey());
		await renewNow();
		const resumed = await n8n.resume(waiting);
		expect(resumed.status).toBe('error');
		const record = await recordOf(waiting);
		expect(record.state).toBe('processing');
		expect(record.leaseUntil).toBe(record.claimedAt + record.claimTimeoutMs);
	});
});

describe('sub-workflows', () => {
	test('Guard and Commit in a sub-workflow: settled when that ends, whatever its parent does', async () => {
		const sub = chargeWorkflow(downstream.url, { id: 'child', charge: { fullResponse: false } });
		const parent = workflow({
			id: 'parent',
			nodes: [webhook('Webhook'), executeWorkflow('Call', 'child')],
		});
		const withSub = engine({ subWorkflows: [sub], firstExecutionId: 5_000 });
		const key = newKey();
		downstream.nextFor(key, { status: 402 });
		const result = await withSub.run(parent, { triggerItems: [delivery(key)] });
		expect(result.status).toBe('error');
		const inner = [...withSub.executions.values()].find(
			({ executionId }) => executionId !== result.executionId,
		);
		if (inner === undefined) throw new Error('no sub-execution');
		expect(await recordOf(inner)).toMatchObject({
			state: 'failed',
			statusCode: 402,
			executionId: inner.executionId,
		});
	});

	test('a sub-workflow between Guard and Commit may act: its failure is unknown', async () => {
		const sub = workflow({
			id: 'acts',
			nodes: [subWorkflowTrigger('Start'), stopAndError('Stop', 'no')],
		});
		const withSub = engine({ subWorkflows: [sub], firstExecutionId: 6_000 });
		const result = await withSub.run(
			chargeWorkflow(downstream.url, { act: [executeWorkflow('Call', 'acts')] }),
			{ triggerItems: [delivery(newKey())] },
		);
		expect(result.status).toBe('error');
		expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
	});
});
