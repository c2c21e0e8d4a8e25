import type { IExecuteFunctions, INode } from 'n8n-workflow';

type WebhookNode = Pick<INode, 'name' | 'parameters'>;

type ResponseMode = 'onReceived' | 'lastNode' | 'responseNode' | 'streaming';

/** The Webhooks that lead here. */
export function webhooksBefore(context: IExecuteFunctions): WebhookNode[] {
	const parents = context.getParentNodes(context.getNode().name, { includeNodeParameters: true });
	return parents.filter(({ type }) => type === 'n8n-nodes-base.webhook') as WebhookNode[];
}

/** How the Webhook answers; null where there is none. */
export function responseModeOf(
	webhook: Pick<INode, 'parameters'> | undefined,
): ResponseMode | null {
	if (webhook === undefined) return null;
	return (webhook.parameters?.responseMode as ResponseMode) ?? 'onReceived';
}
