import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import type { ClaimRecord } from '../../lib/core/record';
import { ComplaintError } from '../../lib/guard/complaint';
import type { ScopeKind } from '../../lib/guard/scope';
import { scopeOf } from '../../lib/guard/scope';
import { runViewOf } from '../shared/engine';
import { isNodeOfType } from '../shared/node-types';
import type { ItemParameters } from '../shared/parameters';

/** Whose requests the node sees and changes. */
export const reachProperty: INodeProperties = {
	displayName: 'Workflows',
	name: 'workflows',
	type: 'options',
	noDataExpression: true,
	default: 'own',
	description: 'Whose requests this node sees and changes',
	options: [
		{
			name: 'All Workflows',
			value: 'all',
			description: 'Of every workflow that uses the store: for reports, reviews, error workflows',
		},
		{
			name: 'This Workflow',
			value: 'own',
			description: 'Only requests that were last handled by the workflow that this node is in',
		},
	],
};

/** The id of the only workflow whose requests the node sees; null where it sees all. */
export function ownWorkflowOf(
	context: Pick<IExecuteFunctions, 'getWorkflow'>,
	parameters: ItemParameters,
): string | null {
	if (parameters.get<string>('workflows', 0, 'own') === 'all') return null;
	const { id = '' } = context.getWorkflow();
	if (id !== '') return id;
	throw new ComplaintError({
		message: 'This workflow is not saved yet, so that no request is its own',
		description: 'Save it, or set "Workflows" to "All Workflows".',
	});
}

export function isInReach(own: string | null, { workflowId }: Pick<ClaimRecord, 'workflowId'>) {
	return own === null || own === workflowId;
}

/** @throws ComplaintError for a request, or an execution, of another workflow where the node sees only its own */
export function requireReach(own: string | null, record: Pick<ClaimRecord, 'workflowId'>) {
	if (isInReach(own, record)) return;
	throw new ComplaintError({
		message: `This is a request of another workflow (${record.workflowId}), and this node sees only those of its own`,
		description: 'Set "Workflows" to "All Workflows" if it is meant. Nothing was done.',
	});
}

/** Which namespaces hold requests of a workflow: those that its Guards and doors have, now or before, and those with its records. */
export function ownNamespaces(
	context: IExecuteFunctions,
	workflowId: string,
	withRecords: Iterable<string>,
): (namespace: string) => boolean {
	const known = new Set(withRecords);
	for (const node of Object.values(runViewOf(context)?.nodes ?? {})) {
		if (!isNodeOfType(node, 'idempotencyGuard') && !isNodeOfType(node, 'idempotentWebhook'))
			continue;
		const options = (node.parameters.options ?? {}) as { scope?: ScopeKind; namespace?: unknown };
		const place = {
			workflowId,
			nodeId: node.id,
			namespace: String(options.namespace ?? '').trim(),
		};
		for (const isTestRun of [false, true]) {
			known.add(scopeOf(options.scope ?? 'node', place, isTestRun).namespace);
		}
	}
	const [real, test] = [workflowId, `test_${workflowId}`];
	return (namespace) =>
		known.has(namespace) ||
		[real, test].some((own) => namespace === own || namespace.startsWith(`${own}_`));
}
