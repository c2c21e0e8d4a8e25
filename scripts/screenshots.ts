import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { INode } from 'n8n-workflow';

import { Canvas } from '../test/e2e/harness/canvas';
import { guard, node, workflow } from '../test/support/engine/workflow';
import type { WorkflowJson } from '../test/support/engine/workflow';
import { startPaymentService } from '../test/support/payment-service';
import { CHECKOUT } from './lib/checkout.mjs';
import { onCleanup, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { openEditor } from './lib/editor';
import type { Editor } from './lib/editor';
import { during, say } from './lib/log.mjs';
import { startN8n, waitForWebhook } from './lib/n8n';
import type { N8n } from './lib/n8n';
import { ensureN8n } from './lib/n8n-install.mjs';
import { idOf, prepareUserFolder } from './lib/published-example';

/**
 * `npm run screenshots`: takes the pictures in docs/images again, in a real n8n with this package installed as users get it, in
 * Debian's Chromium.
 */

const IMAGES = join(CHECKOUT, 'docs', 'images');

/** Of each workflow a picture, and of the settings of some of its nodes, by their names in it. */
const EXAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	'webhook-charge': {
		'Idempotency Commit': 'idempotency-commit',
	},
	'webhook-at-the-door': { 'Idempotent Webhook': 'idempotent-webhook' },
	report: { 'Make Report': 'idempotency-records' },
};

/** Not published. */
const DRAFTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	'first-steps': {},
	'stripe-webhook': {},
	'shopify-order': {},
	'github-delivery': {},
	'whatsapp-messages': {},
	'hubspot-batch': {},
	'spreadsheet-rows': {},
	'queue-consumer': {},
	'acknowledge-and-work-on': {},
	'wait-for-first': {},
	'retry-with-backoff': {},
	'downstream-key': {},
	'exactly-once-postgres': {},
	'error-workflow-release': {},
	'prometheus-metrics': {},
	'reconcile-unknown': { 'Idempotency Trigger': 'idempotency-trigger' },
	'agent-tool/charge-order': {},
	'agent-tool/agent': {},
	'agent-tool/mcp-server': {},
};

/** The credential of each store, as the Guard asks for it where it has none. */
const CREDENTIALS = {
	PostgreSQL: 'idempotency-postgres-api',
	Redis: 'idempotency-redis-api',
};

const GUARD = 'Idempotency Guard';
const PATH = 'orders';
const GUARDED_PATH = 'guarded-orders';

/** A webhook that leads to a call; with a Guard, Duplicate leads there as well. */
function ownWorkflow(url: string, ...guards: INode[]): WorkflowJson {
	const isGuarded = guards.length > 0;
	const path = isGuarded ? GUARDED_PATH : PATH;
	return workflow({
		name: 'My orders',
		nodes: [
			node(
				'Webhook',
				'n8n-nodes-base.webhook',
				{ httpMethod: 'POST', path, options: {} },
				{ typeVersion: 2, webhookId: path },
			),
			...guards,
			node(
				'HTTP Request',
				'n8n-nodes-base.httpRequest',
				{
					method: 'POST',
					url,
					sendBody: true,
					specifyBody: 'json',
					jsonBody: '={{ $json.body }}',
					options: {},
				},
				{ typeVersion: 4.2 },
			),
		],
		...(isGuarded && {
			connections: [
				['Webhook', GUARD, 'HTTP Request'],
				[`${GUARD}:1`, 'HTTP Request'],
			],
		}),
	});
}

/** A busy machine draws slowly. */
const DRAWN_MS = 2_000;
const PATIENCE_MS = 120_000;

class Pictures {
	constructor(
		private readonly editor: Editor,
		private readonly n8n: N8n,
		private readonly service: { readonly url: string },
	) {}

	async takeAll(): Promise<void> {
		const { editor } = this;
		for (const [example, nodes] of Object.entries({ ...EXAMPLES, ...DRAFTS })) {
			await editor.openWorkflow(idOf(example));
			await this.take(idOf(example));
			for (const [node, name] of Object.entries(nodes)) {
				await editor.openNode(node);
				await this.take(name);
				await editor.closeNode();
			}
		}
		for (const [store, name] of Object.entries(CREDENTIALS)) {
			await this.takeCredential(store, name);
		}
		await this.takeReport();
		await this.takeNewcomer();
	}

