import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { SLICE_LENGTH } from '../../lib/guard/turns';
import { openStore } from '../../nodes/shared/open-store';
import { commit, guard, javascript, noOp, webhook, workflow } from '../support/engine';
import { engine } from './nodes';
import { detailsOf, newKey } from './scenario';

const n8n = engine();
const byId = { keySource: 'expression', key: '={{ $json.id }}' };
const passing = (name: string) =>
	javascript(name, (items) =>
		items.map(({ json }, item) => ({ json: { done: json.id as string }, pairedItem: { item } })),
	);
const batchWorkflow = (
	onError: 'stopWorkflow' | 'continueErrorOutput' | 'continueRegularOutput' = 'stopWorkflow',
) =>
	workflow({
		nodes: [
			webhook(),
			guard('Guard', byId, { onError }),
			passing('Act'),
			commit('Commit'),
			noOp('Error'),
		],
		connections: [
			['Webhook', 'Guard', 'Act', 'Commit'],
			['Guard:3', 'Error'],
		],
	});

describe('a thousand items in one batch', () => {
	const prefix = newKey();
	/** 800 keys; 100 again with the same payload, 98 with another one, one without a key, one with a key that is none. */
	const items: INodeExecutionData[] = [
		...Array.from({ length: 800 }, (_, n) => ({ json: { id: `${prefix}-${n}`, n } })),
		...Array.from({ length: 100 }, (_, n) => ({ json: { id: `${prefix}-${n}`, n } })),
		...Array.from({ length: 98 }, (_, n) => ({ json: { id: `${prefix}-${n}`, n: -1 } })),
		{ json: { n: 1 } },
		{ json: { id: '', n: 1 } },
	];

	test('each has its own outcome, by one claim, and a command for each slice', async () => {
		const { store } = await openStore({} as IExecuteFunctions, 'embedded');
		const claims = jest.spyOn(store, 'claim');
		const commands = jest.spyOn(store, 'command');
		const result = await n8n.run(batchWorkflow('continueErrorOutput'), { triggerItems: items });
		expect(claims.mock.calls.map(([requests]) => requests.length)).toEqual([998]);
		expect(commands.mock.calls.flatMap(([orders]) => orders)).toHaveLength(800);
		expect(commands.mock.calls.length).toBeLessThanOrEqual(Math.ceil(800 / SLICE_LENGTH));
		claims.mockRestore();
		commands.mockRestore();
		expect(result.status).toBe('success');
		expect(result.counts('Guard')).toEqual([800, 0, 198, 2]);
		expect(result.counts('Commit')).toEqual([800, 0]);
		expect(result.hints('Commit')).toEqual([]);

		const conflicts = result.items('Guard', 2);
		const details = conflicts.map(({ json }) => json.idempotency as IDataObject);
		expect(
			details
				.slice(0, 100)
				.every(({ reason, sameBatch }) => reason === 'in_progress' && sameBatch === true),
		).toBe(true);
		expect(details[0]?.message).toMatch(/^Another item of this batch has the same key/);
		expect(details.slice(100).every(({ reason }) => reason === 'payload_mismatch')).toBe(true);
		expect(conflicts.map(({ pairedItem }) => pairedItem)).toEqual(
			Array.from({ length: 198 }, (_, n) => ({ item: 800 + n })),
		);
		expect(result.items('Guard', 3).map(({ pairedItem }) => pairedItem)).toEqual([998, 999]);
		const tokens = result
			.json('Guard')
			.map(({ idempotency }) => (idempotency as IDataObject).token);
		expect(new Set(tokens).size).toBe(800);
	});

	test('again: each gets its own first result', async () => {
		const again = await n8n.run(batchWorkflow('continueErrorOutput'), { triggerItems: items });
		expect(again.counts('Guard')).toEqual([0, 900, 98, 2]);
		const replayed = again.items('Guard', 1);
		for (const { json, pairedItem } of replayed) {
			const { item } = pairedItem as { item: number };
			expect(json).toEqual({ done: items[item]?.json.id });
		}
	});
});

