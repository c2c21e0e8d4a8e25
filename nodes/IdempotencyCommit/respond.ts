import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { httpAnswerOf, statusOfItem } from '../shared/http-answer';
import { redactedItems } from '../shared/redacted-items';
import type { CommitSettings } from './commit-settings';

/**
 * Answers the webhook that waits for this execution, as Respond to Webhook does: with a full response's own status and body, else
 * with the item (or the list of items) as JSON. What is never stored is never sent either: an error item of n8n holds the
 * request with its credentials, and the claim token.
 */
export async function respondToWebhook(
	context: IExecuteFunctions,
	items: readonly INodeExecutionData[],
	settings: CommitSettings,
): Promise<void> {
	const statusCode = Math.max(200, ...items.map(statusOfItem));
	const { body, headers } = httpAnswerOf(redactedItems(items, settings), statusCode);
	await context.sendResponse({ body: body as IDataObject, headers, statusCode });
}
