import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { INode, IRunExecutionData } from 'n8n-workflow';

import { readExample } from '../../scripts/lib/example';
import type { WorkflowJson } from '../support/engine/workflow';
import { eventually } from './harness/examples';
import { N8nHost } from './harness/n8n-host';
import { SET_UP } from './harness/set-up';

/** Who imports an example sees what it does by clicking "Execute workflow" twice: its data is pinned, and no service is asked. */
let n8n: N8nHost;
const requireAsN8n = createRequire(join(SET_UP.install.folder, 'package.json'));
const { parse } = requireAsN8n('flatted') as { parse(text: string): IRunExecutionData };

beforeAll(async () => {
	n8n = await (await (await N8nHost.create()).start()).signIn();
});

const OUTPUTS = ['New', 'Duplicate', 'Conflict'];

const EXAMPLES = [
	'first-steps',
	'webhook-charge',
	'downstream-key',
	'acknowledge-and-work-on',
	'wait-for-first',
	'retry-with-backoff',
	'shopify-order',
	'github-delivery',
	'hubspot-batch',
	'queue-consumer',
	'spreadsheet-rows',
	'agent-tool/charge-order',
] as const;

it.each(EXAMPLES)('%s: New, Duplicate and Conflict are seen in two clicks', async (name) => {
	const workflow = (await readExample(name)) as WorkflowJson;
	for (const type of workflow.nodes.flatMap(({ credentials = {} }) => Object.keys(credentials))) {
		const credential = await n8n.api.saveCredential(type, type, {});
		for (const node of workflow.nodes)
			if (node.credentials?.[type]) node.credentials[type] = credential;
	}
	const { id } = await n8n.api.saveWorkflow(workflow);
	const guard = workflow.nodes.find(({ type }) => type.endsWith('.idempotencyGuard'))?.name ?? '';
	const trigger = workflow.nodes.find(({ type }) => /trigger|webhook$/i.test(type))?.name ?? '';
	const seen = new Set<string>();
	for (let click = 1; click <= 2; click++) {
		const runs = await clicked(id, workflow.nodes, trigger);
		for (const run of runs[guard] ?? []) {
			const outputs = (run.data?.main ?? []).map((items) => items?.length ?? 0);
			for (const [at, items] of outputs.entries()) if (items > 0) seen.add(OUTPUTS[at] ?? '');
		}
	}
	expect([...seen].sort()).toEqual([...OUTPUTS].sort());
});

/** @returns what each node put out */
async function clicked(workflowId: string, nodes: readonly INode[], trigger: string) {
	const execution = await n8n.api.executeByHand(workflowId, trigger);
	const ended = async () =>
		!['new', 'running', 'waiting'].includes((await n8n.api.execution(execution)).status);
	await eventually('the test run ended', ended);
	const { status, data } = await n8n.api.execution(execution);
	const { resultData } = parse(data);
	// Some end a refused item by Stop and Error, so that its sender sends it again.
	const last = resultData.lastNodeExecuted;
	const stops = nodes.some(({ name, type }) => name === last && type.endsWith('.stopAndError'));
	if (!stops) expect([status, resultData.error?.message]).toEqual(['success', undefined]);
	return resultData.runData;
}