test('what stops the run claims for none of the batch', async () => {
	const [a, b] = [newKey(), newKey()];
	const stopped = await n8n.run(batchWorkflow(), {
		triggerItems: [{ json: { id: a } }, { json: {} }, { json: { id: b } }],
	});
	expect(stopped.error?.context).toMatchObject({ itemIndex: 1 });
	const again = await n8n.run(batchWorkflow(), {
		triggerItems: [{ json: { id: a } }, { json: { id: b } }],
	});
	expect(again.json('Commit').map(({ done }) => done)).toEqual([a, b]);
	expect(detailsOf(again, 'Guard')).toMatchObject({ attempt: 1 });
});

describe('binary data and item links', () => {
	const bytes = Buffer.from([0, 1, 2, 250, 255, 10, 13, 0]);
	const binary = {
		file: { data: bytes.toString('base64'), mimeType: 'application/x-own', fileName: 'à.bin' },
	};
	const readFile = javascript(
		'Read',
		async (all, context) =>
			await Promise.all(
				all.map(async (_, item) => ({
					json: { hex: (await context.helpers.getBinaryDataBuffer(item, 'file')).toString('hex') },
					pairedItem: { item },
				})),
			),
	);
	const fileWorkflow = workflow({
		nodes: [
			webhook(),
			noOp('Before'),
			guard('Guard', byId),
			commit('Commit'),
			readFile,
			noOp('Conflict'),
		],
		connections: [
			['Webhook', 'Before', 'Guard', 'Commit', 'Read'],
			['Guard:1', 'Read'],
			['Guard:2', 'Conflict'],
		],
	});
	const withFile = (id: string, n = 1): INodeExecutionData => ({ json: { id, n }, binary });

	test('survive on New, Conflict and Committed; a binary result is replayed byte for byte', async () => {
		const id = newKey();
		const first = await n8n.run(fileWorkflow, {
			triggerItems: [withFile(newKey()), withFile(id), withFile(id, 2)],
		});
		expect(first.status).toBe('success');
		for (const [node, output, pairs] of [
			['Guard', 0, [0, 1]],
			['Guard', 2, [2]],
			['Commit', 0, [0, 1]],
		] as const) {
			const found = first.items(node, output);
			expect(found.map(({ pairedItem }) => pairedItem)).toEqual(pairs.map((item) => ({ item })));
			for (const item of found) expect(item.binary).toEqual(binary);
		}
		const second = await n8n.run(fileWorkflow, {
			triggerItems: [withFile(newKey()), withFile(id)],
		});
		const [replayed] = second.items('Guard', 1);
		expect(replayed?.pairedItem).toEqual({ item: 1 });
		expect(replayed?.binary?.file).toMatchObject(binary.file);
		expect(second.json('Read')).toContainEqual({ hex: bytes.toString('hex') });
	});

	test('several replayed items are all linked to the input item that they answer', async () => {
		const triple = javascript('Act', (all) =>
			all.flatMap((_, item) => [1, 2, 3].map((n) => ({ json: { n }, pairedItem: { item } }))),
		);
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard', byId),
				triple,
				commit('Commit'),
				javascript('Trace', (all, context) =>
					all.map((_, i) => ({
						json: {
							from: context.evaluateExpression('{{ $("Webhook").item.json.id }}', i) as string,
						},
					})),
				),
			],
			connections: [
				['Webhook', 'Guard', 'Act', 'Commit'],
				['Guard:1', 'Trace'],
			],
		});
		const [a, b] = [newKey(), newKey()];
		const triggerItems = [{ json: { id: a } }, { json: { id: b } }];
		await n8n.run(json, { triggerItems });
		const again = await n8n.run(json, { triggerItems });
		expect(again.json('Trace').map(({ from }) => from)).toEqual([a, a, a, b, b, b]);
	});
});
