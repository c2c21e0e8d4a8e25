import type { IWebhookFunctions } from 'n8n-workflow';

import type { ItemParameters } from '../shared/parameters';

/**
 * Whether a page of this origin may call. n8n checks the option "Allowed Origins" itself, but not for a node that listens to several
 * methods, or to its default one. So we check it, and a page that may not call does not start the workflow either.
 */
export function isOriginAllowed(context: IWebhookFunctions, parameters: ItemParameters): boolean {
	const { origin } = context.getHeaderData();
	const allowed = String(parameters.get<unknown>('options.allowedOrigins', 0, '*'))
		.split(',')
		.map((each) => each.trim());
	if (origin === undefined || allowed.includes('*')) return true;
	const isAllowed = allowed.includes(origin);
	const response = context.getResponseObject() as {
		set(name: string, value: string): unknown;
		removeHeader(name: string): void;
	};
	if (isAllowed) response.set('access-control-allow-origin', origin);
	else response.removeHeader('access-control-allow-origin');
	return isAllowed;
}
