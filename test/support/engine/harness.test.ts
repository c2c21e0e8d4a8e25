import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { IExecuteFunctions, INodeType } from 'n8n-workflow';
import {
	createEngine,
	executeWorkflow,
	javascript,
	node,
	noOp,
	respond,
	standIn,
	standIns,
	stopAndError,
	subWorkflowTrigger,
	switchTo,
	userFolder,
	wait,
	webhook,
	webhookItem,
	workflow,
} from '.';
import type { EngineOptions, Script } from '.';

const engineWith = (options: Partial<EngineOptions> = {}) =>
	createEngine({ nodes: standIns, ...options });

/** A Code node that emits what the given function says about its context. */
const tell = (name: string, about: (context: IExecuteFunctions, index: number) => unknown) =>
	javascript(name, (items, context) =>
		items.map((_, index) => ({ json: { told: about(context, index) as string } })),
	);

const numbers = (...ids: number[]) => ids.map((id) => ({ json: { id } }));

describe('a production run', () => {
	test('gives items per node, output and run, and keeps links that expressions follow', async () => {
		const result = await engineWith().run(
			workflow({
				nodes: [
					webhook(),
					switchTo('Odd or Even', 2, ({ json }) => Number(json.id) % 2),
					tell('Even', (context, index) =>
						context.evaluateExpression('{{ $("Webhook").item.json.id }}', index),
					),
					noOp('Odd'),
				],
				connections: [
					['Webhook', 'Odd or Even', 'Even'],
					['Odd or Even:1', 'Odd'],
				],
			}),
			{ triggerItems: numbers(1, 2, 3, 4) },
		);
		expect(result.status).toBe('success');
		expect(result.run.finished).toBe(true);
		expect(result.counts('Odd or Even')).toEqual([2, 2]);
		expect(result.json('Even')).toEqual([{ told: 2 }, { told: 4 }]);
		expect(result.json('Odd')).toEqual([{ id: 1 }, { id: 3 }]);
		expect(result.tasks('Nowhere')).toEqual([]);
		expect(result.lastNode).toBe('Odd');
	});

	test('emits what the Webhook node would', async () => {
		const result = await engineWith().run(workflow({ nodes: [webhook(), noOp('End')] }), {
			triggerItems: [webhookItem({ body: { id: 7 }, headers: { 'x-id': 'a' } })],
		});
		expect(result.json('End')[0]).toMatchObject({
			headers: { 'x-id': 'a' },
			body: { id: 7 },
			query: {},
			params: {},
			executionMode: 'production',
		});
	});

	test('has an execution id of its own, or the given one', async () => {
		const engine = engineWith({ firstExecutionId: 40 });
		const json = workflow({
			nodes: [webhook(), tell('Tell', (context) => [context.getExecutionId(), context.getMode()])],
		});
		const results = [
			await engine.run(json),
			await engine.run(json, { mode: 'trigger' }),
			await engine.run(json, { executionId: 'again' }),
		];
		expect(results.map((result) => result.json('Tell')[0]?.told)).toEqual([
			['40', 'webhook'],
			['41', 'trigger'],
			['again', 'webhook'],
		]);
		expect(engine.executions.get('41')).toBe(results[1]);
	});

	test('knows its workflow, also one that was never saved, and its node', async () => {
		const about = (context: IExecuteFunctions) => [
			context.getWorkflow().id ?? 'none',
			context.getNode().id,
		];
		const nodes = [webhook(), tell('Tell', about)];
		const saved = await engineWith().run(workflow({ id: 'orders', nodes }));
		const unsaved = await engineWith().run(workflow({ id: null, nodes }));
		const nodeId = nodes[1]?.id;
		expect(saved.json('Tell')[0]?.told).toEqual(['orders', nodeId]);
		expect(unsaved.json('Tell')[0]?.told).toEqual(['none', nodeId]);
	});

	test('sees the instance id of its engine, also when runs of several overlap', async () => {
		const slow: Script = async (items, context) => {
			await new Promise((resolve) => setTimeout(resolve, 20));
			context.logger.info('seen');
			return items.map(() => ({ json: { told: context.getInstanceId() } }));
		};
		const json = workflow({ nodes: [webhook(), wait('Wait', 0.01), javascript('Tell', slow)] });
		const results = await Promise.all([
			engineWith({ instanceId: 'n8n-a' }).run(json),
			engineWith({ instanceId: 'n8n-b' }).run(json),
		]);
		expect(results.map((result) => result.json('Tell')[0]?.told)).toEqual(['n8n-a', 'n8n-b']);
		expect(results.map(({ logs }) => logs.filter(({ level }) => level === 'info').length)).toEqual([
			1, 1,
		]);
	});

	test('does not change the workflow or the items it was given', async () => {
		const spoil = javascript('Spoil', (items) => {
			Object.assign(items[0]?.json.body ?? {}, { spoilt: true });
			return items;
		});
		const json = workflow({ nodes: [webhook(), spoil] });
		const triggerItems = [webhookItem({ body: { id: 1 } })];
		const before = JSON.stringify([json, triggerItems]);
		await engineWith().run(json, { triggerItems });
		expect(JSON.stringify([json, triggerItems])).toBe(before);
	});

	test('writes into a folder of its own, not into the home folder', async () => {
		expect(existsSync(join(userFolder, '.n8n', 'config'))).toBe(true);
		expect(process.env.N8N_USER_FOLDER).toBe(userFolder);
	});

	test('fails on a node type that nobody gave, and on a connection to no node', async () => {
		const json = workflow({ nodes: [webhook(), node('Unknown', 'some.unknown')] });
		await expect(engineWith().run(json)).rejects.toThrow('No node type "some.unknown"');
		expect(() => workflow({ nodes: [webhook()], connections: [['Webhook', 'Typo']] })).toThrow(
			'No node named "Typo"',
		);
	});
});

