import {
	executeWorkflow,
	http,
	javascript,
	noOp,
	stopAndError,
	subWorkflowTrigger,
	switchTo,
	wait,
	webhook,
	workflow,
} from '../support/engine';
import type { RunResult } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';
import { downstream, n8n, next, recordOf, renewNow, run } from './abandoned-harness';

/** What becomes of a claim whose run ended without Commit, and without an error of its own: docs/guarantees.md, "Abandoned". */

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

/** A run that is ended, by what is said, while Charge waits for its answer. */
async function whileActing(key: string, options: object, end: () => void): Promise<RunResult> {
	let answer = () => {};
	downstream.nextFor(key, { until: new Promise<void>((resolve) => (answer = resolve)) });
	const running = run({}, key, options);
	await eventually(() => downstream.requests.at(-1)?.key === key);
	end();
	setTimeout(answer);
	return await running;
}

describe('stopped from outside', () => {
	test('cancelled while a node acts: unknown', async () => {
		const key = newKey();
		const stop = new AbortController();
		const result = await whileActing(key, { signal: stop.signal }, () => stop.abort());
		expect(result.status).toBe('canceled');
		const record = await recordOf(result);
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('canceled while a node may have been in flight');
	});

	test('the time limit passes while a node acts: unknown', async () => {
		const key = newKey();
		const limit = new AbortController();
		const result = await whileActing(key, { timeLimit: limit.signal }, () => limit.abort());
		expect(result.status).toBe('canceled');
		expect(await recordOf(result)).toMatchObject({ state: 'unknown' });
	});

	test('the time limit passes between two nodes, which n8n calls an error: unknown', async () => {
		const limit = new AbortController();
		const busy = javascript('Busy', (items) => {
			limit.abort();
			return items;
		});
		const parts = { act: [busy, noOp('After')] };
		const result = await run(parts, newKey(), { timeLimit: limit.signal });
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
