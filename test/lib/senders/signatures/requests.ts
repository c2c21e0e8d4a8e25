import type { SenderValue } from '../../../../lib/senders/delivery-ids';
import { SeenTokens } from '../../../../lib/senders/signatures/seen-tokens';
import { schemesOf } from '../../../../lib/senders/signatures/sender-signatures';
import type { SignedRequest } from '../../../../lib/senders/signatures/signed-request';
import type { VerificationTerms } from '../../../../lib/senders/signatures/verify-signature';
import { verifySignature } from '../../../../lib/senders/signatures/verify-signature';
import type { Vector } from './vectors';

export const TOLERANCE_MS = 300_000;

export function requestOf(vector: Omit<Vector, 'madeBy' | 'name'>): SignedRequest {
	return {
		method: vector.method ?? 'POST',
		url: vector.url ?? null,
		headers: vector.headers,
		rawBody: Buffer.from(vector.body),
		body: parsed(vector.body),
	};
}

/** `ok`, or the cause. */
export function verdictOn(
	sender: SenderValue,
	request: SignedRequest,
	terms: Partial<VerificationTerms> & Pick<VerificationTerms, 'secrets' | 'nowMs'>,
): string {
	const verdict = verifySignature(request, {
		schemes: schemesOf(sender),
		toleranceMs: TOLERANCE_MS,
		seenTokens: new SeenTokens(),
		...terms,
	});
	return verdict.ok ? 'ok' : verdict.cause;
}

function parsed(body: string): unknown {
	try {
		return JSON.parse(body) as unknown;
	} catch {
		return body;
	}
}
