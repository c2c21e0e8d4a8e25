import type { IExecuteFunctions, INode } from 'n8n-workflow';

import { runViewOf } from './engine';
import { isNodeOfType } from './node-types';

/** The nodes that an output of this node leads to, each once, up to the next Guard. None where this n8n does not show them. */
export function nodesBehind(context: IExecuteFunctions, output: number): INode[] {
	const view = runViewOf(context);
	if (view === null) return [];
	const found = new Set<INode>();
	const queue = view.targetsOf(context.getNode().name, output);
	for (const name of queue) {
		const node = view.nodes[name];
		if (node === undefined || found.has(node) || isNodeOfType(node, 'idempotencyGuard')) continue;
		found.add(node);
		queue.push(...view.allTargetsOf(name));
	}
	return [...found];
}
