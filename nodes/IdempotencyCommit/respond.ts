import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

/**
 * Answers the webhook that waits for this execution, as Respond to Webhook does: with a full response's own status and body, else
 * with the item (or the list of items) as JSON.
 */
export async function respondToWebhook(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
): Promise<void> {
	const first = items[0]?.json;
	const { statusCode } = first ?? {};
	if (
		items.length === 1 &&
		first !== undefined &&
		typeof statusCode === 'number' &&
		'body' in first
	) {
		context.sendResponse({ body: first.body as IDataObject, headers: {}, statusCode });
		return;
	}
	const body = items.length === 1 ? first : items.map(({ json }) => json);
	context.sendResponse({ body: body as IDataObject, headers: {}, statusCode: 200 });
}
