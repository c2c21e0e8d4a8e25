import type { IExecuteFunctions } from 'n8n-workflow';

import type { OpenStore } from '../../lib/guard/opened-store';
import { executionOf } from './engine';
import { storeCredentialIdOf } from './store-credentials';
import { KEPT_MS, stores } from './stores';

/** The store that granted a claim, kept by token for a moment: Commit need not read the credential that the Guard has just read. */
export function rememberStore(
	context: IExecuteFunctions,
	opened: OpenStore,
	claims: ReadonlyArray<{ readonly token: string }>,
): void {
	const execution = executionOf(context);
	if (execution === null) return;
	const tokens = claims.map(({ token }) => token);
	const until = performance.now() + KEPT_MS;
	stores.rememberGrants(execution, tokens, {
		opened,
		credentialId: credentialIdOf(context),
		until,
	});
}

/** The one store in which all these claims were granted a moment ago, by this node's credential; else null. */
export function storeOfClaims(
	context: IExecuteFunctions,
	tokens: Iterable<string>,
): OpenStore | null {
	const execution = executionOf(context);
	if (execution === null) return null;
	const credentialId = credentialIdOf(context);
	let opened: OpenStore | null = null;
	for (const token of tokens) {
		const granted = stores.grantOf(execution, token);
		if (granted?.credentialId !== credentialId || granted.until < performance.now()) return null;
		if (opened !== null && opened !== granted.opened) return null;
		({ opened } = granted);
	}
	return opened;
}

function credentialIdOf(context: IExecuteFunctions): string | null {
	return storeCredentialIdOf(context.getNode());
}
