import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { GuardSettings } from '../shared/guard-settings';
import { commitsBehind } from '../shared/node-types';
import { asksWhoCalls, signingSenderOf } from '../shared/signature/unverified-sender';

/** Tells the user what would otherwise come as a surprise: the worst first, three at most. What concerns the workflow, in test runs alone. */
export function giveDoorHints(
	context: IExecuteFunctions,
	{ outputField }: Pick<GuardSettings, 'outputField'>,
	items: readonly INodeExecutionData[],
): void {
	const hints = [...unprotectedHints(outputField, items)];
	if (context.getMode() === 'manual') hints.push(...workflowHints(context, items));
	for (const message of hints.slice(0, 3)) {
		context.addExecutionHints({ message, location: 'outputPane', type: 'warning' });
	}
}

function unprotectedHints(outputField: string, items: readonly INodeExecutionData[]): string[] {
	for (const { json } of items) {
		const details = json[outputField] as IDataObject | undefined;
		if (details?.outcome === 'unprotected') {
			return [`The request went on unprotected: ${String(details.message)}`];
		}
	}
	return [];
}

function workflowHints(context: IExecuteFunctions, items: readonly INodeExecutionData[]): string[] {
	const { name, parameters } = context.getNode();
	const hints: string[] = [];
	const behind = context.getChildNodes(name);
	if (behind.some(({ type }) => type === 'n8n-nodes-base.respondToWebhook')) {
		hints.push(
			'Respond to Webhook cannot answer for this trigger: n8n stops the run there. Remove it: Idempotency Commit answers with the result that it saves.',
		);
	}
	const answersByCommit = (parameters.responseMode ?? 'responseNode') === 'responseNode';
	if (answersByCommit && commitsBehind(context).length === 0) {
		hints.push(
			'There is no Idempotency Commit behind this node, which would answer: the caller gets an empty 200. Add one, or set "Respond" to "When Last Node Finishes".',
		);
	}
	const isUnchecked = (parameters.verifySignature ?? 'none') === 'none';
	const sender =
		isUnchecked && !asksWhoCalls(parameters) ? signingSenderOf(context.getNode(), items) : null;
	if (sender !== null) {
		hints.push(
			`${sender} signs what it sends, and nothing verifies that: anyone who knows the address can get the answer to a delivery whose ID they know. Set "Verify Signature" to "By Sender".`,
		);
	}
	return hints;
}
