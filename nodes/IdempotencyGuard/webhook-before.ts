import type { IExecuteFunctions, INode } from 'n8n-workflow';

type WebhookNode = Pick<INode, 'parameters'>;

type ResponseMode = 'onReceived' | 'lastNode' | 'responseNode';

/** The Webhook that leads here. */
export function webhookBefore(context: IExecuteFunctions): WebhookNode | undefined {
	return context
		.getParentNodes(context.getNode().name, { includeNodeParameters: true })
		.find(({ type }) => type === 'n8n-nodes-base.webhook') as WebhookNode | undefined;
}

/** How the Webhook answers; null where there is none. */
export function responseModeOf(webhook: WebhookNode | undefined): ResponseMode | null {
	if (webhook === undefined) return null;
	return (webhook.parameters?.responseMode as ResponseMode) ?? 'onReceived';
}
