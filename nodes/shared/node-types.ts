import type { IExecuteFunctions, INodeParameters, NodeTypeAndVersion } from 'n8n-workflow';

import { ownNodeOf } from './engine';

const OUR_TYPES = ['idempotencyGuard', 'idempotencyCommit', 'idempotentWebhook'] as const;

/** Whether a node has this type of ours, however n8n loaded the package (its type's prefix tells that). */
export function isNodeOfType(
	node: { readonly type: string },
	name: (typeof OUR_TYPES)[number],
): boolean {
	return node.type.endsWith(`.${name}`);
}

export function isOurs(node: { readonly type: string }): boolean {
	return OUR_TYPES.some((name) => isNodeOfType(node, name));
}

/** The Idempotency Commit nodes that this node leads to. */
export function commitsBehind(
	context: Pick<IExecuteFunctions, 'getNode' | 'getChildNodes'>,
): NodeTypeAndVersion[] {
	return context
		.getChildNodes(ownNodeOf(context).name, { includeNodeParameters: true })
		.filter((node) => isNodeOfType(node, 'idempotencyCommit') && !node.disabled);
}

/** An Idempotency Guard, or an Idempotent Webhook, that leads to this node. */
export interface GuardBefore {
	readonly name: string;
	/** A caller waits for the result that is saved. */
	readonly hasCallerWaiting: boolean;
	/** The field of its New items that holds the token. */
	readonly outputField: string;
	/** It only watches: what it would hold back goes on. */
	readonly observes: boolean;
}

/** The nodes that lead to this one and grant claims, nearest first. */
export function guardsBefore(context: IExecuteFunctions): GuardBefore[] {
	const { name } = context.getNode();
	return context
		.getParentNodes(name, { includeNodeParameters: true })
		.filter(
			(node) => isNodeOfType(node, 'idempotencyGuard') || isNodeOfType(node, 'idempotentWebhook'),
		)
		.map((guard) => ({ guard, distance: distanceTo(guard.name) }))
		.sort((a, b) => a.distance - b.distance)
		.map(({ guard }) => ({
			name: guard.name,
			outputField: outputFieldOf(guard.parameters),
			observes: guard.parameters?.mode === 'observe',
			hasCallerWaiting:
				isNodeOfType(guard, 'idempotentWebhook') &&
				(guard.parameters?.responseMode ?? 'responseNode') === 'responseNode',
		}));

	function distanceTo(guard: string): number {
		for (let depth = 1; depth <= 1000; depth++) {
			if (context.getParentNodes(name, { depth }).some((node) => node.name === guard)) return depth;
		}
		return Number.MAX_SAFE_INTEGER;
	}
}

/** "Put Details in Field" takes no expression: what a Guard's settings say is what it used. */
export function outputFieldOf(parameters: INodeParameters | undefined): string {
	const options = parameters?.options as { outputField?: unknown } | undefined;
	return String(options?.outputField ?? 'idempotency').trim();
}
