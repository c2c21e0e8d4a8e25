import type { INode } from 'n8n-workflow';

import { prepareExample, readExample } from '../../../scripts/lib/example';
import type { Cluster } from './cluster';

/**
 * `deposits`: examples/exactly-once-postgres.json. `paused`: the same, with a pause between the statement and Commit. `separate`: that without
 * idem_finish, so that Commit completes the request in a commit of its own, and with "Run Again".
 */
export const PATHS = ['deposits', 'paused', 'separate'] as const;
export type Path = (typeof PATHS)[number];

const PAUSE: INode = {
	id: 'pause',
	name: 'Pause',
	type: 'n8n-nodes-base.wait',
	typeVersion: 1.1,
	position: [700, -64],
	webhookId: 'exactly-once-pause',
	parameters: { resume: 'timeInterval', amount: 15, unit: 'seconds' },
};

/** @returns the id of the workflow */
export async function publishDeposits(path: Path, cluster: Cluster): Promise<string> {
	const workflow = prepareExample(await readExample('exactly-once-postgres'), { id: path });
	for (const node of workflow.nodes) change(path, node, cluster);
	if (path !== 'deposits') {
		workflow.nodes.push({ ...PAUSE, webhookId: `${PAUSE.webhookId}-${path}` });
		workflow.connections.Pause = workflow.connections['Book Deposit'] ?? {};
		workflow.connections['Book Deposit'] = {
			main: [[{ node: 'Pause', type: 'main', index: 0 }]],
		};
	}
	return await cluster.main.publish({ ...workflow, name: path });
}

function change(path: Path, node: INode, { credentials }: Cluster): void {
	const { parameters } = node;
	const options = (parameters.options ?? {}) as Record<string, unknown>;
	for (const [type, credential] of Object.entries(credentials)) {
		if (node.credentials?.[type] === undefined) continue;
		node.credentials = { [type]: { id: credential.id, name: credential.name } };
	}
	if (node.type.endsWith('.webhook')) {
		parameters.path = path;
		node.webhookId = `exactly-once-${path}`;
	}
	if (node.type.endsWith('.idempotencyGuard')) {
		// A claim ends soon after its run was killed.
		options.claimTimeoutMinutes = path === 'deposits' ? 0.2 : 0.5;
		if (path !== 'separate') return;
		options.completeInSql = false;
		options.onUnknownOutcome = 'retry';
	}
	if (node.type.endsWith('.postgres') && path === 'separate') {
		parameters.query = String(parameters.query).replace(', idem_finish($1, to_jsonb(act))', '');
		options.queryReplacement = "={{ ['none', $json.body.orderId, $json.body.amount] }}";
	}
}
