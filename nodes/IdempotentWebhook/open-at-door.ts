import type { IWebhookFunctions } from 'n8n-workflow';

import type { StoreKind } from '../../lib/core/store';
import type { OpenStore } from '../../lib/guard/opened-store';
import { KEPT_MS, openStore } from '../shared/open-store';

const kept = new Map<string, { readonly opened: Promise<OpenStore>; readonly until: number }>();

/** The store of a node, its credential read again every few seconds. @throws as `openStore` */
export async function openAtDoor(context: IWebhookFunctions, kind: StoreKind): Promise<OpenStore> {
	const credential = context.getNode().credentials?.idempotencyRedisApi;
	if (kind === 'embedded' || !credential?.id) return await openStore(context, kind);
	const known = kept.get(credential.id);
	if (known !== undefined && known.until > performance.now()) return await known.opened;
	const opened = openStore(context, kind);
	kept.set(credential.id, { opened, until: performance.now() + KEPT_MS });
	// The next request tries again: what is wrong may be mended by then.
	opened.catch(() => kept.delete(credential.id ?? ''));
	return await opened;
}
