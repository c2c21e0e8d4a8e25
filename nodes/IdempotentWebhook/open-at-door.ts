import type { IWebhookFunctions } from 'n8n-workflow';

import { attemptAsync } from '../../lib/core/attempt';
import { StoreError } from '../../lib/core/reply';
import type { OpenStore } from '../../lib/guard/opened-store';
import type { GuardSettings } from '../shared/guard-settings';
import { ownNodeOf } from '../shared/engine';
import { openStore } from '../shared/open-store';
import { storeCredentialIdOf } from '../shared/store-credentials';
import { stores } from '../shared/stores';
import { countRefusedSignatures } from './refused-signatures';

/** The store of a node, its credential read again every few seconds. @throws as `openStore` */
export async function openAtDoor(
	context: IWebhookFunctions,
	{ store: kind, scope }: Pick<GuardSettings, 'store' | 'scope'>,
): Promise<OpenStore> {
	const node = ownNodeOf(context);
	const id = storeCredentialIdOf(node);
	const open = async () => await openStore(context, kind);
	const opened = await (kind === 'embedded' || id === null ? open() : stores.openedBy(id, open));
	countRefusedSignatures(node.id, opened.store, scope.namespace);
	return opened;
}

/** The same, and what is wrong with the store. */
export async function tryToOpenAtDoor(
	context: IWebhookFunctions,
	settings: Pick<GuardSettings, 'store' | 'scope'>,
): Promise<OpenStore | StoreError> {
	const opened = await attemptAsync(async () => await openAtDoor(context, settings));
	if (opened.ok) return opened.value;
	if (opened.error instanceof StoreError) return opened.error;
	throw opened.error;
}
