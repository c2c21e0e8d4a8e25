import type { IExecuteFunctions, INodeExecutionData, INodeType } from 'n8n-workflow';
import { IdempotencyCommit } from '../../nodes/IdempotencyCommit/IdempotencyCommit.node';
import { IdempotencyGuard } from '../../nodes/IdempotencyGuard/IdempotencyGuard.node';
import { javascript, startDownstream, stopAndError, wait } from '../support/engine';
import type { Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';
import { until } from '../support/until';

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const n8n = engine();
const send = async (key: string, parts: ChargeParts = {}, on = n8n) =>
	await on.run(chargeWorkflow(downstream.url, parts), { triggerItems: [delivery(key)] });

/** The real nodes, but that the reply of the first `lost` tries does not arrive: each of them throws after it has acted. */
function losingReplies(node: 'idempotencyGuard' | 'idempotencyCommit', lost: number) {
	const outputs: INodeExecutionData[][][] = [];
	const real = node === 'idempotencyGuard' ? new IdempotencyGuard() : new IdempotencyCommit();
	const { execute } = real;
	const losing: INodeType = Object.assign(Object.create(real) as INodeType, {
		async execute(this: IExecuteFunctions) {
			const output = await execute.call(this);
			outputs.push(structuredClone(output));
			if (outputs.length <= lost) throw new Error('the reply was lost');
			return output;
		},
	});
	return { outputs, n8n: engine({ nodes: { [`n8n-nodes-idempotency.${node}`]: losing } }) };
}

const thrice = { retryOnFail: true, maxTries: 3 };

describe('Retry On Fail', () => {
	test('of the Guard: its own claim comes back, with the same token and fence', async () => {
		const key = newKey();
		const { outputs, n8n: losing } = losingReplies('idempotencyGuard', 2);
		const result = await send(key, { guardSettings: thrice }, losing);
		expect(result.status).toBe('success');
		const claims = outputs.map(([items]) => items?.[0]?.json.idempotency);
		expect(claims).toHaveLength(3);
		expect(claims[0]).toMatchObject({ outcome: 'new', attempt: 1 });
		for (const claim of claims)
			expect(claim).toMatchObject({
				token: detailsOf(result, 'Guard').token,
				fence: detailsOf(result, 'Guard').fence,
				attempt: 1,
			});
		expect(downstream.effects(key)).toBe(1);
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
	});

	test.each(['declined', '', 0])(
		'an input with json.error %p runs the Guard again and again: one New, one charge',
		async (error) => {
			const key = newKey();
			const { outputs, n8n: counting } = losingReplies('idempotencyGuard', 0);
			const json = chargeWorkflow(downstream.url, { guardSettings: thrice });
			const items = [{ json: { ...delivery(key).json, error } }, delivery(key)];
			const result = await counting.run(json, { triggerItems: items });
			expect(outputs).toHaveLength(3);
			expect(routed(result)).toEqual([1, 0, 1, 0]);
			expect(result.items('Committed')).toHaveLength(1);
			expect(downstream.effects(key)).toBe(1);
		},
	);

	test('of HTTP Request: the downstream is asked again under one claim', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 }, { status: 500 });
		const parts = { charge: { fullResponse: false }, chargeSettings: thrice };
		const first = await send(key, parts);
		expect(first.status).toBe('success');
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(3);
		expect(routed(await send(key, parts))).toEqual([0, 1, 0, 0]);
		expect(downstream.effects(key)).toBe(1);
	});

	test('of HTTP Request: a refusal of the last try proves nothing of the tries before', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500, effect: true }, { status: 402 });
		const chargeSettings = {
			retryOnFail: true,
			maxTries: 2,
			onError: 'continueErrorOutput' as const,
		};
		const parts = { charge: { fullResponse: false }, chargeSettings };
		await send(key, parts);
		expect(detailsOf(await send(key, parts), 'Conflict').reason).toBe('unknown_outcome');
		expect(downstream.effects(key)).toBe(1);
	});

	test('of Commit: what is saved stays saved', async () => {
		const key = newKey();
		const { outputs, n8n: losing } = losingReplies('idempotencyCommit', 2);
		const result = await send(key, { commitSettings: thrice }, losing);
		expect(result.status).toBe('success');
		expect(outputs).toHaveLength(3);
		expect(result.json('Committed')).toHaveLength(1);
		const second = await send(key);
		expect(second.json('Duplicate')).toEqual(result.json('Committed'));
	});

	test('of Commit over an error item, which n8n runs again each time: one outcome', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 402 });
		const parts: ChargeParts = {
			charge: { fullResponse: false },
			chargeSettings: { onError: 'continueRegularOutput' },
			commitSettings: thrice,
		};
		expect((await send(key, parts)).status).toBe('success');
		expect(routed(await send(key, parts))).toEqual([0, 1, 0, 0]);
	});
});

