import type { IWebhookFunctions } from 'n8n-workflow';

import type { StoreKind } from '../../lib/core/store';
import type { OpenStore } from '../../lib/guard/opened-store';
import { openStore } from '../shared/open-store';
import { storeCredentialIdOf } from '../shared/store-credentials';
import { stores } from '../shared/stores';

/** The store of a node, its credential read again every few seconds. @throws as `openStore` */
export async function openAtDoor(context: IWebhookFunctions, kind: StoreKind): Promise<OpenStore> {
	const id = storeCredentialIdOf(context.getNode());
	if (kind === 'embedded' || id === null) return await openStore(context, kind);
	return await stores.openedBy(id, async () => await openStore(context, kind));
}
