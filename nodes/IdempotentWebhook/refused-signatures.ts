import type { Store } from '../../lib/core/store';
import { countUnclaimed } from '../../lib/guard/count-answers';

/** By node, until the store is asked for something else: a request that was not believed never reaches it. */
const refused = new Map<string, number>();

export function noteRefusedSignature(nodeId: string): void {
	refused.set(nodeId, (refused.get(nodeId) ?? 0) + 1);
}

/** Counts what was refused since the store was last asked. */
export function countRefusedSignatures(nodeId: string, store: Store, namespace: string): void {
	const by = refused.get(nodeId) ?? 0;
	if (by === 0) return;
	refused.delete(nodeId);
	countUnclaimed(store, { namespace, executionId: '' }, 'signature_refused', by);
}
