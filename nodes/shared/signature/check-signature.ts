import type { IExecuteFunctions } from 'n8n-workflow';

import { ComplaintError } from '../../../lib/guard/complaint';
import {
	deliveryIdOf,
	detectSender,
	senderOf,
	type SenderValue,
} from '../../../lib/senders/delivery-ids';
import { isReadAsSent } from '../../../lib/senders/signatures/body-type';
import type { GenericTerms } from '../../../lib/senders/signatures/generic-hmac';
import { genericScheme } from '../../../lib/senders/signatures/generic-hmac';
import type { SignatureCause, SignatureScheme } from '../../../lib/senders/signatures/scheme';
import { SeenTokens } from '../../../lib/senders/signatures/seen-tokens';
import { SENDER_SIGNATURES } from '../../../lib/senders/signatures/sender-signatures';
import type { SignedRequest } from '../../../lib/senders/signatures/signed-request';
import { CAUSE_WORDS, verifySignature } from '../../../lib/senders/signatures/verify-signature';
import { whoseBody } from '../../../lib/senders/signatures/whose-body';
import type { ItemParameters } from '../parameters';
import type { SignatureSecrets } from './secrets';

/** Whose request it is, and whether that was proved. */
export type Signature =
	| { readonly kind: 'unchecked' | 'verified' }
	/** `why` is for the log; every cause is one answer to the caller. */
	| {
			readonly kind: 'refused';
			readonly cause: SignatureCause | 'not_recognized';
			readonly why: string;
	  };

type Verify = 'none' | 'sender' | 'hmac';

const seenTokens = new SeenTokens();

/**
 * The sender that the panel names; `auto` where it is to be detected. It may be named for its signature alone, where keys are not its
 * delivery IDs.
 */
export function chosenSender(parameters: ItemParameters): 'auto' | SenderValue {
	if (parameters.get<Verify>('verifySignature', 0, 'none') === 'sender') {
		const own = parameters.get<'same' | SenderValue>('signatureSender', 0, 'same');
		if (own !== 'same') return own;
	}
	return parameters.get('keySource', 0, 'delivery') === 'delivery'
		? parameters.get<'auto' | SenderValue>('sender', 0, 'auto')
		: 'auto';
}

/** @throws ComplaintError for settings that can't work */
export function checkSignature(
	context: Pick<IExecuteFunctions, 'getNode'>,
	parameters: ItemParameters,
	request: SignedRequest,
	{ secrets }: SignatureSecrets,
): Signature {
	const verify = parameters.get<Verify>('verifySignature', 0, 'none');
	if (verify === 'none') return { kind: 'unchecked' };
	const schemes =
		verify === 'hmac' ? [genericOf(parameters)] : schemesFor(context, parameters, request);
	if (schemes === null) {
		const why =
			'was not checked: no sender was recognized, or the headers name another than the body';
		return { kind: 'refused', cause: 'not_recognized', why };
	}
	const isDetected = verify !== 'hmac' && chosenSender(parameters) === 'auto';
	if (isDetected && schemes.some(({ keyIsPublic }) => keyIsPublic)) {
		const why = 'was not checked: others know the key of this sender, so choose it by name';
		return { kind: 'refused', cause: 'ambiguous', why };
	}
	const verdict = verifySignature(request, {
		schemes,
		secrets,
		toleranceMs: toleranceOf(parameters),
		nowMs: Date.now(),
		seenTokens,
		isDetected,
	});
	if (verdict.ok && !isReadAsSent(request, verify === 'sender')) {
		return { kind: 'refused', cause: 'other_type', why: CAUSE_WORDS.other_type };
	}
	if (
		verdict.ok &&
		(verify === 'hmac' ? isHeaderAgainstBody : isKeyedByAnother)(parameters, request)
	) {
		const why = 'fits, but the headers name another sender, whose delivery ID would be the key';
		return { kind: 'refused', cause: 'not_recognized', why };
	}
	if (verdict.ok) return { kind: 'verified' };
	if (verdict.cause === 'unusable_secret') throw new ComplaintError(unusable(schemes));
	return { kind: 'refused', cause: verdict.cause, why: CAUSE_WORDS[verdict.cause] };
}

