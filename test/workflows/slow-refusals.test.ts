import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import { RefusalPace } from '../../lib/guard/refusal-pace';
import { guard, loop, noOp, webhook, webhookItem, workflow } from '../support/engine';
import type { WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { newKey } from './scenario';

const n8n = engine();
const hold = jest.spyOn(RefusalPace.prototype, 'hold').mockResolvedValue();
beforeEach(() => hold.mockClear());
afterAll(() => hold.mockRestore());

const ANSWERED_BY_A_NODE = { responseMode: 'responseNode' };

/** A Guard of its own behind a Webhook; each customer may have one new request. */
function guarded(
	webhookParameters: INode['parameters'] = ANSWERED_BY_A_NODE,
	parameters: INode['parameters'] = {},
): WorkflowJson {
	const options = { budgetPer: 'tenant', budgetLimit: 1, tenantField: 'body.customer' };
	return workflow({
		id: `workflow of ${newKey()}`,
		nodes: [
			webhook('Webhook', webhookParameters),
			guard('Guard', { options, ...parameters }),
			noOp('New'),
			noOp('Duplicate'),
			noOp('Conflict'),
		],
		connections: [
			['Webhook', 'Guard', 'New'],
			['Guard:1', 'Duplicate'],
			['Guard:2', 'Conflict'],
		],
	});
}

const requestOf = (customer: string, key = newKey()) =>
	webhookItem({ body: { customer }, headers: { 'idempotency-key': key } });

async function send(json: WorkflowJson, ...triggerItems: INodeExecutionData[]) {
	const run = await n8n.run(json, { triggerItems });
	return ['New', 'Duplicate', 'Conflict'].map((name) => run.json(name).length);
}

test('who is over its budget waits for its refusals, and nobody else does', async () => {
	const json = guarded();
	const first = newKey();
	expect(await send(json, requestOf('noisy', first))).toEqual([1, 0, 0]);
	expect(await send(json, requestOf('noisy', first))).toEqual([0, 1, 0]);
	expect(await send(json, requestOf('quiet'))).toEqual([1, 0, 0]);
	expect(hold).not.toHaveBeenCalled();
	expect(await send(json, requestOf('noisy'))).toEqual([0, 0, 1]);
	expect(hold).toHaveBeenCalledTimes(1);
});

test('what goes on is not held for what is refused beside it', async () => {
	expect(await send(guarded(), requestOf('noisy'), requestOf('noisy'))).toEqual([1, 0, 1]);
	const ids = [1, 2, 3].map((eventId) => ({ eventId, subscriptionId: 1, portalId: 2 }));
	const events = webhookItem({
		body: ids as unknown as IDataObject,
		headers: { 'x-hubspot-signature': 'any' },
	});
	const options = { splitEvents: true, budgetPer: 'scope', budgetLimit: 2 };
	const split = guarded(ANSWERED_BY_A_NODE, { sender: 'hubSpot', options });
	expect(await send(split, events)).toEqual([2, 0, 1]);
	expect(hold).not.toHaveBeenCalled();
});

test('a run that asks in a loop is held once', async () => {
	const options = { budgetPer: 'scope', budgetLimit: 1 };
	const json = workflow({
		id: `workflow of ${newKey()}`,
		nodes: [
			webhook('Webhook', ANSWERED_BY_A_NODE),
			loop('Loop', 1),
			guard('Guard', { options }),
			...['New', 'Conflict', 'Done'].map((name) => noOp(name)),
		],
		connections: [
			['Webhook', 'Loop'],
			['Loop:0', 'Done'],
			['Loop:1', 'Guard', 'New', 'Loop'],
			['Guard:2', 'Conflict', 'Loop'],
		],
	});
	const triggerItems = Array.from({ length: 5 }, () => requestOf('noisy'));
	const run = await n8n.run(json, { triggerItems });
	expect(run.json('Conflict')).toHaveLength(4);
	expect(hold).toHaveBeenCalledTimes(1);
});

test('not where the sender has its answer already', async () => {
	const json = guarded({ responseMode: 'onReceived' });
	await send(json, requestOf('noisy'));
	expect(await send(json, requestOf('noisy'))).toEqual([0, 0, 1]);
	expect(hold).not.toHaveBeenCalled();
});

describe('not where n8n runs so many executions at a time only', () => {
	const NAME = 'N8N_CONCURRENCY_PRODUCTION_LIMIT';
	const folder = mkdtempSync(join(tmpdir(), 'idempotency-settings'));
	afterAll(() => rmSync(folder, { recursive: true }));

	test.each([
		[NAME, '5'],
		[`${NAME}_FILE`, join(folder, 'limit')],
		[`${NAME}_FILE`, join(folder, 'missing')],
	])('%s=%s', async (name, value) => {
		writeFileSync(join(folder, 'limit'), '5\n');
		const json = guarded();
		await send(json, requestOf('noisy'));
		process.env[name] = value;
		try {
			expect(await send(json, requestOf('noisy'))).toEqual([0, 0, 1]);
		} finally {
			delete process.env[name];
		}
		expect(hold).not.toHaveBeenCalled();
	});
});
