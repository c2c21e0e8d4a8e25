import type { IWebhookFunctions } from 'n8n-workflow';

import type { ItemParameters } from '../shared/parameters';

/**
 * Whether a page of this origin may call. n8n looks for the option "Allowed Origins" itself, but not in a node that listens to several
 * methods or to its default one: so it is asked here, where the answer also keeps the workflow from being started.
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
