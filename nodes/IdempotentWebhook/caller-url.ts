import type { IWebhookFunctions } from 'n8n-workflow';

import { attempt } from '../../lib/core/attempt';
import type { ItemParameters } from '../shared/parameters';

/** "Signature: Public URL", for who is behind another proxy; '' where it is not set. */
export function publicUrlOf(parameters: ItemParameters): string {
	return String(parameters.get<unknown>('options.publicUrl', 0, '')).trim();
}

/**
 * The address that the sender called, as some of them sign it: n8n's own public address (WEBHOOK_URL) with the path and query as they
 * came, unless another is set. Null where it can't be known.
 *
 * @param own as `publicUrlOf` gives it
 */
export function callerUrl(context: IWebhookFunctions, own: string): string | null {
	const { originalUrl = '' } = context.getRequestObject() as unknown as { originalUrl?: string };
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
