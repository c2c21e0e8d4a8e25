import { openEditor } from '../../scripts/lib/editor';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { guard, node, workflow } from '../support/engine/workflow';
import { until } from '../support/until';
import { Canvas } from './harness/canvas';
import { deliver } from './harness/deliver';
import { N8nHost } from './harness/n8n-host';

/** Somebody whose webhook acts twice, and who has never heard of idempotency: by clicks alone, in the editor. */

let n8n: N8nHost;
let canvas: Canvas;
let service: Downstream;
const GUARD = 'Idempotency Guard';
const COMMIT = 'Idempotency Commit';

beforeAll(async () => {
	service = await startDownstream();
	n8n = await (await N8nHost.create()).start();
	const { page, account } = await openEditor(n8n);
	await n8n.signIn(account);
	canvas = new Canvas(page, n8n.url);
});
afterAll(async () => await service.close());

const STRIPE = { id: 'evt_1', object: 'event', type: 'charge.succeeded', created: 1_764_000_000 };

const ownNodes = (path: string) => [
	node(
		'Webhook',
		'n8n-nodes-base.webhook',
		{ httpMethod: 'POST', path, options: {} },
		{ typeVersion: 2, webhookId: path },
	),
	node(
		'HTTP Request',
		'n8n-nodes-base.httpRequest',
		{ method: 'POST', url: `${service.url}/${path}`, options: {} },
		{ typeVersion: 4.2 },
	),
];

/** What the user has: a webhook that leads to a mail, a charge, whatever must not be done twice. */
async function ownWorkflow(path: string): Promise<string> {
	const nodes = ownNodes(path);
	const connections = [['Webhook', 'HTTP Request']];
	const { id } = await n8n.api.saveWorkflow(workflow({ name: path, nodes, connections }));
	return id;
}

const acts = (path: string) => service.requests.filter((request) => request.path === `/${path}`);

async function deliverFourTimes(path: string): Promise<void> {
	await n8n.registered(path);
	for (let attempt = 1; attempt <= 4; attempt++) {
		await deliver(n8n.webhook(path), STRIPE, { 'stripe-signature': `t=${attempt},v1=00` });
		await canvas.page.waitForTimeout(1_500);
	}
}

it('drops the Guard on the line, publishes, and four deliveries act once: six clicks, no field', async () => {
	const id = await ownWorkflow('newcomer');
	await canvas.open(id);
	const clicks = await canvas.countClicks(async () => {
		await canvas.openNodePanelOnEdge('Webhook', 'HTTP Request');
		await canvas.search('avoid duplicates');
		await canvas.found(GUARD).click();
		await canvas.page.getByText('Add to workflow', { exact: true }).click();
		await canvas.closeNode();
		await canvas.publish();
	});
	expect(clicks).toBeLessThanOrEqual(6);
	expect(await canvas.edge('Webhook', GUARD).count()).toBe(1);
	expect(await canvas.edge(GUARD, 'HTTP Request').count()).toBe(1);
	await deliverFourTimes('newcomer');
	expect(acts('newcomer')).toHaveLength(1);
});

it('adds Commit by Enter, which saves the result', async () => {
	const id = await ownWorkflow('newcomer-commit');
	await canvas.open(id);
	await canvas.openNodePanelOnEdge('Webhook', 'HTTP Request');
	await canvas.search('webhook twice');
	await canvas.found(GUARD).click();
	await canvas.page.getByText('Add to workflow', { exact: true }).click();
	await canvas.closeNode();
	await canvas.openNodePanelFrom('HTTP Request', 0);
	await canvas.search('idempotency commit');
	await canvas.page.keyboard.press('Enter');
	await canvas.page.waitForTimeout(500);
	await canvas.page.keyboard.press('Enter');
	await canvas.page.getByTestId('ndv').waitFor();
	expect(await canvas.shownValue('operation')).toBe('Save Result');
	await canvas.closeNode();
	expect(await canvas.edge('HTTP Request', COMMIT).count()).toBe(1);
	await canvas.publish();
	await deliverFourTimes('newcomer-commit');
	expect(acts('newcomer-commit')).toHaveLength(1);
});

it('tells in a past execution of production that Duplicate leads to what acts', async () => {
	const path = 'newcomer-miswired';
	const id = await n8n.publish(
		workflow({
			name: path,
			nodes: [...ownNodes(path), guard(GUARD)],
			connections: [
				['Webhook', GUARD, 'HTTP Request'],
				[`${GUARD}:1`, 'HTTP Request'],
			],
		}),
	);
	await deliver(n8n.webhook(path), STRIPE, { 'stripe-signature': 't=1,v1=00' });
	const ended = async () =>
		(await n8n.api.executions(id)).find(({ status }) => status === 'success')?.id;
	await until('the execution has ended', async () => (await ended()) !== undefined);
	await canvas.openExecution(id, String(await ended()));
	await canvas.openNode(GUARD);
	const hint = canvas.page.getByTestId('node-hint').first();
	expect(await hint.innerText()).toContain('Duplicate leads to "HTTP Request"');
});

it('shows the report by View', async () => {
	await canvas.newWorkflow();
	await canvas.openNodePanel();
	await canvas.add('Idempotency Records', 'Make a report');
	await canvas.executeStep();
	const { page } = canvas;
	await page.getByTestId('output-panel').getByText('Binary', { exact: true }).click();
	await page.getByTestId('ndv-view-binary-data').first().click();
	const shown = page.getByTestId('output-panel').locator('iframe').contentFrame();
	await shown.getByText('What waits for you').waitFor();
});
