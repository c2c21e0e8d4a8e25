import type { INode } from 'n8n-workflow';
import { commit, guard, javascript, startDownstream } from '../../support/engine';
import type { Downstream } from '../../support/engine';
import { newKey } from '../../workflows/scenario';
import {
	calledWorkflow,
	callOf,
	deliveries,
	http,
	noOp,
	own,
	recordOf,
	recordsOf,
	shape,
} from './shapes';

/** What a sub-workflow says of its act: n8n's own Execute Sub-workflow, whose data of the run below are not kept. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const charge = () => http('Charge', { url: downstream.url, body: '={{ $json.body }}' });

describe('called once for several requests, and its answers come in another order', () => {
	const turned = () =>
		calledWorkflow([charge(), javascript('Turn', (items) => items.toReversed()), noOp('Last')]);
	const nodes = (mode: string, ...more: INode[]) =>
		shape(
			[guard('Guard'), callOf(mode), ...more],
			[['Webhook', 'Guard', 'Call', ...more.map(({ name }) => name)]],
		);

	test('no request gets the answer to another: held, and a hint says what to set', async () => {
		const keys = [newKey(), newKey()];
		const n8n = own({ subWorkflows: [turned()] });
		const json = nodes('once');
		const result = await n8n.run(json, { triggerItems: deliveries(...keys) });
		expect(result.json('Call').map(({ key }) => key)).toEqual(keys.toReversed());
		expect((await recordsOf(result)).map(({ state }) => state)).toEqual(['unknown', 'unknown']);
		expect(result.hints('Guard').map(({ message }) => message)).toContainEqual(
			expect.stringMatching(/^"Call" runs its sub-workflow once for all items/),
		);
	});

	test('with Commit: the message says what to set', async () => {
		const n8n = own({ subWorkflows: [turned()] });
		const result = await n8n.run(nodes('once', commit('Commit')), {
			triggerItems: deliveries(newKey(), newKey()),
		});
		expect(result.error?.description).toContain('Run once for each item');
	});

	test('called for each: each has its own, and no hint', async () => {
		const keys = [newKey(), newKey()];
		const n8n = own({ subWorkflows: [turned()] });
		const json = nodes('each');
		const result = await n8n.run(json, { triggerItems: deliveries(...keys) });
		expect((await recordsOf(result)).map(({ state }) => state)).toEqual(['completed', 'completed']);
		expect(JSON.stringify(result.hints('Guard'))).not.toContain('once for all');
		const again = await n8n.run(json, { triggerItems: deliveries(...keys) });
		expect(again.json('Guard', 1).map(({ key }) => key)).toEqual(keys);
	});
});

describe('a Guard in it that refuses the request', () => {
	const refusing = (busy: string) =>
		calledWorkflow(
			[
				guard('Inner', {
					keySource: 'expression',
					key: busy,
					compare: 'none',
					options: { outputField: 'inner', scope: 'workflow' },
				}),
				charge(),
			],
			[noOp('Refused')],
			[['Inner:2', 'Refused']],
		);

	test.each([[[]], [[commit('Commit')]]])('does not count as its success', async (behind) => {
		const n8n = own({ subWorkflows: [refusing(newKey())] });
		const chain = ['Webhook', 'Guard', 'Call', ...behind.map(({ name }) => name)];
		const json = shape([guard('Guard'), callOf(), ...behind], [chain]);
		const first = newKey();
		downstream.nextFor(first, { status: 500 });
		await n8n.run(json, { triggerItems: deliveries(first) });
		const key = newKey();
		const result = await n8n.run(json, { triggerItems: deliveries(key) });
		expect(result.status).toBe('success');
		expect(downstream.effects(key)).toBe(0);
		const record = await recordOf(result);
		expect(record.state).toBe('unknown');
		expect(record.reason).toContain('a Guard refused it');
	});
});
