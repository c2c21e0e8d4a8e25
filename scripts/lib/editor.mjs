/** n8n's editor in a real browser: Debian's Chromium, driven by playwright-core. */
import { onCleanup, temporaryFolder } from './cleanup.mjs';
import { findProgram, installDebianPackages } from './debian.mjs';
import { createOwner } from './n8n.mjs';

/** Without these Chromium asks its own makers for updates at every start. */
const QUIET = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** Sees to it that Debian's Chromium is there. */
export async function ensureChromium() {
	if (findProgram('chromium') !== undefined) return;
	await installDebianPackages(['chromium'], 'Chromium is needed');
}

/**
 * Creates the owner's account, signs in and gives a page of the editor.
 *
 * @param {{ url: string }} n8n from `startN8n`, without an account yet
 * @param {{ dark?: boolean, width?: number, height?: number }} [options]
 */
export async function openEditor(n8n, { dark = false, width = 1440, height = 860 } = {}) {
	await ensureChromium();
	const { chromium, selectors } = await import('playwright-core');
	selectors.setTestIdAttribute('data-test-id');
	const context = await chromium.launchPersistentContext(await temporaryFolder('chromium'), {
		executablePath: findProgram('chromium'),
		headless: true,
		args: QUIET,
		viewport: { width, height },
		colorScheme: dark ? 'dark' : 'light',
	});
	onCleanup(() => context.close());

	const { email, password } = await createOwner(n8n);
	const signIn = await context.request.post(`${n8n.url}/rest/login`, {
		data: { emailOrLdapLoginId: email, password },
	});
	if (!signIn.ok()) throw new Error(`n8n refused to sign in: ${await signIn.text()}`);
	const page = context.pages()[0] ?? (await context.newPage());

	return {
		page,

		/** Shows a workflow, all of it. */
		async openWorkflow(id) {
			await page.goto(`${n8n.url}/workflow/${id}`);
			await page.locator('[data-node-name]').first().waitFor({ timeout: 60_000 });
			await page.waitForTimeout(2_000);
			await closeChecklist(page);
			await page.keyboard.press('1');
			await page.waitForTimeout(1_000);
		},

		/** Opens a node's settings. */
		async openNode(name) {
			await page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`).dblclick();
			await page.locator('[data-test-id="ndv"]').first().waitFor();
			await page.waitForTimeout(1_500);
		},

		async closeNode() {
			await page.keyboard.press('Escape');
			await page.waitForTimeout(500);
		},
	};
}

/** A published workflow greets its owner with a list of things to do. */
async function closeChecklist(page) {
	const close = page.locator('[data-test-id="suggested-actions-close"]');
	if ((await close.count()) > 0) await close.first().click();
}
