import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import {
	aggregate,
	commit,
	guard,
	javascript,
	merge,
	noOp,
	switchTo,
	webhook,
	workflow,
} from '../support/engine';
import type { Links, WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { detailsOf, newKey } from './scenario';

/** How Commit finds the claims of its items, by what runs between it and the Guard. */

const n8n = engine();
const byId = { keySource: 'expression', key: '={{ $json.id }}', compare: 'none' };
const items = (...ids: string[]): INodeExecutionData[] => ids.map((id) => ({ json: { id } }));
const newKeys = (count: number) => Array.from({ length: count }, newKey);

/** Runs the workflow, then asks what a second run of the same items gets at the given Guard. */
async function committed(json: WorkflowJson, ids: string[], atGuard = 'Guard') {
	const first = await n8n.run(json, { triggerItems: items(...ids) });
	const second = await n8n.run(json, { triggerItems: items(...ids) });
	const replayed = second.json(atGuard, 1);
	const refused = second
		.json(atGuard, 2)
		.map(({ idempotency }) => (idempotency as IDataObject).reason);
	return { first, replayed, refused };
}

const code = (links: Links, name = 'Code') =>
	javascript(name, (all) => all.map(({ json }) => ({ json: { done: json.id as string } })), {
		links,
	});

describe('item links', () => {
	test('items that are reordered and multiplied keep their claims', async () => {
		const ids = newKeys(3);
		const act = javascript('Act', (all) =>
			[...all.keys()].reverse().flatMap((item) =>
				[1, 2].map((n) => ({
					json: { of: all[item]?.json.id as string, n },
					pairedItem: { item },
				})),
			),
		);
		const json = workflow({
			nodes: [webhook(), guard('Guard', byId), noOp('A'), act, noOp('B'), commit('Commit')],
		});
		const { first, replayed } = await committed(json, ids);
		expect(first.counts('Commit')).toEqual([6, 0]);
		expect(replayed).toEqual(
			ids.flatMap((of) => [
				{ of, n: 1 },
				{ of, n: 2 },
			]),
		);
	});

	test('Aggregate: one item for several claims commits each', async () => {
		const ids = newKeys(3);
		const json = workflow({
			nodes: [webhook(), guard('Guard', byId), aggregate('Bulk'), commit('Commit')],
		});
		const { first, replayed, refused } = await committed(json, ids);
		expect(first.counts('Commit')).toEqual([1, 0]);
		expect(refused).toEqual([]);
		expect(replayed).toHaveLength(3);
		for (const each of replayed)
			expect((each.data as IDataObject[]).map(({ id }) => id)).toEqual(ids);
		expect(JSON.stringify(replayed)).not.toContain(String(detailsOf(first, 'Guard').token));
	});

	test('Merge of both branches of a Guard-ed Switch', async () => {
		const ids = newKeys(2);
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard', byId),
				switchTo('Switch', 2, ({ json: { id } }) => (id === ids[0] ? 0 : 1)),
				noOp('A'),
				noOp('B'),
				merge('Merge'),
				commit('Commit'),
			],
			connections: [
				['Webhook', 'Guard', 'Switch', 'A', 'Merge', 'Commit'],
				['Switch:1', 'B', 'Merge@1'],
			],
		});
		const { replayed, refused } = await committed(json, ids);
		expect(refused).toEqual([]);
		expect(replayed.map(({ id }) => id)).toEqual(ids);
	});

	test('Guards in two branches that are merged: each claim is saved', async () => {
		const ids = newKeys(2);
		const json = workflow({
			nodes: [
				webhook(),
				switchTo('Switch', 2, ({ json: { id } }) => (id === ids[0] ? 0 : 1)),
				guard('Left', byId),
				guard('Right', byId),
				merge('Merge'),
				commit('Commit'),
			],
			connections: [
				['Webhook', 'Switch', 'Left', 'Merge', 'Commit'],
				['Switch:1', 'Right', 'Merge@1'],
			],
		});
		const first = await n8n.run(json, { triggerItems: items(...ids) });
		expect(first.counts('Commit')).toEqual([2, 0]);
		const second = await n8n.run(json, { triggerItems: items(...ids) });
		expect(second.counts('Left').slice(0, 2)).toEqual([0, 1]);
		expect(second.counts('Right').slice(0, 2)).toEqual([0, 1]);
	});

	test('two Guards one after the other: each Commit ends the nearest', async () => {
		const [id = ''] = newKeys(1);
		const inner = commit('Inner Commit');
		const json = workflow({
			nodes: [
				webhook(),
				guard('Outer', byId),
				guard('Inner', { ...byId, options: { outputField: 'inner' } }),
				inner,
				commit('Outer Commit', {
					options: { claim: "={{ $('Outer').first().json.idempotency.token }}" },
				}),
			],
		});
		const first = await n8n.run(json, { triggerItems: items(id) });
		expect(first.error?.message).toBeUndefined();
		expect(first.counts('Outer Commit')).toEqual([1, 0]);
		const second = await n8n.run(json, { triggerItems: items(id) });
		expect(second.counts('Outer').slice(0, 2)).toEqual([0, 1]);
		expect(second.json('Outer', 1)).toEqual([{ id }]);
	});

	test('an outer claim is not ended by the Commit of the inner one', async () => {
		const [id = ''] = newKeys(1);
		const json = workflow({
			nodes: [webhook(), guard('Outer', byId), guard('Inner', byId), commit('Inner Commit')],
		});
		const { refused, replayed } = await committed(json, [id], 'Outer');
		expect([...refused, ...replayed]).toEqual([]);
	});
});

