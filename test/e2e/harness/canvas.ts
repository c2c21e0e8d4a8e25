import type { Locator, Page } from 'playwright-core';

/** n8n's editor, as far as these tests use it: by what its own tests hold on to, `data-test-id`. */
export class Canvas {
	constructor(
		readonly page: Page,
		private readonly url: string,
	) {
		// A busy machine draws slowly.
		page.setDefaultTimeout(30_000);
		page.setDefaultNavigationTimeout(90_000);
	}

	async open(workflowId: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${workflowId}`);
		await this.page.getByTestId('canvas-node').first().waitFor();
	}

	/** A past execution in the Executions tab: what each node did in it. */
	async openExecution(workflowId: string, executionId: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${workflowId}/executions/${executionId}`);
		await this.page.getByTestId('execution-preview-host').waitFor();
		await this.page.getByTestId('canvas-node').first().waitFor();
	}

	/** How many clicks the work took. */
	async countClicks(work: () => Promise<void>): Promise<number> {
		await this.page.evaluate(
			`window.clicks = 0; addEventListener('click', (event) => { if (event.isTrusted) window.clicks++; }, true)`,
		);
		await work();
		return await this.page.evaluate<number>('window.clicks');
	}

	/** Opens the node panel by the plus that a connection shows to who points at it. */
	async openNodePanelOnEdge(from: string, to: string): Promise<void> {
		await this.edge(from, to).hover({ force: true });
		await this.page.getByTestId('add-connection-button').first().click();
	}

	/** Makes the workflow run in production. */
	async publish(): Promise<void> {
		await this.page.getByTestId('workflow-open-publish-modal-button').click();
		await this.page.getByTestId('workflow-publish-button').click();
	}

	/** What a list of choices shows as chosen. */
	async shownValue(parameter: string): Promise<string> {
		return await this.parameter(parameter).locator('input').first().inputValue();
	}

	/** A new workflow that is started by hand. */
	async newWorkflow(): Promise<void> {
		await this.page.goto(`${this.url}/workflow/new`);
		await this.page.getByTestId('canvas-plus-button').click();
		await this.search('manual');
		await this.found('Manual Trigger').click();
		await this.node('When clicking ‘Execute workflow’').waitFor();
	}

	async openNodePanel(): Promise<void> {
		await this.page.getByTestId('node-creator-plus-button').click();
	}

	/** Types into the search of the node panel. */
	async search(words: string): Promise<void> {
		await this.page.getByTestId('node-creator-search-bar').fill(words);
	}

	/** A node that the search found. */
	found(name: string): Locator {
		const items = this.page.getByTestId('node-creator-item-name');
		return items.filter({ hasText: new RegExp(`^\\s*${name}\\s*$`) });
	}

	/** The nodes that the search found, best first. */
	async foundNames(): Promise<string[]> {
		const names = await this.page.getByTestId('node-creator-item-name').allInnerTexts();
		return names.map((name) => name.trim());
	}

	/** Adds a node behind the one that is selected; `action` where the panel asks which. Its settings open. */
	async add(name: string, action = 'Add to workflow'): Promise<void> {
		await this.search(name);
		await this.found(name).click();
		await this.page.getByText(action, { exact: true }).click();
		await this.page.getByTestId('ndv').waitFor();
	}

	/** Opens the node panel from an output of a node, which connects what is added. */
	async openNodePanelFrom(name: string, output: number): Promise<void> {
		const handle = `[data-test-id=canvas-node-output-handle][data-node-name="${name}"][data-index="${output}"]`;
		await this.page.locator(`${handle} [data-test-id=canvas-handle-plus]`).click();
	}

	node(name: string): Locator {
		return this.page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`);
	}

	edge(from: string, to: string): Locator {
		return this.page.locator(
			`[data-test-id=edge][data-source-node-name="${from}"][data-target-node-name="${to}"]`,
		);
	}

	async openNode(name: string): Promise<void> {
		await this.node(name).dblclick();
		await this.page.getByTestId('ndv').waitFor();
	}

	async closeNode(): Promise<void> {
		await this.page.getByTestId('ndv-close-button').click();
		await this.page.getByTestId('ndv').waitFor({ state: 'hidden' });
	}

	parameter(name: string): Locator {
		return this.page.getByTestId(`parameter-input-${name}`).filter({ visible: true });
	}

	async choose(parameter: string, option: string): Promise<void> {
		await this.parameter(parameter).locator('input').first().click();
		const options = this.page.getByRole('option').filter({ visible: true });
		await options.getByText(option, { exact: true }).first().click();
	}

	async fill(parameter: string, text: string): Promise<void> {
		await this.parameter(parameter).locator('input, textarea').first().fill(text);
	}

	async toggle(parameter: string): Promise<void> {
		await this.parameter(parameter).locator('.el-switch, [role=switch]').first().click();
	}

	/** The options that a node offers to add, by their titles. */
	async offeredOptions(): Promise<string[]> {
		const offered = await this.openOptions();
		const titles = await offered.allInnerTexts();
		await this.optionsBox().click();
		return titles.map((title) => title.trim());
	}

	async addOption(title: string): Promise<void> {
		const offered = await this.openOptions();
		await offered.getByText(title, { exact: true }).click();
	}

	/** The names of the parameters that a node, or a credential, shows. */
	async shownParameters(within = 'node-parameters'): Promise<string[]> {
		const shown = this.page
			.getByTestId(within)
			.locator('[data-test-id^="parameter-input-"]')
			.filter({ visible: true });
		const ids = await shown.evaluateAll((all) => all.map((each) => each.dataset.testId ?? ''));
		const names = ids.map((id) => id.replace('parameter-input-', ''));
		return [...new Set(names)].filter((name) => !['field', 'hint', 'item'].includes(name));
	}

	/** Executes the node whose settings are open. */
	async executeStep(): Promise<void> {
		await this.page.getByTestId('node-execute-button').click();
		await this.page.getByTestId('node-run-status-success').waitFor();
	}

	async executeWorkflow(): Promise<void> {
		const toast = this.page.getByText('Workflow executed successfully');
		await this.page.getByTestId('execute-workflow-button').click();
		await toast.first().waitFor();
	}

	/** The outputs of the node whose settings are open, with their items, e.g. "New Branch (1 item)". */
	async outputs(): Promise<string[]> {
		const tabs = this.page.getByTestId('output-panel').locator('[data-test-id^="tab-"]');
		await tabs.first().waitFor();
		return (await tabs.allInnerTexts()).map((text) => text.trim());
	}

	private optionsBox(): Locator {
		return this.page.getByTestId('collection-parameter-add').filter({ visible: true });
	}

	private async openOptions(): Promise<Locator> {
		await this.optionsBox().click();
		const offered = this.page.getByTestId('collection-parameter-option').filter({ visible: true });
		await offered.first().waitFor();
		return offered;
	}
}
