import type { Page } from 'playwright-core';
import { chromium, selectors } from 'playwright-core';

import { onCleanup, temporaryFolder } from './cleanup.mjs';
import { findProgram } from './debian.mjs';
import { createOwner } from './n8n';
import { ensureChromium } from './programs.mjs';

/** n8n's editor in a real browser: Debian's Chromium, driven by playwright-core. */

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

export interface EditorOptions {
	readonly dark?: boolean;
	/** Of the window, in pixels. */
	readonly width?: number;
	readonly height?: number;
}

export class Editor {
	constructor(
		readonly page: Page,
		private readonly url: string,
		/** Of the owner. */
		readonly account: { readonly email: string; readonly password: string },
	) {}

	/** Shows a workflow, all of it. */
	async openWorkflow(id: string): Promise<void> {
		const { page } = this;
		await page.goto(`${this.url}/workflow/${id}`);
		await page.locator('[data-node-name]').first().waitFor({ timeout: 60_000 });
		await page.waitForTimeout(2_000);
		await this.closeChecklist();
		await page.keyboard.press('1');
		await page.waitForTimeout(1_000);
	}

	/** Opens a node's settings. */
	async openNode(name: string): Promise<void> {
		const { page } = this;
		await page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`).dblclick();
		await page.locator('[data-test-id="ndv"]').first().waitFor();
		await page.waitForTimeout(1_500);
	}

	async closeNode(): Promise<void> {
		await this.page.keyboard.press('Escape');
		await this.page.waitForTimeout(500);
	}

	/** A published workflow greets its owner with a list of things to do. */
	private async closeChecklist(): Promise<void> {
		const close = this.page.locator('[data-test-id="suggested-actions-close"]');
		if ((await close.count()) > 0) await close.first().click();
	}
}

/**
 * Creates the owner's account, signs in and gives a page of the editor.
 *
 * @param n8n without an account yet
 */
export async function openEditor(
	n8n: { readonly url: string },
	{ dark = false, width = 1440, height = 860 }: EditorOptions = {},
): Promise<Editor> {
	await ensureChromium();
	selectors.setTestIdAttribute('data-test-id');
	const context = await chromium.launchPersistentContext(await temporaryFolder('chromium'), {
		executablePath: findProgram('chromium'),
		headless: true,
		args: QUIET,
		viewport: { width, height },
		colorScheme: dark ? 'dark' : 'light',
	});
	onCleanup(async () => await context.close());

	const { email, password } = await createOwner(n8n);
	const signIn = await context.request.post(`${n8n.url}/rest/login`, {
		data: { emailOrLdapLoginId: email, password },
	});
	if (!signIn.ok()) throw new Error(`n8n refused to sign in: ${await signIn.text()}`);
	const page = context.pages()[0] ?? (await context.newPage());
	return new Editor(page, n8n.url, { email, password });
}
