import type { IExecuteFunctions } from 'n8n-workflow';

import type { OpenStore } from '../../lib/guard/opened-store';
import { executionOf } from './engine';
import { KEPT_MS } from './open-store';

/** The store that granted a claim, kept by token for a moment: Commit need not read the credential that the Guard has just read. */
interface Granted {
	readonly opened: OpenStore;
	readonly credentialId: string | null;
	readonly until: number;
}

const grantedIn = new WeakMap<object, Map<string, Granted>>();

export function rememberStore(
	context: IExecuteFunctions,
	opened: OpenStore,
	claims: ReadonlyArray<{ readonly token: string }>,
): void {
	const execution = executionOf(context);
	if (execution === null) return;
	const known = grantedIn.get(execution) ?? new Map<string, Granted>();
	grantedIn.set(execution, known);
	const until = performance.now() + KEPT_MS;
	const granted = { opened, credentialId: credentialIdOf(context), until };
	for (const { token } of claims) known.set(token, granted);
}

/** The one store in which all these claims were granted a moment ago, by this node's credential; else null. */
export function storeOfClaims(
	context: IExecuteFunctions,
	tokens: Iterable<string>,
): OpenStore | null {
	const execution = executionOf(context);
	const known = execution === null ? undefined : grantedIn.get(execution);
	const credentialId = credentialIdOf(context);
	let opened: OpenStore | null = null;
	for (const token of tokens) {
		const granted = known?.get(token);
		if (granted?.credentialId !== credentialId || granted.until < performance.now()) return null;
		if (opened !== null && opened !== granted.opened) return null;
		({ opened } = granted);
	}
	return opened;
}

function credentialIdOf(context: IExecuteFunctions): string | null {
	return context.getNode().credentials?.idempotencyRedisApi?.id ?? null;
}
