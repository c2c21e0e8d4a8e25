import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { ComplaintError } from '../../lib/guard/complaint';
import type { RunView } from '../shared/engine';
import { runViewOf } from '../shared/engine';
import type { GuardSettings } from '../shared/guard-settings';
import { isNodeOfType } from '../shared/node-types';
import { WorkflowMap } from '../run-end/workflow-map';
import { OUTPUT } from './outputs';

/** @throws ComplaintError where the workflow around this node can't do what the node is for. */
export function checkWorkflow(context: IExecuteFunctions, settings: GuardSettings): void {
	const view = runViewOf(context);
	if (view === null) return;
	const node = context.getNode();
	requireOwnId(node, view, settings);
	if (context.getMode() !== 'integrated' || settings.awaitsCommit) return;
	const map = new WorkflowMap(view);
	const leadsToAct = map.targetsOf(node.name, OUTPUT.new).some((target) => map.leadsToAct(target));
	if (leadsToAct) return;
	throw new ComplaintError({
		message: 'Nothing behind "New" acts in this sub-workflow, so its end says nothing of the act',
		description:
			'What acts is in the workflow that called this one, and would count as done before it began. Put Idempotency Guard into that workflow, or the act into this one.',
	});
}

/** Two nodes with one ID share their keys: the second would find every request taken by the first. */
function requireOwnId(node: INode, view: RunView, { scope }: GuardSettings): void {
	if (!scope.parts.includes(node.id)) return;
	const twin = Object.values(view.nodes).find(
		(other) =>
			other.name !== node.name && other.id === node.id && isNodeOfType(other, 'idempotencyGuard'),
	);
	if (twin === undefined) return;
	throw new ComplaintError({
		message: `"${node.name}" and "${twin.name}" have the same node ID, so each would take the other's keys`,
		description:
			'The JSON of one was copied. Delete one of the two nodes and add it anew: it then gets an ID of its own.',
	});
}
