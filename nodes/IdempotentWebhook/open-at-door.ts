import type { IWebhookFunctions } from 'n8n-workflow';

import type { StoreKind } from '../../lib/core/store';
import type { OpenStore } from '../../lib/guard/opened-store';
import { openStore } from '../shared/open-store';
import { stores } from '../shared/stores';

/** The store of a node, its credential read again every few seconds. @throws as `openStore` */
export async function openAtDoor(context: IWebhookFunctions, kind: StoreKind): Promise<OpenStore> {
	const credential = context.getNode().credentials?.idempotencyRedisApi;
	if (kind === 'embedded' || !credential?.id) return await openStore(context, kind);
	return await stores.openedBy(credential.id, async () => await openStore(context, kind));
}
