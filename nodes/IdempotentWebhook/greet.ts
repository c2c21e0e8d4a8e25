import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { answerHandshake } from '../../lib/senders/handshakes/answer-handshake';
import type { HandshakePhase } from '../../lib/senders/handshakes/answer-handshake';
import type { HandshakeRequest } from '../../lib/senders/handshakes/handshake';
import { detectSender } from '../../lib/senders/delivery-ids';
import type { ItemParameters } from '../shared/parameters';
import { problemAnswer, send } from './answers';
import { callerUrl, publicUrlOf } from './caller-url';
import { logAtDoor } from './door-log';
import { misconfigured } from './failures';
import { chosenSender } from '../shared/signature/check-signature';
import type { SignatureSecrets } from '../shared/signature/secrets';

/** What a handshake or a signature is read from, before the request is one of a workflow's. `rawBody` is what n8n has read so far. */
export function bareRequest(
	context: IWebhookFunctions,
	parameters: ItemParameters,
): HandshakeRequest {
	const request = context.getRequestObject() as unknown as {
		readonly method?: string;
		readonly body?: unknown;
		readonly rawBody?: Buffer;
		readonly contentType?: string;
	};
	const publicUrl = publicUrlOf(parameters);
	const isMultipart = request.contentType === 'multipart/form-data';
	return {
		method: (request.method ?? '').toUpperCase(),
		// Few senders sign it: it is made where it is asked for.
		get url() {
			return callerUrl(context, publicUrl);
		},
		headers: context.getHeaderData(),
		query: context.getQueryData() as Readonly<Record<string, unknown>>,
		rawBody: isMultipart ? null : (request.rawBody ?? Buffer.alloc(0)),
		body: request.body ?? {},
	};
}

/**
 * The answer to a handshake of the sender, which starts no run; null where the request is none. A sender that is only detected has to
 * prove itself first: what one sender means by a body is another's event.
 */
export function greet(
	context: IWebhookFunctions,
	parameters: ItemParameters,
	request: HandshakeRequest,
	terms: SignatureSecrets & { readonly phase: HandshakePhase; readonly isVerified: boolean },
): IWebhookResponseData | null {
	const chosen = chosenSender(parameters);
	const { headers, body } = request;
	const detected = () => (terms.isVerified ? detectSender({ json: { headers, body } }) : null);
	const sender = chosen === 'auto' ? detected() : chosen;
	if (sender === null) return null;
	const result = answerHandshake(sender, terms.phase, request, terms);
	switch (result?.kind) {
		case undefined:
			return null;
		case 'refused':
			logAtDoor(context, 'handshake refused', result.why);
			return send(context, problemAnswer('unauthorized', 403, 'The handshake was refused.'));
		case 'unanswerable':
			logAtDoor(context, 'handshake', result.why);
			return send(context, misconfigured(context, result.why));
		case 'answer':
			return send(context, {
				statusCode: result.statusCode,
				headers: {
					...(result.contentType === null
						? {}
						: { 'content-type': `${result.contentType}; charset=utf-8` }),
					...result.headers,
				},
				body: result.body,
			});
	}
}
