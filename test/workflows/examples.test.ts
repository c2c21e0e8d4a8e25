import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { IDataObject, INode } from 'n8n-workflow';
import { ActiveTrigger, parameter, standIn, startDownstream } from '../support/engine';
import type { Downstream, WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, eventually, newKey, routed } from './scenario';

/** The examples that settle what is stuck, as they are imported, but for addresses and times. test/e2e runs them in a real n8n. */

/** n8n's Switch as the examples use it: equal values, then what is left. */
const switchNode = standIn('switch', {
	outputs: '={{ Array.from({ length: $parameter.rules.values.length + 1 }, () => "main") }}',
	properties: [parameter('rules', {}), parameter('options', {})],
	async execute() {
		const rules = (index: number) =>
			(this.getNodeParameter('rules', index) as { values: IDataObject[] }).values.map(
				({ conditions }) => (conditions as { conditions: IDataObject[] }).conditions[0],
			);
		const outputs = [...rules(0).map(() => []), []] as Array<ReturnType<typeof this.getInputData>>;
		for (const [index, item] of this.getInputData().entries()) {
			const at = rules(index).findIndex((rule) => rule?.leftValue === rule?.rightValue);
			outputs.at(at)?.push({ ...item, pairedItem: index });
		}
		return outputs;
	},
});

const n8n = engine({
	nodes: {
		'n8n-nodes-base.errorTrigger': standIn('errorTrigger', { trigger: true }),
		'n8n-nodes-base.switch': switchNode,
	},
});

function example(name: string, change: (node: INode) => Partial<INode> = () => ({})): WorkflowJson {
	const file = join(__dirname, '../../examples', `${name}.json`);
	const json = JSON.parse(readFileSync(file, 'utf8')) as WorkflowJson;
	const nodes = json.nodes.filter(({ type }) => type !== 'n8n-nodes-base.stickyNote');
	return { ...json, id: name, nodes: nodes.map((node) => ({ ...node, ...change(node) })) };
}

let downstream: Downstream;
let provider: Server;
/** By key: what the provider says of it; 404 where there is nothing. */
const known = new Map<string, { status: number; body: unknown }>();
const asked: string[] = [];
beforeAll(async () => {
	downstream = await startDownstream();
	provider = createServer((request, response) => {
		const key = new URL(request.url ?? '', 'http://provider').searchParams.get('key') ?? '';
		asked.push(key);
		const { status, body } = known.get(key) ?? { status: 404, body: { error: 'not found' } };
		response.writeHead(status, { 'content-type': 'application/json' });
		response.end(JSON.stringify(body));
	});
	await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
	await downstream.close();
	provider.closeAllConnections();
	await new Promise((resolve) => provider.close(resolve));
});

async function unknown(): Promise<{ key: string; hash: string }> {
	const key = newKey();
	downstream.nextFor(key, { status: 500 });
	const first = await n8n.run(chargeWorkflow(downstream.url), { triggerItems: [delivery(key)] });
	return { key, hash: String(detailsOf(first, 'Guard').hash) };
}

const again = async (key: string) =>
	await n8n.run(chargeWorkflow(downstream.url), { triggerItems: [delivery(key)] });

test('error-workflow-release: the next delivery of a failed run is new', async () => {
	const key = newKey();
	const stopping = chargeWorkflow(downstream.url, { charge: { fullResponse: false } });
	downstream.nextFor(key, { status: 500 });
	const failed = await n8n.run(stopping, { triggerItems: [delivery(key)] });
	expect(failed.status).toBe('error');
	expect(detailsOf(await again(key), 'Conflict').reason).toBe('unknown_outcome');
	const { executionId, error } = failed;
	// As n8n's Error Trigger gives it.
	const json = {
		execution: { id: executionId, error: { message: error?.message }, mode: 'webhook' },
		workflow: { id: 'workflow-1', name: 'Workflow' },
	};
	const released = await n8n.run(example('error-workflow-release'), {
		mode: 'error',
		triggerItems: [{ json }],
	});
	expect(released.error?.message).toBeUndefined();
	expect(released.json('Release Claims')).toMatchObject([
		{ key, outcome: 'done', state: 'released', audit: { note: error?.message } },
	]);
	expect(routed(await again(key))).toEqual([1, 0, 0, 0]);
});

test('reconcile-unknown: charged is replayed, not charged is released, not clear is told again', async () => {
	const [charged, none, unclear] = [await unknown(), await unknown(), await unknown()];
	known.set(charged.hash, { status: 200, body: { id: 'ch_7', amount: 5 } });
	known.set(unclear.hash, { status: 503, body: {} });
	const { port } = provider.address() as AddressInfo;
	const json = example('reconcile-unknown', ({ type, parameters }) => {
		if (type.endsWith('.httpRequest')) {
			const url = `=http://127.0.0.1:${port}/charges?key={{ $json.hash }}`;
			return { parameters: { ...parameters, url, jsonHeaders: '{}' } };
		}
		if (!type.endsWith('.idempotencyTrigger')) return {};
		const options = { graceSeconds: 0, maxItems: 1, tellAgainMinutes: 0.02 };
		return { parameters: { ...parameters, checkEverySeconds: 1, options } };
	});
	const trigger = await ActiveTrigger.activate(n8n, json);
	try {
		await eventually(() => asked.filter((key) => key === unclear.hash).length >= 2);
		expect(asked.filter((key) => key !== unclear.hash).sort()).toEqual(
			[charged.hash, none.hash].sort(),
		);
		const errors = trigger.executions.flatMap(({ error }) => error?.message ?? []);
		expect([...new Set(errors)]).toEqual([
			`The provider answered 503 when it was asked for ${unclear.hash}`,
		]);
		expect(trigger.failures).toEqual([]);
	} finally {
		await trigger.close();
	}
	const replayed = await again(charged.key);
	expect(replayed.json('Duplicate')).toEqual([
		{ statusCode: 200, body: { id: 'ch_7', amount: 5 } },
	]);
	expect(routed(await again(none.key))).toEqual([1, 0, 0, 0]);
	expect(detailsOf(await again(unclear.key), 'Conflict').reason).toBe('unknown_outcome');
});

test('report: the page is what is answered', async () => {
	const result = await n8n.run(example('report'), { triggerItems: [{ json: {} }] });
	expect(result.error?.message).toBeUndefined();
	const [response] = result.responses as Array<{ body: unknown }>;
	expect(String(response?.body)).toMatch(/^<!DOCTYPE html>/);
});
