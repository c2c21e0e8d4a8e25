import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../lib/results/response-outcome';
import { httpAnswerOf } from '../shared/http-answer';
import { redactedItems } from '../shared/redacted-items';
import type { CommitSettings } from './settings';

/** What a caller is told where the service behind us failed without a status. */
const BAD_GATEWAY = 502;

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
	const statusCode = Math.max(200, ...items.map(statusOf));
	const { body, headers } = httpAnswerOf(redactedItems(items, settings), statusCode);
	await context.sendResponse({ body: body as IDataObject, headers, statusCode });
}

function statusOf({ json, error }: INodeExecutionData): number {
	const seen = responseOutcome(
		{ json, itemError: error, fromErrorOutput: false },
		DEFAULT_RESPONSE_RULES,
	);
	return seen.statusCode ?? (seen.outcome === 'completed' ? 200 : BAD_GATEWAY);
}
