import type { IExecuteFunctions } from 'n8n-workflow';

import { executionOf } from '../shared/engine';

/** What ends a claim of which a Commit has seen a part. */
export interface KeptPart {
	readonly identity: string;
}

/**
 * Claims of which a Commit has seen a part, and which it ends with the run: nobody else settles them. By execution, and in this process
 * alone; what is known of the parts themselves is in the run data.
 */
const kept = new WeakMap<object, Map<string, KeptPart>>();

/** @returns whether it is the first of its execution */
export function keepPart(context: IExecuteFunctions, part: KeptPart): boolean {
	const execution = executionOf(context);
	if (execution === null) return false;
	const known = kept.get(execution);
	const parts = known ?? new Map<string, KeptPart>();
	if (known === undefined) kept.set(execution, parts);
	parts.set(part.identity, part);
	return known === undefined;
}

export function dropPart(context: IExecuteFunctions, identity: string): void {
	partsOf(context)?.delete(identity);
}

export function isKeptByCommit(context: IExecuteFunctions, identity: string): boolean {
	return partsOf(context)?.has(identity) ?? false;
}

/** Takes all parts of this execution. */
export function takeParts(context: IExecuteFunctions): KeptPart[] {
	const parts = partsOf(context);
	const all = [...(parts?.values() ?? [])];
	parts?.clear();
	return all;
}

function partsOf(context: IExecuteFunctions): Map<string, KeptPart> | undefined {
	const execution = executionOf(context);
	return execution === null ? undefined : kept.get(execution);
}
