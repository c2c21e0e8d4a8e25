import type { IWebhookDescription } from 'n8n-workflow';
import * as n8n from 'n8n-workflow';

type Parameters = Readonly<Record<string, unknown>>;

/** 202 where the caller is answered before anything ran. It stands in n8n's description as text: it uses nothing from outside. */
const responseCode = (parameters: Parameters) =>
	parameters.responseMode === 'onReceived' ? 202 : 200;

/** The chosen methods, and the one with which the sender asks before it sends: Meta's GET, Trello's HEAD. */
const methods = (parameters: Parameters) => {
	const chosen = [parameters.httpMethod ?? 'POST'].flat() as string[];
	const named =
		parameters.verifySignature === 'sender' && parameters.signatureSender !== undefined
			? parameters.signatureSender
			: 'same';
	const isDelivery = (parameters.keySource ?? 'delivery') === 'delivery';
	const sender = named !== 'same' ? named : isDelivery ? parameters.sender : '';
	const asked = sender === 'whatsApp' ? 'GET' : sender === 'trello' ? 'HEAD' : '';
	return asked === '' || chosen.includes(asked) ? chosen : [...chosen, asked];
};

/** n8n itself answers only at once: the last node's item, as it would send it, holds what no caller may get (see answerWithLastNode). */
const responseMode = (parameters: Parameters) =>
	parameters.responseMode === 'onReceived' ? 'onReceived' : 'responseNode';

/**
 * The fields that depend on parameters. Newer versions of n8n read them without an expression, which spares each request an isolate of the
 * expression engine. Older ones use the expressions.
 */
const fields =
	typeof n8n.webhookDescriptionFields === 'function'
		? n8n.webhookDescriptionFields({
				httpMethod: n8n.fromFunction(methods),
				path: n8n.fromParameter('path'),
				responseCode: n8n.fromFunction(responseCode),
				responseHeaders: n8n.fromParameter(['options', 'responseHeaders']),
				responseMode: n8n.fromFunction(responseMode),
			})
		: {
				httpMethod: `={{(${String(methods)})($parameter)}}`,
				path: '={{$parameter["path"]}}',
				responseCode: `={{(${String(responseCode)})($parameter)}}`,
				responseHeaders: '={{$parameter["options"]["responseHeaders"]}}',
				responseMode: `={{(${String(responseMode)})($parameter)}}`,
			};

export const WEBHOOK_DESCRIPTION: IWebhookDescription = {
	name: 'default',
	isFullPath: true,
	// Without it n8n answers "Immediately" with its own default, the text "firstEntryJson", and not with what we give it.
	responseData: '',
	...fields,
};
