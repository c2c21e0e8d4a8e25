import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { onRunEnd } from '../shared/engine';
import { outputFieldOf } from '../shared/node-types';
import { httpAnswerOf, statusOfItem } from '../shared/http-answer';
import { redactedItems } from '../shared/redacted-items';
import type { ResponseMode } from './answers';
import { credentialHeaders } from './credential-headers';

/**
 * Answers "When Last Node Finishes" at the end of the run. n8n would send that node's item as it is, and such an item often still holds
 * the request: with what proves who the caller is, and with our claim token. And n8n would answer 200 whatever the service said. It is
 * answered as duplicates are: from what may be stored, and a response of a service with its own status.
 */
export function answerWithLastNode(context: IExecuteFunctions): void {
	const mode = context.getNodeParameter('responseMode', 0, 'responseNode') as ResponseMode;
	if (mode !== 'lastNode') return;
	onRunEnd(context, async ({ how, items }) => {
		if (how === 'failed') {
			await context.sendResponse({
				statusCode: 500,
				headers: {},
				body: { message: 'Error in workflow' },
			});
			return;
		}
		if (how === 'asleep') {
			const message = 'The request is being handled. Send it again to get its result.';
			await context.sendResponse({
				statusCode: 202,
				headers: {},
				body: { status: 'processing', message },
			});
			return;
		}
		const outputField = outputFieldOf(context.getNode().parameters);
		const redactFields = await credentialHeaders(context);
		const [first = { json: {} }] = items;
		const statusCode = Math.max(200, statusOfItem(first));
		const { headers, body } = httpAnswerOf(
			redactedItems([first], { redactFields, outputField }),
			statusCode,
		);
		await context.sendResponse({ statusCode, headers, body: body as IDataObject });
	});
}
