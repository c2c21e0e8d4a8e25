import { createHash } from 'node:crypto';

export type ScopeKind = 'node' | 'workflow' | 'custom';

/** Who shares keys. */
export interface Scope {
	readonly kind: ScopeKind;
	/** Part of the identity. */
	readonly parts: readonly string[];
	/** The same for lists and counters: `[A-Za-z0-9_-]{1,64}`. */
	readonly namespace: string;
	/** The same for people. */
	readonly label: string;
}

/** The scope of a Guard; test runs have one of their own. */
export function scopeOf(
	kind: ScopeKind,
	place: { workflowId: string; nodeId: string; namespace: string },
	isTestRun: boolean,
): Scope {
	const parts = {
		node: ['node', place.workflowId, place.nodeId],
		workflow: ['workflow', place.workflowId],
		custom: ['custom', place.namespace],
	}[kind];
	const label = kind === 'custom' ? `custom: ${place.namespace}` : kind;
	if (!isTestRun) return { kind, parts, namespace: namespaceOf(parts.slice(1)), label };
	return {
		kind,
		parts: ['test', ...parts],
		namespace: namespaceOf(['test', ...parts.slice(1)]),
		label: `test run, ${label}`,
	};
}

export function namespaceOf(parts: readonly string[]): string {
	const text = parts.join('_');
	if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
