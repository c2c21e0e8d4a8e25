import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import { RefusalPace } from '../../lib/guard/refusal-pace';
import { withVariables } from '../support/variables';
import { guard, loop, noOp, webhook, webhookItem, workflow } from '../support/engine';
import type { NodeSettings, RunResult, WorkflowJson } from '../support/engine';
import { RedisServer } from '../support/redis-server';
import { engine } from './nodes';
import { engineOn } from './on-redis';
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
	settings: NodeSettings = {},
): WorkflowJson {
	const options = { budgetPer: 'tenant', budgetLimit: 1, tenantField: 'body.customer' };
	return workflow({
		id: `workflow of ${newKey()}`,
		nodes: [
			webhook('Webhook', webhookParameters),
			guard('Guard', { options, ...parameters }, settings),
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
	return routed(await n8n.run(json, { triggerItems }));
}

const routed = (run: RunResult) =>
	['New', 'Duplicate', 'Conflict'].map((name) => run.json(name).length);

test.each(['responseNode', 'lastNode'])(
	'who is over its budget waits, and nobody else (%s)',
	async (responseMode) => {
		const json = guarded({ responseMode });
		const first = newKey();
		expect(await send(json, requestOf('noisy', first))).toEqual([1, 0, 0]);
		expect(await send(json, requestOf('noisy', first))).toEqual([0, 1, 0]);
		expect(await send(json, requestOf('quiet'))).toEqual([1, 0, 0]);
		expect(hold).not.toHaveBeenCalled();
		for (const customer of ['noisy', 'noisy', 'quiet']) {
			expect(await send(json, requestOf(customer))).toEqual([0, 0, 1]);
		}
		const [noisy, again, quiet] = hold.mock.calls;
		expect(noisy).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 20]);
		expect(again).toEqual(noisy);
		expect(quiet?.[0]).not.toBe(noisy?.[0]);
	},
);

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

describe('in a loop', () => {
	const inLoop = (id: string) =>
		workflow({
			id,
			nodes: [
				webhook('Webhook', ANSWERED_BY_A_NODE),
				loop('Loop', 1),
				guard('Guard', { options: { budgetPer: 'scope', budgetLimit: 1 } }),
				...['New', 'Conflict', 'Done'].map((name) => noOp(name)),
			],
			connections: [
				['Webhook', 'Loop'],
				['Loop:0', 'Done'],
				['Loop:1', 'Guard', 'New', 'Loop'],
				['Guard:2', 'Conflict', 'Loop'],
			],
		});
	const five = () => Array.from({ length: 5 }, () => requestOf('noisy'));

	test('a run that acted is not held, and one that may not act is held once', async () => {
		const id = `workflow of ${newKey()}`;
		const acted = await n8n.run(inLoop(id), { triggerItems: five() });
		expect(acted.json('Conflict')).toHaveLength(4);
		expect(hold).not.toHaveBeenCalled();
		const refused = await n8n.run(inLoop(id), { triggerItems: five() });
		expect(refused.json('Conflict')).toHaveLength(5);
		expect(hold).toHaveBeenCalledTimes(1);
	});
});

test('not where the sender has its answer already, nor where no webhook began the run', async () => {
	const early = guarded({ responseMode: 'onReceived' });
	await send(early, requestOf('noisy'));
	expect(await send(early, requestOf('noisy'))).toEqual([0, 0, 1]);
	const waiting = guarded();
	await send(waiting, requestOf('noisy'));
	const triggerItems = [requestOf('noisy')];
	expect(routed(await n8n.run(waiting, { triggerItems, mode: 'trigger' }))).toEqual([0, 0, 1]);
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
		await withVariables({ [name]: value }, async () => {
			expect(await send(json, requestOf('noisy'))).toEqual([0, 0, 1]);
		});
		expect(hold).not.toHaveBeenCalled();
	});

	test('in queue mode', async () => {
		const server = await RedisServer.start();
		const onRedis = engineOn(server);
		const credentials = { idempotencyRedisApi: { id: '1', name: 'Redis' } };
		const json = guarded(ANSWERED_BY_A_NODE, { store: 'redis' }, { credentials });
		const sendThere = async () =>
			routed(await onRedis.run(json, { triggerItems: [requestOf('noisy')] }));
		await withVariables({ EXECUTIONS_MODE: 'queue' }, async () => {
			expect(await sendThere()).toEqual([1, 0, 0]);
			expect(await sendThere()).toEqual([0, 0, 1]);
		});
		expect(hold).not.toHaveBeenCalled();
		expect(await sendThere()).toEqual([0, 0, 1]);
		expect(hold).toHaveBeenCalledTimes(1);
		await server.stop();
	});
});