describe('what surrounds the nodes', () => {
	const withCredential: INodeType = standIn('idempotencyGuard', {
		outputs: ['main', 'main', 'main'],
		async execute() {
			const credentials = await this.getCredentials('idempotencyRedisApi');
			this.addExecutionHints({ message: 'No Commit behind this Guard' });
			return [[], [], [{ json: { host: credentials.host as string } }]];
		},
	});
	withCredential.description.credentials = [{ name: 'idempotencyRedisApi', required: true }];
	const nodes = { ...standIns, 'n8n-nodes-idempotency.idempotencyGuard': withCredential };
	const guarded = (credentials?: Record<string, { id: string; name: string }>) =>
		workflow({
			nodes: [
				webhook(),
				node('Guard', 'n8n-nodes-idempotency.idempotencyGuard', {}, { credentials }),
			],
		});

	test('credentials by type, or by id where there are several', async () => {
		const engine = createEngine({
			nodes,
			credentials: { idempotencyRedisApi: { host: 'one' }, second: { host: 'two' } },
		});
		const run = async (id: string) =>
			await engine.run(guarded({ idempotencyRedisApi: { id, name: 'Redis' } }));
		expect((await run('first')).json('Guard', 2)).toEqual([{ host: 'one' }]);
		expect((await run('second')).json('Guard', 2)).toEqual([{ host: 'two' }]);
		const without = await engine.run(guarded());
		expect(without.error?.message).toBe('Node does not have any credentials set');
	});

	test('hints of a node', async () => {
		const engine = createEngine({ nodes, credentials: { idempotencyRedisApi: {} } });
		const result = await engine.run(guarded({ idempotencyRedisApi: { id: '1', name: 'Redis' } }));
		expect(result.hints('Guard')).toEqual([{ message: 'No Commit behind this Guard' }]);
	});

	test('static data outlives production runs, and is not saved by manual ones', async () => {
		const engine = engineWith();
		const count = javascript('Count', (_items, context) => {
			const data = context.getWorkflowStaticData('node');
			data.count = Number(data.count ?? 0) + 1;
			return [{ json: { count: data.count as number } }];
		});
		const json = workflow({ nodes: [webhook(), count] });
		const counts = [];
		for (const mode of ['webhook', 'manual', 'trigger'] as const) {
			counts.push((await engine.run(json, { mode })).json('Count')[0]?.count);
		}
		expect(counts).toEqual([1, 2, 2]);
	});

	test('binary data, in memory', async () => {
		const result = await engineWith().run(
			workflow({
				nodes: [
					webhook(),
					javascript('File', async (_items, context) => [
						{
							json: {},
							binary: {
								data: await context.helpers.prepareBinaryData(Buffer.from('péage'), 'a.txt'),
							},
						},
					]),
					javascript('Read', async (_items, context) => [
						{ json: { text: (await context.helpers.getBinaryDataBuffer(0, 'data')).toString() } },
					]),
				],
			}),
		);
		expect(result.json('Read')).toEqual([{ text: 'péage' }]);
		expect(result.items('File')[0]?.binary?.data).toMatchObject({
			fileName: 'a.txt',
			mimeType: 'text/plain',
		});
	});

	test('the answer to the webhook', async () => {
		const result = await engineWith().run(
			workflow({ nodes: [webhook(), respond('Respond', 409, '={{ { id: $json.id } }}')] }),
			{ triggerItems: numbers(5) },
		);
		expect(result.responses).toEqual([{ statusCode: 409, body: { id: 5 }, headers: {} }]);
	});

	test('sub-workflows, with an execution of their own in mode integrated', async () => {
		const sub = workflow({
			id: 'sub',
			nodes: [
				subWorkflowTrigger('Start'),
				tell('Tell', (context) => [context.getExecutionId(), context.getMode()]),
			],
		});
		const broken = workflow({
			id: 'broken',
			nodes: [subWorkflowTrigger('Start'), stopAndError('Stop', 'no stock')],
		});
		const engine = engineWith({ subWorkflows: [sub, broken] });
		const run = async (id: string) =>
			await engine.run(workflow({ nodes: [webhook(), executeWorkflow('Call', id)] }));
		expect((await run('sub')).json('Call')).toEqual([{ told: ['2', 'integrated'] }]);
		expect(engine.executions.get('2')?.status).toBe('success');
		expect((await run('broken')).error?.message).toBe('no stock');
	});
});

test('twenty runs, one after the other, are twenty executions', async () => {
	const engine = engineWith();
	const json = workflow({ nodes: [webhook(), noOp('A'), noOp('B'), noOp('C')] });
	for (let run = 0; run < 20; run++) await engine.run(json, { triggerItems: numbers(1, 2, 3) });
	expect(engine.executions.size).toBe(20);
});
