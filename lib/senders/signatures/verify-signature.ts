import type { Proof, SignatureCause, SignatureScheme, Verifier } from './scheme';
import type { SeenTokens } from './seen-tokens';
import type { SignedRequest } from './signed-request';

/** Whether a request is its sender's. The cause is for the log: the caller gets one answer for all of them. */
export type Verdict =
	| { readonly ok: true }
	| { readonly ok: false; readonly cause: SignatureCause };

export interface VerificationTerms {
	/** How the sender signs: of several ways, the first that takes the secret by its form. */
	readonly schemes: readonly SignatureScheme[];
	/** More than one while the secret is being changed. */
	readonly secrets: readonly string[];
	/** How far the sender's time may be from ours, either way. */
	readonly toleranceMs: number;
	readonly nowMs: number;
	readonly seenTokens: SeenTokens;
	/** The request itself said who its sender is. */
	readonly isDetected?: boolean;
}

/** Checks a request's signature on the bytes as they came. Never throws. */
export function verifySignature(request: SignedRequest, terms: VerificationTerms): Verdict {
	let cause: SignatureCause = 'unusable_secret';
	for (const secret of terms.secrets) {
		const used = usable(terms.schemes, secret);
		if (used === null) continue;
		const verdict = verifyUnder(used.scheme, used.verifier, request, terms);
		if (verdict.ok) return verdict;
		// What the first usable secret says is told: the second is mostly the one that is being given up.
		if (cause === 'unusable_secret') cause = verdict.cause;
	}
	return { ok: false, cause };
}

/** The secret alone says which scheme it is of; what the request brings never does. Null: it is of none. */
function usable(
	schemes: readonly SignatureScheme[],
	secret: string,
): { readonly scheme: SignatureScheme; readonly verifier: Verifier } | null {
	for (const scheme of schemes) {
		const verifier = scheme.verifier(secret);
		if (verifier !== null) return { scheme, verifier };
	}
	return null;
}

/** Whether a secret has a form that the sender gives. */
export function isUsableSecret(schemes: readonly SignatureScheme[], secret: string): boolean {
	return usable(schemes, secret) !== null;
}

function verifyUnder(
	scheme: SignatureScheme,
	verifier: Verifier,
	request: SignedRequest,
	{ toleranceMs, nowMs, seenTokens, isDetected }: VerificationTerms,
): Verdict {
	const reading = scheme.read(request);
	if (!reading.ok) return reading;
	const { proof } = reading;
	if (!verifier(proof)) return { ok: false, cause: 'wrong' };
	if (isDetected === true && mayBeAnothers(proof, request))
		return { ok: false, cause: 'ambiguous' };
	const { signedAtMs, token } = proof;
	if (signedAtMs !== null && nowMs - signedAtMs > toleranceMs)
		return { ok: false, cause: 'too_old' };
	if (signedAtMs !== null && signedAtMs - nowMs > toleranceMs) {
		return { ok: false, cause: 'in_the_future' };
	}
	if (token !== undefined) {
		const { rawBody } = request;
		if (rawBody === null) return { ok: false, cause: 'no_raw_body' };
		const untilMs = (signedAtMs ?? nowMs) + toleranceMs;
		if (!seenTokens.admits(token, rawBody, untilMs, nowMs)) return { ok: false, cause: 'reused' };
	}
	return { ok: true };
}

/**
 * What one sender signs as `{timestamp}.{body}` is signed as the body of another, and its time counts for nothing there. Bodies of those
 * who sign nothing else are JSON.
 */
function mayBeAnothers({ messages }: Proof, { rawBody }: SignedRequest): boolean {
	const isBodyAlone = messages.some((message) => message.length === 1 && message[0] === rawBody);
	if (!isBodyAlone || rawBody === null) return false;
	return !/^\s*[[{]/.test(Buffer.from(rawBody.subarray(0, 64)).toString('latin1'));
}

/** What the log says of a cause. A sentence part: "The signature …". */
export const CAUSE_WORDS: Readonly<Record<SignatureCause, string>> = {
	ambiguous:
		'may be that of another sender, who signs more than the body: choose the sender by name',
	contradictory: 'came with two delivery IDs that differ',
	in_the_future:
		'is from the future: check the clock of this machine, or choose a longer "Signature: Tolerance"',
	malformed: 'has not the form that this sender gives it',
	missing: 'is missing',
	no_raw_body: 'cannot be checked: n8n keeps no raw body of a multipart request',
	no_timestamp: 'came without its time',
	no_url: 'cannot be checked: the address that the sender called is not known',
	other_type:
		'fits, but the body came under another content type or charset than this sender uses (JSON as application/json, in UTF-8)',
	reused: 'came before, with another body',
	too_old:
		'is older than "Signature: Tolerance" allows: a replay, or check the clock of this machine',
	unusable_secret:
		'cannot be checked: the secret is empty or has not the form that this sender gives',
	wrong:
		'does not fit: another secret, another address of the webhook, or a request that somebody else made',
};
