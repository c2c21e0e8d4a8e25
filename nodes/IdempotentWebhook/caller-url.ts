import type { IWebhookFunctions } from 'n8n-workflow';

import { attempt } from '../../lib/core/attempt';
import type { ItemParameters } from '../shared/parameters';

/**
 * The address that the sender called, as some of them sign it: n8n's own public address (WEBHOOK_URL) with the path and query as they
 * came. Who is behind another proxy says it in "Signature: Public URL". Null where it can't be known.
 */
export function callerUrl(context: IWebhookFunctions, parameters: ItemParameters): string | null {
	const { originalUrl = '' } = context.getRequestObject() as unknown as { originalUrl?: string };
	const own = String(parameters.get<unknown>('options.publicUrl', 0, '')).trim();
	const queryAt = originalUrl.indexOf('?');
	if (own !== '') {
		return own.includes('?') || queryAt === -1 ? own : own + originalUrl.slice(queryAt);
	}
	const known = attempt(() => new URL(context.getNodeWebhookUrl('default') ?? ''));
	if (!known.ok || !originalUrl.startsWith('/')) return null;
	const { origin, pathname } = known.value;
	return origin + pathBefore(pathname, originalUrl) + originalUrl;
}

/** A path before n8n's own, as of https://example.com/n8n/webhook/…: the proxy in front has taken it off. */
function pathBefore(pathname: string, originalUrl: string): string {
	const [, endpoint = ''] =
		/^(\/[^/?]+)/.exec(originalUrl.replace('/webhook-test/', '/webhook/')) ?? [];
	const at = endpoint === '' ? -1 : pathname.indexOf(`${endpoint}/`);
	return at > 0 ? pathname.slice(0, at) : '';
}