	private async takeCredential(store: string, name: string): Promise<void> {
		const { editor } = this;
		const { page } = editor;
		await editor.openWorkflow('first-steps');
		await editor.openNode('Idempotency Guard');
		await page.getByTestId('parameter-input-store').locator('input').first().click();
		const choices = page.getByRole('option').filter({ visible: true });
		await choices.getByText(store, { exact: true }).first().click();
		await page.getByTestId('node-credentials-empty-state').getByRole('button').first().click();
		await page.getByTestId('editCredential-modal').waitFor();
		await page.waitForTimeout(1_000);
		await this.take(name);
	}

	/** The page that the example "report" answers with, after some orders. */
	private async takeReport(): Promise<void> {
		const { page } = this.editor;
		for (let delivery = 0; delivery < 24; delivery++) {
			const order = `order-${delivery % 9}`;
			// Now and then the same key comes with other data.
			const amount = delivery % 11 === 10 ? 6 : 5;
			await fetch(`${this.n8n.url}/webhook/charge`, {
				method: 'POST',
				headers: { 'content-type': 'application/json', 'idempotency-key': order },
				body: JSON.stringify({ orderId: order, amount }),
			});
		}
		await page.goto(`${this.n8n.url}/webhook/idempotency-report`);
		await page.getByText('Requests a day').first().waitFor();
		await this.take('report-page');
	}

	/** The Guard is dropped on the line between two nodes; and what an execution shows where Duplicate was connected wrongly. */
	private async takeNewcomer(): Promise<void> {
		const { page } = this.editor;
		const canvas = new Canvas(page, this.n8n.url);
		const own = await this.save(ownWorkflow(this.service.url));
		await canvas.open(own.id);
		await canvas.openNodePanelOnEdge('Webhook', 'HTTP Request');
		await canvas.search('avoid duplicates');
		await canvas.found(GUARD).waitFor();
		await this.take('newcomer-search');
		await canvas.found(GUARD).click();
		await page.getByText('Add to workflow', { exact: true }).click();
		await page.getByTestId('ndv').waitFor();
		await this.take('idempotency-guard');

		const miswired = await this.save(ownWorkflow(this.service.url, guard(GUARD)));
		await page.request.post(`${this.n8n.url}/rest/workflows/${miswired.id}/activate`, {
			data: { versionId: miswired.versionId },
		});
		await waitForWebhook(this.n8n, GUARDED_PATH, 'POST');
		await fetch(`${this.n8n.url}/webhook/${GUARDED_PATH}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'stripe-signature': 't=1,v1=00' },
			body: JSON.stringify({ id: 'evt_1', object: 'event', orderId: '1042' }),
		});
		await page.goto(`${this.n8n.url}/workflow/${miswired.id}/executions`);
		await page.getByTestId('execution-preview-host').waitFor();
		await canvas.openNode(GUARD);
		await page.getByTestId('node-hint').first().waitFor();
		await this.take('hint-duplicate');
	}

	private async save(json: WorkflowJson): Promise<{ id: string; versionId: string }> {
		const { name, nodes, connections, settings } = json;
		const saved = await this.editor.page.request.post(`${this.n8n.url}/rest/workflows`, {
			data: { name, nodes, connections, settings, active: false },
		});
		return ((await saved.json()) as { data: { id: string; versionId: string } }).data;
	}

	private async take(name: string): Promise<void> {
		await this.editor.page.waitForTimeout(DRAWN_MS);
		await this.editor.page.screenshot({ path: join(IMAGES, `${name}.png`) });
		say(`  docs/images/${name}.png`);
	}
}

void runMain(async () => {
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-screenshots');
	const service = await startPaymentService();
	onCleanup(async () => await service.stop());
	const names = Object.keys(EXAMPLES);
	const parts = { install, folder, service, names, drafts: Object.keys(DRAFTS) };
	const userFolder = await prepareUserFolder(parts);
	await mkdir(IMAGES, { recursive: true });
	const n8n = await during(`Starting n8n ${install.version}`, () =>
		startN8n(install, { userFolder }),
	);
	const editor = await during('Opening the editor', () => openEditor(n8n));
	editor.page.setDefaultTimeout(PATIENCE_MS);
	await new Pictures(editor, n8n, service).takeAll();
});
