import type { IExecuteFunctions, IRunData } from 'n8n-workflow';
import {
	createEngine,
	http,
	javascript,
	noOp,
	standIns,
	startDownstream,
	wait,
	webhook,
	workflow,
} from '.';
import type { Downstream } from '.';

/**
 * How n8n runs a workflow other than straight through: what becomes of the Guard's token, contexts
 * and finish handlers in partial runs, retries and waits.
 */

const engine = createEngine({ nodes: standIns });
const numbers = (...ids: number[]) => ids.map((id) => ({ json: { id } }));

let guardRuns = 0;
beforeEach(() => {
	guardRuns = 0;
});

/** In the Guard's place: marks items with the execution, keeps a nonce, counts its runs. */
const mark = (name: string, onFinish?: (context: IExecuteFunctions) => void | Promise<void>) =>
	javascript(name, (items, context) => {
		guardRuns++;
		context.getContext('flow').nonce = 'of the flow';
		context.getContext('node').nonce = 'of the node';
		if (onFinish) context.onExecutionFinish?.(async () => await onFinish(context));
		const token = `${context.getExecutionId()}/${guardRuns}`;
		return items.map(({ json }, item) => ({ json: { ...json, token }, pairedItem: { item } }));
	});

/** In Commit's place: what it can still see of the Guard. */
const look = (name: string) =>
	javascript(name, (items, context) =>
		items.map((_, index) => ({
			json: {
				executionId: context.getExecutionId(),
				mode: context.getMode(),
				token: context.evaluateExpression('{{ $("Guard").item.json.token }}', index) as string,
				flow: (context.getContext('flow').nonce as string) ?? null,
			},
		})),
	);

describe('manual runs', () => {
	const json = workflow({ nodes: [webhook(), mark('Guard'), noOp('Act'), look('Commit')] });

	test('stop at the destination', async () => {
		const result = await engine.run(json, {
			mode: 'manual',
			triggerItems: numbers(1),
			destinationNode: 'Guard',
		});
		expect(result.json('Guard')).toEqual([{ id: 1, token: expect.stringMatching(/\/1$/) }]);
		expect(result.tasks('Act')).toEqual([]);
	});

	test('execute a later step: the Guard does not run again, its token is of the old run', async () => {
		const first = await engine.run(json, {
			mode: 'manual',
			triggerItems: numbers(1),
			destinationNode: 'Guard',
		});
		const later = await engine.run(json, {
			mode: 'manual',
			runData: first.runData,
			destinationNode: 'Commit',
		});
		expect(guardRuns).toBe(1);
		expect(later.executionId).not.toBe(first.executionId);
		expect(later.json('Commit')).toEqual([
			{
				executionId: later.executionId,
				mode: 'manual',
				token: `${first.executionId}/1`,
				flow: null,
			},
		]);
	});

	test('an edited node runs again', async () => {
		const options = { mode: 'manual' as const, destinationNode: 'Commit' };
		const first = await engine.run(json, { ...options, triggerItems: numbers(1) });
		await engine.run(json, { ...options, runData: first.runData, dirtyNodes: ['Guard'] });
		expect(guardRuns).toBe(2);
	});

	test('pinned data takes the place of the Guard', async () => {
		const pinData = { Guard: [{ json: { id: 1, token: 'pinned' } }] };
		const result = await engine.run(json, { mode: 'manual', pinData });
		expect(guardRuns).toBe(0);
		expect(result.json('Commit')[0]?.token).toBe('pinned');
	});

	test('what belongs to manual runs is refused elsewhere', async () => {
		const runData: IRunData = {};
		for (const options of [{ pinData: {} }, { runData }, { destinationNode: 'Act' }]) {
			await expect(engine.run(json, options)).rejects.toThrow('belong to manual runs');
		}
	});
});

