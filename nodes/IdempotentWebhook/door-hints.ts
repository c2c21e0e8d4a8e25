import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	NodeTypeAndVersion,
} from 'n8n-workflow';

import { senderOf } from '../../lib/senders/delivery-ids';
import { oldN8nHints, redirectHints, sleepHints, subWorkflowHints } from '../run-end/run-hints';
import type { GuardSettings } from '../shared/guard-settings';
import { fixedKeyHints, outlastedHint } from '../shared/key-hints';
import { commitsBehind } from '../shared/node-types';
import { nodesBehind } from '../shared/nodes-behind';
import { asksWhoCalls, senderIn, signingSenderOf } from '../shared/signature/unverified-sender';

/** The only output. */
const REQUESTS = 0;

/** Tells the user what would otherwise come as a surprise: the worst first, three at most. What is only good to know, in test runs alone. */
export function giveDoorHints(
	context: IExecuteFunctions,
	settings: Pick<GuardSettings, 'outputField' | 'awaitsCommit'>,
	items: readonly INodeExecutionData[],
): void {
	const isManual = context.getMode() === 'manual';
	const warnings = [
		...unprotectedHints(settings.outputField, items),
		...oldN8nHints(context, settings),
		...sleepHints(context, REQUESTS, settings),
		...(items.length > 1 ? subWorkflowHints(nodesBehind(context, REQUESTS)) : []),
		...fixedKeyHints(context.getNode()),
		...unansweredHints(context),
		...(isManual ? unverifiedHints(context, items) : []),
		...retentionHints(context.getNode(), items),
	];
	const notes = isManual ? redirectHints(nodesBehind(context, REQUESTS)) : [];
	const hints = [
		...warnings.map((message) => ({ message, type: 'warning' as const })),
		...notes.map((message) => ({ message, type: 'info' as const })),
	];
	for (const hint of hints.slice(0, 3)) {
		context.addExecutionHints({ ...hint, location: 'outputPane' });
	}
}

/** Told of delivery IDs alone: they are what a sender keeps when it sends again. An expression may give any time. */
function retentionHints(node: INode, items: readonly INodeExecutionData[]): string[] {
	const { keySource = 'delivery', retentionHours = 72 } = node.parameters;
	const sender = keySource === 'delivery' ? senderIn(node, items) : null;
	const retries = sender === null ? null : senderOf(sender).retriesForHours;
	if (retries === null || typeof retentionHours !== 'number' || retentionHours >= retries) {
		return [];
	}
	return [outlastedHint(retries, retentionHours)];
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

/** Told in production too: the execution shows what its caller got. */
function unansweredHints(context: IExecuteFunctions): string[] {
	const { name, parameters } = context.getNode();
	const behind = context.getChildNodes(name);
	if (behind.some(isRespondNode)) {
		return [
			'Respond to Webhook cannot answer for this trigger: n8n stops the run there. Remove it: Idempotency Commit answers with the result that it saves.',
		];
	}
	const answersByCommit = (parameters.responseMode ?? 'responseNode') === 'responseNode';
	if (!answersByCommit || commitsBehind(context).length > 0) return [];
	return [
		'There is no Idempotency Commit behind this node, which would answer: the caller gets an empty 200. Add one, or set "Respond" to "When Last Node Finishes".',
	];
}

const isRespondNode = ({ type, disabled }: NodeTypeAndVersion) =>
	type === 'n8n-nodes-base.respondToWebhook' && !disabled;

function unverifiedHints(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): string[] {
	const node = context.getNode();
	const isUnchecked = (node.parameters.verifySignature ?? 'none') === 'none';
	const sender =
		isUnchecked && !asksWhoCalls(node.parameters) ? signingSenderOf(node, items) : null;
	if (sender === null) return [];
	return [
		`${sender} signs what it sends, and nothing verifies that: anyone who knows the address can get the answer to a delivery whose ID they know. Set "Verify Signature" to "By Sender".`,
	];
}
