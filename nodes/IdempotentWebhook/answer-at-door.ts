import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import type { ItemParameters } from '../shared/parameters';
import { requestParametersOf } from '../shared/parameters';
import { problemAnswer, send } from './answers';
import { authenticate } from './authenticate';
import { isAddressAllowed, isIgnoredBot } from './callers';
import { Door } from './door';
import { logAtDoor } from './door-log';
import { showToExpressions } from './expressions';
import { answerToFailure } from './failures';
import { bareRequest, greet } from './greet';
import { isOriginAllowed } from './origin';
import { noteRefusedSignature } from './refused-signatures';
import { readRequest } from './request';
import { checkSignature } from '../shared/signature/check-signature';
import { signatureSecretsOf } from '../shared/signature/secrets';

/**
 * Answers a request, or starts an execution for it. Nothing before the claim asks the store, and nothing after the signature sees a
 * request that failed it. Nothing is ever thrown: n8n would start an execution for a request that was not checked.
 */
export async function answerAtDoor(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const parameters = requestParametersOf(context);
		return refuseCaller(context, parameters) ?? (await letIn(context, parameters));
	} catch (error) {
		return send(context, answerToFailure(context, error));
	}
}

/** Null: the caller may ask. */
function refuseCaller(
	context: IWebhookFunctions,
	parameters: ItemParameters,
): IWebhookResponseData | null {
	if (!isAddressAllowed(context, parameters)) {
		const detail = 'This address may not call this webhook.';
		return send(context, problemAnswer('address_not_allowed', 403, detail));
	}
	if (isIgnoredBot(context, parameters)) {
		return send(context, problemAnswer('address_not_allowed', 403, 'Bots are not served.'));
	}
	if (!isOriginAllowed(context, parameters)) {
		const detail = 'Pages of this origin may not call this webhook.';
		return send(context, problemAnswer('origin_not_allowed', 403, detail));
	}
	return null;
}

async function letIn(
	context: IWebhookFunctions,
	parameters: ItemParameters,
): Promise<IWebhookResponseData> {
	const secrets = await signatureSecretsOf(context);
	const unsigned = greet(context, parameters, bareRequest(context, parameters), {
		...secrets,
		phase: 'unsigned',
		isVerified: false,
	});
	if (unsigned !== null) return unsigned;
	if (!isMethodOf(context, parameters)) {
		const detail = 'This webhook does not take requests of this method.';
		return send(context, problemAnswer('method_not_allowed', 405, detail));
	}

	const who = await authenticate(context, parameters);
	if (!who.ok) {
		const { statusCode, message, challenge } = who;
		if (statusCode === 500) throw new Error(message);
		const headers = challenge === undefined ? undefined : { 'www-authenticate': challenge };
		return send(context, problemAnswer('unauthorized', statusCode, message, headers));
	}

	const request = await readRequest(context, parameters);
	// Read again: of a type that n8n does not parse, the body has only been read now.
	const bare = bareRequest(context, parameters);
	const signature = checkSignature(context, parameters, bare, secrets);
	if (signature.kind === 'refused') {
		noteRefusedSignature(context.getNode().id);
		logAtDoor(
			context,
			`signature ${signature.cause}`,
			`The signature of a request ${signature.why}`,
		);
		const told = context.getMode() === 'manual' ? `The signature ${signature.why}.` : SIGNATURE;
		return send(context, problemAnswer('unauthorized', 401, told));
	}
	const isVerified = signature.kind === 'verified';
	const signed = greet(context, parameters, bare, { ...secrets, phase: 'signed', isVerified });
	if (signed !== null) return signed;

	const known: IDataObject = {
		...request.json,
		...(who.jwtPayload === undefined ? {} : { jwtPayload: who.jwtPayload }),
	};
	showToExpressions(context, known);
	const isKnown = isVerified || parameters.get('authentication', 0, 'none') !== 'none';
	const held = { ...request, json: known };
	const holders = [request, request.json, bare, context.getRequestObject()];
	return await new Door(context, parameters, isKnown).answer(held, [...holders, held]);
}

/** One answer for every cause. */
const SIGNATURE = 'The request could not be authenticated.';

/** Some methods are registered for a sender's handshake alone. */
function isMethodOf(context: IWebhookFunctions, parameters: ItemParameters): boolean {
	const { method = '' } = context.getRequestObject() as unknown as { method?: string };
	const chosen = [parameters.get<unknown>('httpMethod', 0, ['POST'])].flat();
	return chosen.includes(method);
}