describe('retry execution', () => {
	let downstream: Downstream;
	beforeEach(async () => {
		downstream = await startDownstream();
	});
	afterEach(async () => await downstream.close());

	const charging = () =>
		workflow({
			nodes: [webhook(), mark('Guard'), http('Charge', { url: downstream.url }), look('Commit')],
		});

	test('goes on from the failed node: new id, same token and contexts, links hold', async () => {
		downstream.next({ status: 500 });
		const failed = await engine.run(charging(), { triggerItems: numbers(1) });
		expect(failed.status).toBe('error');
		expect(failed.lastNode).toBe('Charge');
		const retried = await engine.retry(failed);
		expect(retried.status).toBe('success');
		expect(guardRuns).toBe(1);
		expect(downstream.requests).toHaveLength(2);
		expect(retried.json('Commit')).toEqual([
			{
				executionId: retried.executionId,
				mode: 'retry',
				token: `${failed.executionId}/1`,
				flow: 'of the flow',
			},
		]);
		expect(retried.run.data.executionData?.contextData['node:Guard']).toEqual({
			nonce: 'of the node',
		});
		expect(retried.executionId).not.toBe(failed.executionId);
		expect(retried.error).toBeUndefined();
		expect(retried.tasks('Charge')).toHaveLength(1);
	});

	test('leaves the failed execution as it was, and may be repeated', async () => {
		downstream.next({ status: 500 }, { status: 503 });
		const failed = await engine.run(charging(), { triggerItems: numbers(1) });
		const again = await engine.retry(failed);
		expect(again.error).toMatchObject({ httpCode: '503' });
		expect(failed.error).toMatchObject({ httpCode: '500' });
		expect((await engine.retry(again)).status).toBe('success');
	});

	test('takes the workflow as it is saved now where asked to', async () => {
		downstream.next({ status: 500 });
		const failed = await engine.run(charging(), { triggerItems: numbers(1) });
		const { port } = new URL(downstream.url);
		const json = workflow({
			nodes: [
				webhook(),
				mark('Guard'),
				http('Charge', { url: `http://127.0.0.1:${port}/fixed` }),
				look('Commit'),
			],
		});
		await engine.retry(failed, { json });
		expect(downstream.requests.map(({ path }) => path)).toEqual(['/', '/fixed']);
	});

	test('registers no finish handler for the Guard, which did not run', async () => {
		const finished: string[] = [];
		const json = workflow({
			nodes: [
				webhook(),
				mark('Guard', (context) => void finished.push(context.getExecutionId())),
				http('Charge', { url: downstream.url }),
			],
		});
		downstream.next({ status: 500 });
		const failed = await engine.run(json, { triggerItems: numbers(1) });
		await engine.retry(failed);
		expect(finished).toEqual([failed.executionId]);
	});

	test('is refused for an execution that succeeded', async () => {
		const result = await engine.run(charging());
		await expect(engine.retry(result)).rejects.toThrow('can not be retried');
	});
});

describe('waiting', () => {
	const json = (onFinish: (context: IExecuteFunctions) => void) =>
		workflow({ nodes: [webhook(), mark('Guard', onFinish), wait('Wait', 65), look('Commit')] });

	test('keeps id, mode, token and flow context; the finish handlers are lost', async () => {
		const onFinish = jest.fn();
		const waiting = await engine.run(json(onFinish), { triggerItems: numbers(1) });
		expect(waiting.status).toBe('waiting');
		expect(waiting.run.waitTill?.getTime()).toBeGreaterThan(Date.now() + 60_000);
		expect(waiting.tasks('Commit')).toEqual([]);
		const resumed = await engine.resume(waiting);
		expect(resumed.status).toBe('success');
		expect(resumed.json('Commit')).toEqual([
			{
				executionId: waiting.executionId,
				mode: 'webhook',
				token: `${waiting.executionId}/1`,
				flow: 'of the flow',
			},
		]);
		expect(guardRuns).toBe(1);
		expect(onFinish).not.toHaveBeenCalled();
	});

	test('below 65 seconds stays in memory', async () => {
		const result = await engine.run(workflow({ nodes: [webhook(), wait('Wait', 0.01)] }));
		expect(result.status).toBe('success');
		await expect(engine.resume(result)).rejects.toThrow('does not wait');
	});
});