test('nor is it where a bulk call takes in items that came past the inner Guard', async () => {
	const ids = newKeys(2);
	const json = workflow({
		nodes: [
			webhook(),
			guard('Outer', byId),
			switchTo('Switch', 2, ({ json: { id } }) => (id === ids[0] ? 0 : 1)),
			guard('Inner', byId),
			merge('Merge'),
			aggregate('Bulk'),
			commit('Inner Commit'),
		],
		connections: [
			['Webhook', 'Outer', 'Switch', 'Inner', 'Merge', 'Bulk', 'Inner Commit'],
			['Switch:1', 'Merge@1'],
		],
	});
	const { first, refused, replayed } = await committed(json, ids, 'Outer');
	expect(first.counts('Inner Commit')).toEqual([1, 0]);
	expect([...refused, ...replayed]).toEqual([]);
});

describe('items without links', () => {
	test('exactly one open claim: it is theirs, by the flow context', async () => {
		for (const links of ['none', 'broken'] as const) {
			const more = javascript('Code', () => [{ json: { n: 1 } }, { json: { n: 2 } }], { links });
			const json = workflow({ nodes: [webhook(), guard('Guard', byId), more, commit('Commit')] });
			const { first, replayed } = await committed(json, newKeys(1));
			expect(first.hints('Commit')).toEqual([]);
			expect(replayed).toEqual([{ n: 1 }, { n: 2 }]);
		}
	});

	test('several: an error that names "Claim", and nothing is guessed', async () => {
		const json = workflow({
			nodes: [webhook(), guard('Guard', byId), code('broken'), commit('Commit')],
		});
		const { first, replayed } = await committed(json, newKeys(2));
		expect(first.error?.message).toBe(
			'The items lost their link to "Guard", which let several requests through',
		);
		expect(first.error?.description).toMatch(/option "Claim"/);
		expect(replayed).toEqual([]);
	});

	test('several, but the others are committed by then: the one that is left', async () => {
		const ids = newKeys(2);
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard', byId),
				switchTo('Switch', 2, ({ json: { id } }) => (id === ids[0] ? 0 : 1)),
				commit('First Commit'),
				code('broken'),
				commit('Commit'),
			],
			connections: [
				['Webhook', 'Guard', 'Switch', 'First Commit'],
				['Switch:1', 'Code', 'Commit'],
			],
		});
		const { first, replayed, refused } = await committed(json, ids);
		expect(first.status).toBe('success');
		expect(refused).toEqual([]);
		expect(replayed).toEqual([{ id: ids[0] }, { done: ids[1] }]);
	});

	test('one that came past the Guard ends nobody’s claim, though only one is open', async () => {
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard', byId),
				noOp('Note'),
				commit('Commit'),
				merge('Merge'),
				javascript('Charge', () => {
					throw new Error('declined');
				}),
			],
			connections: [
				['Webhook', 'Guard', 'Merge', 'Charge', 'Commit'],
				['Webhook', 'Note', 'Commit'],
				['Note', 'Merge@1'],
			],
		});
		const ids = newKeys(1);
		const result = await n8n.run(json, { triggerItems: items(...ids) });
		expect(result.hints('Commit')[0]?.message).toMatch(/without a claim/);
		const again = await n8n.run(json, { triggerItems: items(...ids) });
		expect(again.counts('Guard').slice(0, 3)).toEqual([0, 0, 1]);
	});

	test('many: too many to keep, so never the wrong one', async () => {
		const json = workflow({
			nodes: [webhook(), guard('Guard', byId), code('broken'), commit('Commit')],
		});
		const result = await n8n.run(json, { triggerItems: items(...newKeys(50)) });
		expect(result.error?.message).toMatch(/lost their link/);
	});

	test('the option "Claim" gives each item its own', async () => {
		const carry = javascript(
			'Carry',
			(all) =>
				all.map(({ json }) => ({
					json: { id: json.id as string, token: (json.idempotency as IDataObject).token as string },
				})),
			{ links: 'broken' },
		);
		const json = workflow({
			nodes: [
				webhook(),
				guard('Guard', byId),
				carry,
				commit('Commit', { options: { claim: '={{ $json.token }}', redactFields: 'token' } }),
			],
		});
		const ids = newKeys(3);
		const { replayed } = await committed(json, ids);
		expect(replayed).toEqual(ids.map((id) => ({ id })));
	});
});
