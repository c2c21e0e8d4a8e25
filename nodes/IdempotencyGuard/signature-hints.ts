import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { asksWhoCalls, signingSenderOf } from '../shared/signature/unverified-sender';
import type { GuardRun } from './guard-run';

/** The cause stands here alone: what goes to the sender says nothing of it. */
export function refusedSignatureHints(refused: GuardRun['refusedSignatures']): string[] {
	const [first] = refused;
	if (first === undefined) return [];
	const more = refused.length === 1 ? '' : ` (and ${refused.length - 1} items more)`;
	return [`Item ${first.index} went to Conflict${more}: its signature ${first.why}.`];
}

/** Nodes before a Guard in which a workflow may check a signature by itself. */
const MAY_VERIFY = /\.(code|crypto|function|functionItem|jwt|idempotencyGuard|idempotentWebhook)$/;

/** A sender signs what it sends, n8n's own Webhook takes it from anybody, and nothing verifies it. */
export function unverifiedHints(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): string[] {
	const node = context.getNode();
	const { verifySignature = 'none' } = (node.parameters.options ?? {}) as IDataObject;
	if (verifySignature !== 'none') return [];
	const before = context
		.getParentNodes(node.name, { includeNodeParameters: true })
		.filter(({ disabled }) => !disabled);
	const webhooks = before.filter(({ type }) => type === 'n8n-nodes-base.webhook');
	const isOpen = webhooks.some(({ parameters }) => !asksWhoCalls(parameters ?? {}));
	if (!isOpen || before.some(({ type }) => MAY_VERIFY.test(type))) return [];
	const sender = signingSenderOf(node, items);
	if (sender === null) return [];
	return [
		`${sender} signs what it sends, and nothing verifies that: anyone who knows the address can send a delivery first, and the real one is a Duplicate. Add the option "Raw Body" to the Webhook node, and "Signature: Verify" to this one.`,
	];
}
