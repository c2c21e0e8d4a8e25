import type { IExecuteFunctions, IRun } from 'n8n-workflow';
import { createEngine, javascript, noOp, standIns, stopAndError, wait, webhook, workflow } from '.';

/**
 * How an execution ends, and what a handler that a node registered by `onExecutionFinish` sees of
 * it. n8n-core fires `workflowExecuteAfter` through the execution's own lifecycle hooks.
 */

const engine = createEngine({ nodes: standIns });

/** In the Guard's place: registers a handler. */
const mark = (name: string, onFinish: (context: IExecuteFunctions) => void | Promise<void>) =>
	javascript(name, (items, context) => {
		context.onExecutionFinish?.(async () => await onFinish(context));
		return items;
	});

let seen: Array<Record<string, unknown>>;
beforeEach(() => {
	seen = [];
});

/** All that a finish handler can see: n8n's types do not have `runExecutionData`. */
const note = (context: IExecuteFunctions) => {
	const { runExecutionData } = context as unknown as { runExecutionData: IRun['data'] };
	const { resultData } = runExecutionData;
	seen.push({
		error: resultData.error?.message,
		lastNode: resultData.lastNodeExecuted,
		ran: Object.keys(resultData.runData),
		cancelled: context.getExecutionCancelSignal()?.aborted,
	});
};

test('success: the handler runs once, after the last node, and is awaited', async () => {
	let done = false;
	const slowly = async (context: IExecuteFunctions) => {
		note(context);
		await new Promise((resolve) => setTimeout(resolve, 20));
		done = true;
	};
	const result = await engine.run(
		workflow({ nodes: [webhook(), mark('Guard', slowly), noOp('Act')] }),
	);
	expect(done).toBe(true);
	expect(result.finishes).toBe(1);
	expect(seen).toEqual([
		{ error: undefined, lastNode: 'Act', ran: ['Webhook', 'Guard', 'Act'], cancelled: false },
	]);
});

test('error: the handler finds the error and the node that failed', async () => {
	await engine.run(
		workflow({ nodes: [webhook(), mark('Guard', note), stopAndError('Act', 'declined')] }),
	);
	expect(seen).toEqual([
		{ error: 'declined', lastNode: 'Act', ran: ['Webhook', 'Guard', 'Act'], cancelled: false },
	]);
});

test('cancel: the handler runs at once, while a node is in flight that left no trace', async () => {
	const events: string[] = [];
	const stop = new AbortController();
	const act = javascript('Act', async (items) => {
		stop.abort();
		await new Promise((resolve) => setTimeout(resolve, 30));
		events.push('the node returned');
		return items;
	});
	const guard = mark('Guard', (context) => {
		note(context);
		events.push('the handler ran');
	});
	const result = await engine.run(workflow({ nodes: [webhook(), guard, act, noOp('Commit')] }), {
		signal: stop.signal,
	});
	expect(result.status).toBe('canceled');
	expect(result.run.finished).toBe(false);
	expect(result.tasks('Commit')).toEqual([]);
	expect(events).toEqual(['the handler ran', 'the node returned']);
	expect(seen).toEqual([
		{ error: undefined, lastNode: 'Guard', ran: ['Webhook', 'Guard'], cancelled: true },
	]);
});

test('time limit: as a cancel', async () => {
	const limit = new AbortController();
	const result = await engine.run(
		workflow({ nodes: [webhook(), mark('Guard', note), wait('Wait', 60), noOp('Commit')] }),
		{
			timeLimit: limit.signal,
			onNode: (event, name) => {
				if (event === 'before' && name === 'Wait') setTimeout(() => limit.abort());
			},
		},
	);
	expect(result.status).toBe('canceled');
	expect(result.tasks('Commit')).toEqual([]);
	expect(seen).toMatchObject([{ error: undefined, cancelled: true }]);
});

test('a time limit that passes between two nodes is an error to the handler, not a cancel', async () => {
	const limit = new AbortController();
	const busy = javascript('Busy', (items) => {
		limit.abort();
		return items;
	});
	const result = await engine.run(
		workflow({ nodes: [webhook(), mark('Guard', note), busy, noOp('Commit')] }),
		{ timeLimit: limit.signal },
	);
	expect(result.status).toBe('canceled');
	expect(seen).toMatchObject([
		{ error: expect.stringContaining('timed out'), lastNode: 'Busy', cancelled: false },
	]);
});

test('a cancel while the handlers run calls them a second time', async () => {
	const stop = new AbortController();
	const guard = mark('Guard', (context) => {
		note(context);
		stop.abort();
	});
	const result = await engine.run(workflow({ nodes: [webhook(), guard] }), {
		signal: stop.signal,
	});
	expect(seen).toMatchObject([{ cancelled: false }, { cancelled: true }]);
	expect(result.finishes).toBe(2);
});

test('a handler that fails is only logged, and the others run', async () => {
	const fail = () => {
		throw new Error('store is gone');
	};
	const result = await engine.run(
		workflow({ nodes: [webhook(), mark('Guard', fail), mark('Second', note)] }),
	);
	expect(result.status).toBe('success');
	expect(seen).toHaveLength(1);
	expect(result.logs).toContainEqual(
		expect.objectContaining({
			level: 'warn',
			message: 'Execution-finish handler of node "Guard" failed',
		}),
	);
});

test('a node that runs again registers again', async () => {
	let tries = 0;
	const guard = javascript(
		'Guard',
		(items, context) => {
			context.onExecutionFinish?.(() => note(context));
			tries++;
			if (tries < 3) throw new Error('not yet');
			return items;
		},
		{ retryOnFail: true, maxTries: 3 },
	);
	await engine.run(workflow({ nodes: [webhook(), guard] }));
	expect(seen).toHaveLength(3);
});

test('older n8n: nodes find no onExecutionFinish', async () => {
	const found: string[] = [];
	const json = workflow({
		nodes: [
			webhook(),
			javascript('Guard', (items, context) => {
				found.push(typeof context.onExecutionFinish);
				return items;
			}),
		],
	});
	await Promise.all([engine.run(json, { finishHandlers: 'missing' }), engine.run(json)]);
	expect(found.sort()).toEqual(['function', 'undefined']);
});

test('a process that dies: the handlers never run', async () => {
	const result = await engine.run(workflow({ nodes: [webhook(), mark('Guard', note)] }), {
		finishHandlers: 'lost',
	});
	expect(result.tasks('Guard')).toHaveLength(1);
	expect(result.status).toBe('success');
	expect(seen).toEqual([]);
});

test('nodes are reported as they start and end', async () => {
	const events: string[] = [];
	await engine.run(workflow({ nodes: [webhook(), noOp('Act')] }), {
		onNode: (event, name) => void events.push(`${event} ${name}`),
	});
	expect(events).toEqual(['before Webhook', 'after Webhook', 'before Act', 'after Act']);
});
