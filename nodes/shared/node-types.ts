import type { IExecuteFunctions, INodeParameters, NodeTypeAndVersion } from 'n8n-workflow';

/** Whether a node is one of ours, however n8n loaded the package (its type's prefix tells that). */
export function isNodeOfType(
	node: { readonly type: string },
	name: 'idempotencyGuard' | 'idempotencyCommit',
): boolean {
	return node.type.endsWith(`.${name}`);
}

/** The Idempotency Commit nodes that this node leads to. */
export function commitsBehind(
	context: Pick<IExecuteFunctions, 'getNode' | 'getChildNodes'>,
): NodeTypeAndVersion[] {
	return context
		.getChildNodes(context.getNode().name, { includeNodeParameters: true })
		.filter((node) => isNodeOfType(node, 'idempotencyCommit') && !node.disabled);
}

/** An Idempotency Guard that leads to this node. */
export interface GuardBefore {
	readonly name: string;
	/** The field of its New items that holds the token. */
	readonly outputField: string;
}

/** The Idempotency Guard nodes that lead to this node, nearest first. */
export function guardsBefore(context: IExecuteFunctions): GuardBefore[] {
	const { name } = context.getNode();
	return context
		.getParentNodes(name, { includeNodeParameters: true })
		.filter((node) => isNodeOfType(node, 'idempotencyGuard'))
		.map((guard) => ({ guard, distance: distanceTo(guard.name) }))
		.sort((a, b) => a.distance - b.distance)
		.map(({ guard }) => ({ name: guard.name, outputField: outputFieldOf(guard.parameters) }));

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
