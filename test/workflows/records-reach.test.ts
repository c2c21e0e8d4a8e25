import type { INode } from 'n8n-workflow';
import { records } from '../support/engine';
import { charge, done, mend, mending, n8n, send, unknown } from './records-harness';
import { delivery, detailsOf, newKey } from './scenario';

/** Idempotency Records sees the requests of its own workflow, and those of others only where it is told to. */

const OWN = { workflows: 'own' };
const FOREIGN = /^This is a request of another workflow \(workflow-1\), and this node sees only/;

/** The same in the workflow that made the requests. */
async function inTheirs(parameters: INode['parameters']) {
	const json = { ...mending({ ...OWN, ...parameters }), id: 'workflow-1' };
	const result = await n8n.run(json, { triggerItems: [{ json: {} }] });
	if (result.error) throw result.error;
	return result.json('Records');
}

test('a request of another workflow is neither shown nor changed', async () => {
	const key = newKey();
	const first = await send(key);
	const hash = String(detailsOf(first, 'Guard').hash);
	const byHash = { ...OWN, findBy: 'hash', hash };
	for (const operation of ['get', 'forget', 'release', 'resolve']) {
		const result = await mend({ ...byHash, operation, options: { includeResult: true } });
		expect(result.error?.message).toMatch(FOREIGN);
		expect((result.error as { description?: string }).description).toMatch(/"All Workflows"/);
	}
	const ofExecution = { findBy: 'execution', executionId: '1', workflowId: 'workflow-1' };
	for (const operation of ['get', 'release']) {
		const result = await mend({ ...OWN, operation, ...ofExecution });
		expect(result.error?.message).toMatch(FOREIGN);
	}
	expect(await done({ operation: 'get', findBy: 'hash', hash })).toMatchObject([
		{ found: true, state: 'completed' },
	]);
	expect(await inTheirs({ operation: 'get', findBy: 'hash', hash })).toMatchObject([{ key }]);
});

test('is what a node does that was never told', async () => {
	const hash = String(detailsOf(await send(newKey()), 'Guard').hash);
	const parameters = { operation: 'forget', hash };
	const json = mending({});
	const nodes = json.nodes.map((node) =>
		node.name === 'Records' ? { ...node, parameters } : node,
	);
	const result = await n8n.run({ ...json, nodes }, { triggerItems: [{ json: {} }] });
	expect(result.error?.message).toMatch(FOREIGN);
});

test('List, Stats and Report leave out what is not its own', async () => {
	const namespace = 'of-another';
	const guard = { options: { scope: 'custom', namespace } };
	await send(newKey(), { guard });
	await unknown(newKey(), { guard });
	const list = { operation: 'list', returnAll: true, filters: { namespace } };
	expect(await done(list)).toHaveLength(2);
	const own = await mend({ ...OWN, ...list });
	expect([own.error, own.items('Records')]).toEqual([undefined, []]);
	const asked = await mend({ ...OWN, ...list, filters: { workflowId: 'workflow-1' } });
	expect(asked.items('Records')).toEqual([]);
	expect(await inTheirs(list)).toHaveLength(2);

	const stats = { operation: 'stats', options: { namespace } };
	expect(await done(stats)).toMatchObject([{ new: 2, unresolvedNow: 1 }]);
	expect((await mend({ ...OWN, ...stats })).items('Records')).toEqual([]);
	const [page] = await done({ ...OWN, operation: 'report' });
	expect(page?.html).toContain('Nothing was counted in these days.');
	expect(page?.html).not.toContain(namespace);
	const [all] = await done({ operation: 'report' });
	expect(all?.html).toContain(namespace);
});

test('its own are those of its nodes, of namespaces that they name, and of test runs', async () => {
	const namespace = 'named-by-a-node';
	const json = charge({ guard: { options: { scope: 'custom', namespace } } });
	const stats = records('Records', { ...OWN, operation: 'stats' });
	const both = {
		...json,
		nodes: [...json.nodes, stats],
		connections: { Webhook: { main: [[{ node: 'Records', type: 'main' as const, index: 0 }]] } },
	};
	await n8n.run(json, { triggerItems: [delivery(newKey())] });
	const result = await n8n.run(both, { triggerItems: [delivery(newKey())] });
	const seen = result.json('Records').map((row) => String(row.namespace));
	expect(seen).toContain(namespace);
	for (const each of seen) {
		expect([namespace, 'of-another']).toContain(each.startsWith('workflow-1') ? namespace : each);
	}
});
