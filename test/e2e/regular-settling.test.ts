import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { onCleanup, temporaryFolder } from '../../scripts/lib/cleanup.mjs';
import { findProgram } from '../../scripts/lib/debian.mjs';
import { ensureChromium } from '../../scripts/lib/programs.mjs';
import { prepareExample, readExample } from '../../scripts/lib/example';
import { waitUntil } from '../../scripts/lib/processes.mjs';
import type { WorkflowJson } from '../support/engine/workflow';
import { N8nHost } from './harness/n8n-host';

/** What a killed run left settles by itself, by the examples: examples-unfinished.test.ts has what other runs leave. */

/** Charges, remembers by the key that was passed on, and may be told to lose its answer. */
class Provider {
	readonly charges = new Map<string, { id: string; times: number }>();

	/** Keys that it was asked for. */
	readonly asked: string[] = [];

	/** What becomes of the next charge: it is made in any case. */
	next: 'answer' | 'never answer' = 'answer';

	private readonly server: Server = createServer((request, response) => {
		const answer = (status: number, body: unknown) => {
			response.writeHead(status, { 'content-type': 'application/json' });
			response.end(JSON.stringify(body));
		};
		if (request.method === 'GET') {
			const key = new URL(request.url ?? '', 'http://provider').searchParams.get('key') ?? '';
			this.asked.push(key);
			const charge = this.charges.get(key);
			answer(charge === undefined ? 404 : 200, charge ?? { error: 'not found' });
			return;
		}
		const key = String(request.headers['idempotency-key']);
		const times = (this.charges.get(key)?.times ?? 0) + 1;
		this.charges.set(key, { id: `ch_${key.slice(0, 8)}`, times });
		const { next } = this;
		this.next = 'answer';
		if (next === 'answer') answer(201, this.charges.get(key));
	});

	async start(): Promise<void> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		onCleanup(() => {
			this.server.closeAllConnections();
			this.server.close();
		});
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/charges`;
	}

	/** How often each key was charged. */
	get times(): number[] {
		return [...this.charges.values()].map(({ times }) => times);
	}
}

const provider = new Provider();
let n8n: N8nHost;

async function example(name: string, urls: Record<string, string> = {}): Promise<WorkflowJson> {
	return prepareExample(await readExample(name), { id: name, urls }) as WorkflowJson;
}

/** examples/webhook-charge.json at a path of its own. */
async function charging(path: string) {
	const json = await example('webhook-charge', { 'Charge Card': provider.url });
	for (const node of json.nodes) {
		if (node.type !== 'n8n-nodes-base.webhook') continue;
		node.webhookId = path;
		node.parameters.path = path;
	}
	return await n8n.publish({ ...json, name: path });
}

const deliver = async (path: string, key: string) => {
	const response = await fetch(n8n.webhook(path), {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'idempotency-key': key },
		body: JSON.stringify({ orderId: key, amount: 5 }),
	});
	return { status: response.status, body: await response.text() };
};

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
	const asked = async () => await holds();
	await waitUntil(asked, { what, timeoutMs: 150_000, intervalMs: 500 });
}

beforeAll(async () => {
	await provider.start();
	n8n = await (await (await N8nHost.create()).start()).signIn();
});

it('a run killed between the call and Commit is found, resolved, and its next delivery replayed', async () => {
	await charging('killed');
	const reconcile = await example('reconcile-unknown', { 'Ask the Provider': provider.url });
	for (const node of reconcile.nodes) {
		if (node.type.endsWith('.idempotencyTrigger')) {
			node.parameters = { ...node.parameters, checkEverySeconds: 5, options: { graceSeconds: 0 } };
		}
	}
	const reconciling = await n8n.publish(reconcile);

	provider.next = 'never answer';
	const lost = deliver('killed', 'order-1').catch(() => 'cut');
	await until('the charge was made', () => provider.charges.size === 1);
	await n8n.kill();
	expect(await lost).toBe('cut');
	await n8n.start();
	expect((await deliver('killed', 'order-1')).status).toBe(409);

	await until('the provider was asked', () => provider.asked.length > 0);
	const ended = async () =>
		(await n8n.api.executions(reconciling)).filter(({ status }) => status === 'success');
	await until('the workflow ended', async () => (await ended()).length > 0);
	const [charge] = [...provider.charges.values()];
	const replayed = await deliver('killed', 'order-1');
	expect([replayed.status, JSON.parse(replayed.body)]).toEqual([200, charge]);
	expect(provider.times).toEqual([1]);

	// Told once, also after a restart.
	await n8n.stop();
	await n8n.start();
	await sleep(12_000);
	expect(provider.asked).toHaveLength(1);
	expect(await ended()).toHaveLength(1);
});

it('the report is served by a webhook, and opens in a browser', async () => {
	await n8n.api.publish(await example('report'));
	const url = n8n.webhook('idempotency-report');
	await until('the report is served', async () => (await fetch(url)).status === 200);
	await ensureChromium();
	const context = await chromium.launchPersistentContext(await temporaryFolder('chromium'), {
		executablePath: findProgram('chromium'),
		args: ['--no-sandbox', '--disable-gpu'],
	});
	onCleanup(() => context.close());
	const page = await context.newPage();
	const complaints: string[] = [];
	page.on('console', (message) => complaints.push(message.text()));
	page.on('pageerror', (error) => complaints.push(error.message));
	await page.goto(url);
	expect(await page.locator('h1').innerText()).toBe('Idempotency report');
	expect(await page.locator('svg rect.new').count()).toBeGreaterThan(0);
	expect(await page.locator('.figure').first().innerText()).toMatch(/^1\s+new requests$/);
	expect(complaints).toEqual([]);
});
