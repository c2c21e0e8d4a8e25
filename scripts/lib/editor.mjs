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

/**
 * Creates the owner's account, signs in and gives a page of the editor.
 *
 * @param {{ url: string }} n8n from `startN8n`, without an account yet
 * @param {{ dark?: boolean, width?: number, height?: number }} [options]
 */
export async function openEditor(n8n, { dark = false, width = 1500, height = 760 } = {}) {
	if (findProgram('chromium') === undefined) {
		await installDebianPackages(['chromium'], 'Chromium is needed');
	}
	const { chromium } = await import('playwright-core');
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
			await page
				.getByTestId('canvas-node')
				.first()
				.waitFor({ timeout: 60_000 })
				.catch(async (error) => {
					if (process.env.DEBUG_SCREENSHOT)
						await page.screenshot({ path: process.env.DEBUG_SCREENSHOT });
					throw error;
				});
			await dismissNews(page);
			await page.keyboard.press('1');
			await page.waitForTimeout(1_500);
		},

		/** Opens a node's settings. */
		async openNode(name) {
			await page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`).dblclick();
			await page.getByTestId('ndv').first().waitFor();
			await page.waitForTimeout(1_000);
		},

		async closeNode() {
			await page.keyboard.press('Escape');
			await page.waitForTimeout(500);
		},
	};
}

/** A fresh n8n greets its owner with dialogs. */
async function dismissNews(page) {
	await page.waitForTimeout(2_000);
	for (let i = 0; i < 5; i++) {
		const dialog = page.locator('[role="dialog"]:visible').first();
		if ((await dialog.count()) === 0) return;
		await page.keyboard.press('Escape');
		await page.waitForTimeout(500);
	}
}