describe('Retry execution', () => {
	test('after the charge failed: the Guard does not run again, Commit saves under its claim', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		const parts = { charge: { fullResponse: false } };
		const failed = await send(key, parts);
		expect(failed.status).toBe('error');
		expect(detailsOf(await send(key, parts), 'Conflict').reason).toBe('unknown_outcome');
		const retried = await n8n.retry(failed);
		expect(retried.status).toBe('success');
		expect(retried.executionId).not.toBe(failed.executionId);
		expect(retried.json('Committed')).toEqual([{ charge: expect.any(String), key }]);
		expect((await send(key, parts)).json('Duplicate')).toEqual(retried.json('Committed'));
		expect(downstream.effects(key)).toBe(1);
	});

	test('that fails again with a refusal: it did not ask the Guard, so nothing is released or failed', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 }, { status: 402 });
		const json = chargeWorkflow(downstream.url, { charge: { fullResponse: false } });
		const failed = await n8n.run(json, { triggerItems: [delivery(key)] });
		const charge = json.nodes.find(({ name }) => name === 'Charge');
		if (charge) charge.onError = 'continueRegularOutput';
		const retried = await n8n.retry(failed, { json });
		expect(retried.status).toBe('success');
		const next = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(detailsOf(next, 'Conflict').reason).toBe('unknown_outcome');
	});

	test('after another delivery took over: Superseded, loudly, since both may have acted', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500 });
		const parts = { charge: { fullResponse: false }, guard: { onUnknownOutcome: 'retry' } };
		const failed = await send(key, parts);
		const second = await send(key, parts);
		expect(detailsOf(second, 'Guard')).toMatchObject({ takeover: true });
		const retried = await n8n.retry(failed);
		expect(retried.tasks('Committed')).toEqual([]);
		expect(retried.json('Overtaken')[0]?.idempotency).toMatchObject({
			reason: 'taken_over',
			owner: { executionId: failed.executionId },
			currentOwner: { executionId: second.executionId },
		});
		expect(downstream.effects(key)).toBe(2);
		expect((await send(key, parts)).json('Duplicate')).toEqual(second.json('Committed'));
	});

	test('after Commit failed: only Commit runs again', async () => {
		const key = newKey();
		const { n8n: losing } = losingReplies('idempotencyCommit', 1);
		const json = chargeWorkflow(downstream.url);
		const failed = await losing.run(json, { triggerItems: [delivery(key)] });
		expect(failed.lastNode).toBe('Commit');
		const retried = await losing.retry(failed);
		expect(retried.status).toBe('success');
		expect(retried.hints('Commit')[0]?.message).toMatch(/already completed/);
		expect(routed(await send(key))).toEqual([0, 1, 0, 0]);
		expect(downstream.effects(key)).toBe(1);
	});
});

describe('runs that end early', () => {
	test('cancel while the charge is in flight: nobody knows, so nobody acts again', async () => {
		const key = newKey();
		let answer: () => void = () => {};
		downstream.nextFor(key, {
			until: new Promise<void>((resolve) => {
				answer = resolve;
			}),
		});
		const stop = new AbortController();
		const json = chargeWorkflow(downstream.url);
		const running = n8n.run(json, { triggerItems: [delivery(key)], signal: stop.signal });
		await eventually(() => downstream.effects(key) === 1);
		stop.abort();
		answer();
		const cancelled = await running;
		expect(cancelled.status).toBe('canceled');
		const next = await send(key);
		const { reason, message } = detailsOf(next, 'Conflict');
		expect(reason).toBe('unknown_outcome');
		expect(message).toMatch(/cancel/);
		expect(downstream.effects(key)).toBe(1);
	});

	test('the workflow’s own time limit: the same', async () => {
		const key = newKey();
		let answer = () => {};
		downstream.nextFor(key, { until: new Promise<void>((resolve) => (answer = resolve)) });
		const limit = new AbortController();
		const json = chargeWorkflow(downstream.url);
		const running = n8n.run(json, { triggerItems: [delivery(key)], timeLimit: limit.signal });
		await eventually(() => downstream.effects(key) === 1);
		limit.abort();
		setTimeout(answer);
		const result = await running;
		expect(result.status).toBe('canceled');
		expect(
			detailsOf(await n8n.run(json, { triggerItems: [delivery(key)] }), 'Conflict').reason,
		).toBe('unknown_outcome');
	});

	test('stopped before anything acted: given back', async () => {
		const key = newKey();
		const json = chargeWorkflow(downstream.url, { act: [stopAndError('Stop', 'not today')] });
		expect((await n8n.run(json, { triggerItems: [delivery(key)] })).status).toBe('error');
		expect(
			detailsOf(await n8n.run(json, { triggerItems: [delivery(key)] }), 'Conflict').reason,
		).toBe('retry_later');
	});

	test.each(['lost', 'missing'] as const)(
		'where nobody hears of the end (%s), the key is held: in progress, then unknown',
		async (finishHandlers) => {
			const key = newKey();
			const parts: ChargeParts = {
				act: [
					javascript('Act', () => {
						throw new Error('crashed');
					}),
				],
				// Six seconds: a busy machine sends the second one before they are over.
				guard: { options: { claimTimeoutMinutes: 0.1 } },
			};
			const json = chargeWorkflow(downstream.url, parts);
			await n8n.run(json, { triggerItems: [delivery(key)], finishHandlers });
			expect(detailsOf(await send(key, parts), 'Conflict').reason).toBe('in_progress');
			const reason = async () => detailsOf(await send(key, parts), 'Conflict').reason;
			await until('it is unknown', async () => (await reason()) === 'unknown_outcome');
		},
	);

	test('a run that waits in the database goes on later: its claim holds, and Commit saves', async () => {
		const key = newKey();
		const json = chargeWorkflow(downstream.url, {
			act: [wait('Wait', 70), javascript('Act', (items) => items)],
		});
		const waiting = await n8n.run(json, { triggerItems: [delivery(key)] });
		expect(waiting.status).toBe('waiting');
		expect(
			detailsOf(await n8n.run(json, { triggerItems: [delivery(key)] }), 'Conflict').reason,
		).toBe('in_progress');
		const resumed = await n8n.resume(waiting);
		expect(resumed.json('Committed')).toHaveLength(1);
		expect(resumed.hints('Commit')).toEqual([]);
		expect(routed(await n8n.run(json, { triggerItems: [delivery(key)] }))).toEqual([0, 1, 0, 0]);
	});
});
