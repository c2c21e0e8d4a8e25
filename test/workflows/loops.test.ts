import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { commit, guard, javascript, loop, noOp, webhook, workflow } from '../support/engine';
import { engine } from './nodes';
import { newKey } from './scenario';

const n8n = engine();
const byId = { keySource: 'expression', key: '={{ $json.id }}', compare: 'none' };
const items = (...ids: string[]): INodeExecutionData[] => ids.map((id) => ({ json: { id } }));
const newKeys = (count: number) => Array.from({ length: count }, newKey);

describe('loops', () => {
	const looped = () =>
		workflow({
			nodes: [
				webhook(),
				loop('Loop'),
				guard('Guard', byId),
				javascript('Act', (all) =>
					all.map(({ json }, item) => ({
						json: { done: json.id as string },
						pairedItem: { item },
					})),
				),
				commit('Commit'),
				noOp('Done'),
				noOp('Refused'),
			],
			connections: [
				['Webhook', 'Loop'],
				['Loop:1', 'Guard', 'Act', 'Commit', 'Loop'],
				['Guard:1', 'Loop'],
				['Guard:2', 'Refused', 'Loop'],
				['Loop', 'Done'],
			],
		});

	test('different keys: each iteration has a claim of its own', async () => {
		const ids = newKeys(3);
		const first = await n8n.run(looped(), { triggerItems: items(...ids) });
		expect(first.status).toBe('success');
		expect(first.items('Guard')).toHaveLength(3);
		expect(first.json('Commit')).toEqual(ids.map((done) => ({ done })));
		const second = await n8n.run(looped(), { triggerItems: items(...ids) });
		expect(second.tasks('Act')).toEqual([]);
		expect(second.json('Done')).toEqual(ids.map((done) => ({ done })));
	});

	test('the same key in two iterations: the second is a duplicate', async () => {
		const [id = ''] = newKeys(1);
		const result = await n8n.run(looped(), { triggerItems: items(id, id) });
		expect(result.tasks('Act')).toHaveLength(1);
		expect(result.json('Guard', 1)).toEqual([{ done: id }]);
		expect(result.json('Done')).toHaveLength(2);
	});

	test('the same key twice in one batch, Commit after the loop', async () => {
		const [a = '', b = ''] = newKeys(2);
		const json = workflow({
			nodes: [webhook(), loop('Loop'), guard('Guard', byId), noOp('Refused'), commit('Commit')],
			connections: [
				['Webhook', 'Loop'],
				['Loop:1', 'Guard', 'Loop'],
				['Guard:1', 'Loop'],
				['Guard:2', 'Refused', 'Loop'],
				['Loop', 'Commit'],
			],
		});
		const first = await n8n.run(json, { triggerItems: items(a, b, a) });
		expect(first.error?.message).toBeUndefined();
		expect(
			first.json('Guard', 2).map(({ idempotency }) => (idempotency as IDataObject).reason),
		).toEqual(['in_progress']);
		const second = await n8n.run(json, { triggerItems: items(a, b) });
		expect(second.items('Guard', 1).length).toBeGreaterThanOrEqual(2);
		expect(second.items('Guard')).toEqual([]);
	});
});
