import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { startPaymentService } from '../test/support/payment-service';
import { CHECKOUT } from './lib/checkout.mjs';
import { onCleanup, runMain, temporaryFolder } from './lib/cleanup.mjs';
import { openEditor } from './lib/editor';
import type { Editor } from './lib/editor';
import { during, say } from './lib/log.mjs';
import { startN8n } from './lib/n8n';
import { ensureN8n } from './lib/n8n-install.mjs';
import { idOf, prepareUserFolder } from './lib/published-example';

/**
 * `npm run screenshots`: takes the pictures in docs/images again, in a real n8n with this package installed as users get it, in
 * Debian's Chromium.
 */

const IMAGES = join(CHECKOUT, 'docs', 'images');

/** A picture of each, and of the settings of some of its nodes. */
const EXAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	'webhook-charge': {
		'Idempotency Guard': 'idempotency-guard',
		'Idempotency Commit': 'idempotency-commit',
	},
	'webhook-at-the-door': { 'Idempotent Webhook': 'idempotent-webhook' },
};

/** A picture of the workflow alone. */
const DRAFTS = [
	'first-steps',
	'stripe-webhook',
	'shopify-order',
	'github-delivery',
	'whatsapp-messages',
	'spreadsheet-rows',
	'queue-consumer',
	'acknowledge-and-work-on',
	'wait-for-first',
	'retry-with-backoff',
	'downstream-key',
	'exactly-once-postgres',
	'error-workflow-release',
	'reconcile-unknown',
	'report',
	'agent-tool/charge-order',
	'agent-tool/agent',
	'agent-tool/mcp-server',
];

async function takePictures(editor: Editor): Promise<void> {
	const picture = async (name: string) => {
		await editor.page.screenshot({ path: join(IMAGES, `${name}.png`) });
		say(`  docs/images/${name}.png`);
	};
	for (const [example, nodes] of Object.entries(EXAMPLES)) {
		await editor.openWorkflow(example);
		await picture(example);
		for (const [node, name] of Object.entries(nodes)) {
			await editor.openNode(node);
			await picture(name);
			await editor.closeNode();
		}
	}
	for (const id of DRAFTS.map(idOf)) {
		await editor.openWorkflow(id);
		await picture(id);
	}
}

void runMain(async () => {
	const install = await ensureN8n();
	const folder = await temporaryFolder('idempotency-screenshots');
	const service = await startPaymentService();
	onCleanup(async () => await service.stop());
	const names = Object.keys(EXAMPLES);
	const parts = { install, folder, service, names, drafts: DRAFTS };
	const userFolder = await prepareUserFolder(parts);
	await mkdir(IMAGES, { recursive: true });
	const n8n = await during(`Starting n8n ${install.version}`, () =>
		startN8n(install, { userFolder }),
	);
	const editor = await during('Opening the editor', () => openEditor(n8n));
	await takePictures(editor);
});
