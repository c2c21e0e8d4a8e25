import {
	commit,
	guard,
	node,
	startDownstream,
	subWorkflowTrigger,
	workflow,
} from '../../support/engine';
import type { Downstream } from '../../support/engine';
import { delivery, newKey, routed } from '../../workflows/scenario';
import { deliveries, http, noOp, own, recordOf, recordsOf, run, shape } from './shapes';

/** Guards alone, twice, renamed, and in sub-workflows. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const charge = (more: object = {}, settings = {}) =>
	http('Charge', { url: downstream.url, ...more }, settings);
const sleeping = (seconds: number) =>
	node(
		'Wait',
		'n8n-nodes-base.wait',
		{ resume: 'timeInterval', amount: seconds, unit: 'seconds' },
		{ typeVersion: 1.1 },
	);

describe('alone', () => {
	const alone = (parameters = {}) =>
		shape([guard('Guard', parameters), charge()], [['Webhook', 'Guard', 'Charge']]);

	test('a workflow that succeeds has handled the request, and a duplicate gets what the act gave', async () => {
		const key = newKey();
		const first = await run(alone(), deliveries(key));
		expect((await recordOf(first)).state).toBe('completed');
		const again = await run(alone(), deliveries(key));
		expect(routed(again)).toEqual([0, 1, 0, 0]);
		expect(again.json('Guard', 1)).toEqual(first.json('Charge'));
		expect(downstream.effects(key)).toBe(1);
	});

	test.each([
		[402, 'failed'],
		[429, 'released'],
		[500, 'unknown'],
	])('a workflow that fails is judged by its error: %d is %s', async (status, state) => {
		const key = newKey();
		downstream.nextFor(key, { status });
		expect((await recordOf(await run(alone(), deliveries(key)))).state).toBe(state);
	});

	test('before the last node: an act that went well, and then an error, is unknown', async () => {
		const json = shape(
			[guard('Guard'), charge(), http('Notify', { url: 'http://127.0.0.1:1/' })],
			[['Webhook', 'Guard', 'Charge', 'Notify']],
		);
		expect((await recordOf(await run(json, deliveries(newKey())))).state).toBe('unknown');
	});

	test('where nothing acts, with what the last node had', async () => {
		const key = newKey();
		const json = shape([guard('Guard'), noOp('Last')], [['Webhook', 'Guard', 'Last']]);
		await run(json, deliveries(key));
		const [replayed] = (await run(json, deliveries(key))).json('Guard', 1);
		expect(replayed).toMatchObject({ body: { key } });
		expect(replayed).not.toHaveProperty('idempotency');
	});

	test('a batch: each item has its own', async () => {
		const keys = [newKey(), newKey(), newKey()];
		const first = await run(alone(), deliveries(...keys));
		expect((await recordsOf(first)).map(({ state }) => state)).toEqual([
			'completed',
			'completed',
			'completed',
		]);
		const again = await run(alone(), deliveries(...keys));
		expect(again.json('Guard', 1)).toEqual(first.json('Charge'));
	});

	test('"When Idempotency Commit Saves It": success alone has handled nothing', async () => {
		const json = shape(
			[guard('Guard', { handledWhen: 'commit' }), noOp('Last')],
			[['Webhook', 'Guard', 'Last']],
		);
		expect((await recordOf(await run(json, deliveries(newKey())))).state).toBe('released');
	});

	test('"When the Workflow Succeeds", with a Commit that is not reached', async () => {
		const json = shape(
			[guard('Guard', { handledWhen: 'run' }), noOp('Last'), commit('Commit')],
			[
				['Webhook', 'Guard', 'Last'],
				['Last:1', 'Commit'],
			],
		);
		expect((await recordOf(await run(json, deliveries(newKey())))).state).toBe('completed');
	});

	test('before a Wait that puts the run to sleep: a hint', async () => {
		const json = shape(
			[guard('Guard'), sleeping(90), charge()],
			[['Webhook', 'Guard', 'Wait', 'Charge']],
		);
		const result = await own().run(json, { mode: 'manual', triggerItems: deliveries(newKey()) });
		const hints = result
			.hints('Guard')
			.map(({ message }) => message)
			.join();
		expect(hints).toContain('puts the execution to sleep');
	});
});

describe('a Wait that puts the run to sleep', () => {
	test('the long lease is in the store before it sleeps', async () => {
		const json = shape(
			[guard('Guard'), sleeping(90), charge(), commit('Commit')],
			[['Webhook', 'Guard', 'Wait', 'Charge', 'Commit']],
		);
		const result = await run(json, deliveries(newKey()));
		expect(result.status).toBe('waiting');
		const record = await recordOf(result);
		expect(record.leaseUntil).toBe(record.claimedAt + record.claimTimeoutMs);
	});
});

describe('two nodes with one ID', () => {
	test('are refused by both names, before anything is claimed', async () => {
		const first = guard('Guard');
		const json = shape(
			[first, { ...guard('Copy'), id: first.id }, noOp('Done')],
			[['Webhook', 'Guard', 'Copy', 'Done']],
		);
		const result = await run(json, deliveries(newKey()));
		expect(result.error?.message).toContain('"Guard" and "Copy" have the same node ID');
		expect(result.tasks('Done')).toEqual([]);
	});
});

describe('renamed while a claim lives', () => {
	test('"Retry execution" with the saved workflow finds the claim, and saves', async () => {
		const key = newKey();
		const nodes = (name: string, url: string) => [
			guard(name),
			http('Charge', { url, full: true }),
			commit('Commit'),
		];
		const before = shape(nodes('Guard', 'no url'), [['Webhook', 'Guard', 'Charge', 'Commit']]);
		const n8n = own();
		const failed = await n8n.run(before, { triggerItems: deliveries(key) });
		expect(failed.status).toBe('error');
		const renamed = nodes('Gate', downstream.url);
		const after = shape(
			renamed.map((each) => (each.name === 'Gate' ? { ...each, id: guard('Guard').id } : each)),
			[['Webhook', 'Gate', 'Charge', 'Commit']],
		);
		const retried = await n8n.retry(failed, { json: after });
		expect(retried.error?.message).toBeUndefined();
		expect(retried.json('Commit')).toHaveLength(1);
		const again = await n8n.run(after, { triggerItems: deliveries(key) });
		expect(again.counts('Gate').slice(0, 2)).toEqual([0, 1]);
		expect(downstream.effects(key)).toBe(1);
	});
});

describe('in a sub-workflow', () => {
	const sub = (...nodes: Parameters<typeof workflow>[0]['nodes']) =>
		workflow({ id: `sub-${newKey()}`, nodes: [subWorkflowTrigger('Called'), ...nodes] });

	test('with nothing that acts behind New: refused, since the act is the caller’s', async () => {
		const json = sub(guard('Guard'), noOp('Back'));
		const result = await own().run(json, {
			mode: 'integrated',
			triggerItems: deliveries(newKey()),
		});
		expect(result.error?.message).toContain('Nothing behind "New" acts in this sub-workflow');
	});

	test('with its act: its success counts', async () => {
		const key = newKey();
		const json = sub(guard('Guard'), charge());
		const result = await own().run(json, { mode: 'integrated', triggerItems: [delivery(key)] });
		expect((await recordOf(result)).state).toBe('completed');
	});
});