/** Null: no sender was recognized, or headers and body say different ones. @throws ComplaintError for a sender whose requests can't be checked */
function schemesFor(
	context: Pick<IExecuteFunctions, 'getNode'>,
	parameters: ItemParameters,
	request: SignedRequest,
): readonly SignatureScheme[] | null {
	const chosen = chosenSender(parameters);
	const json = { headers: request.headers, query: {}, body: request.body };
	const sender = chosen === 'auto' ? detectSender({ json }) : chosen;
	if (sender === null) return null;
	if (chosen === 'auto' && (whoseBody(request.body) ?? sender) !== sender) return null;
	const signature = SENDER_SIGNATURES[sender];
	if ('schemes' in signature) return signature.schemes;
	// What a caller makes itself look like is no setting of this webhook.
	if (chosen === 'auto') return null;
	throw new ComplaintError({
		message: `The signature of ${senderOf(sender).name} can't be checked by "${context.getNode().name}"`,
		description: `${signature.unchecked}. Set "Verify Signature" to "None".`,
	});
}

/**
 * Where keys are the IDs of a sender that is detected, a header that nobody signed may name one. Not beside the ID of who signs: it would be
 * another request then.
 */
function isKeyedByAnother(parameters: ItemParameters, request: SignedRequest): boolean {
	const signer = chosenSender(parameters);
	const isDetected =
		parameters.get('keySource', 0, 'delivery') === 'delivery' &&
		parameters.get('sender', 0, 'auto') === 'auto';
	if (signer === 'auto' || !isDetected) return false;
	const json = { headers: request.headers, query: {}, body: request.body };
	// Polar is detected as what it is a case of.
	const asDetected = signer === 'polar' ? 'standardWebhooks' : signer;
	if (detectSender({ json }) === asDetected) return false;
	const own = deliveryIdOf({ json }, signer);
	return own.found || own.problem !== 'missing';
}

/** The same where nobody is named: of a body that says whose it is, no header may say another. */
function isHeaderAgainstBody(parameters: ItemParameters, request: SignedRequest): boolean {
	const isDetected =
		parameters.get('keySource', 0, 'delivery') === 'delivery' &&
		parameters.get('sender', 0, 'auto') === 'auto';
	const whose = isDetected ? whoseBody(request.body) : null;
	const json = { headers: request.headers, query: {}, body: request.body };
	return whose !== null && (detectSender({ json }) ?? whose) !== whose;
}

function unusable(schemes: readonly SignatureScheme[]) {
	const secrets = schemes.map(({ secretIs }) => secretIs).join('; or ');
	return {
		message:
			"The signature can't be checked: the credential has no secret of the form that this sender gives",
		description: `Enter it into the credential Idempotent Webhook Signature API: ${secrets}.`,
	};
}

function toleranceOf(parameters: ItemParameters): number {
	const seconds = Number(parameters.get<unknown>('options.signatureTolerance', 0, 300));
	if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
	throw new ComplaintError({
		message: '"Signature: Tolerance (Seconds)" must be more than 0 and at most 86400',
		description: 'It says how far the time of a signature may be from the time of this n8n.',
	});
}

function genericOf(parameters: ItemParameters): SignatureScheme {
	const text = (name: string, fallback = '') =>
		String(parameters.get<unknown>(name, 0, fallback)).trim();
	const scheme = genericScheme({
		header: text('signatureHeader'),
		signed: text('signedContent', '{body}'),
		algorithm: text('hmacOptions.algorithm', 'sha256') as GenericTerms['algorithm'],
		encoding: text('hmacOptions.encoding', 'hex') as GenericTerms['encoding'],
		prefix: text('hmacOptions.prefix'),
		separator: String(parameters.get<unknown>('hmacOptions.separator', 0, '')),
		timestampHeader: text('hmacOptions.timestampHeader'),
		timestampPrefix: text('hmacOptions.timestampPrefix'),
		timestampForm: text('hmacOptions.timestampForm', 's') as GenericTerms['timestampForm'],
		idHeader: text('hmacOptions.idHeader'),
		secretForm: text('hmacOptions.secretForm', 'text') as GenericTerms['secretForm'],
	});
	if (typeof scheme !== 'string') return scheme;
	throw new ComplaintError({
		message: `"Verify Signature" is not set up: ${scheme}`,
		description: 'Correct the parameters of the signature in this node.',
	});
}
