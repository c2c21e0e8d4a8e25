import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

/**
 * Lets expressions at the door see what the run will see: n8n shows them the bare request, without what was found out about it, and of
 * a batch the whole instead of one event. The context keeps what `$json` is in a field that its type does not show.
 */
export function showToExpressions(context: IWebhookFunctions, json: IDataObject): void {
	const { connectionInputData } = context as unknown as {
		connectionInputData?: Array<{ json: IDataObject }>;
	};
	const [item] = connectionInputData ?? [];
	if (item !== undefined) item.json = json;
}
