import type { SignedRequest } from './signed-request';

/** Why a request is not believed. The caller is never told which; the log is. */
export type SignatureCause =
	| 'ambiguous'
	| 'contradictory'
	| 'in_the_future'
	| 'malformed'
	| 'missing'
	| 'no_raw_body'
	| 'no_timestamp'
	| 'no_url'
	| 'other_type'
	| 'reused'
	| 'too_old'
	| 'unusable_secret'
	| 'wrong';

/** What a request offers as its proof. */
export interface Proof {
	/** What may have been signed, each as pieces to join: more than one where senders differ in how they write the URL. */
	readonly messages: ReadonlyArray<ReadonlyArray<string | Uint8Array>>;
	/** As they came, decoded. One that fits is enough: senders send several while a secret is being changed. */
	readonly signatures: readonly Uint8Array[];
	/** When it was signed, in ms; null where the scheme has no time. */
	readonly signedAtMs: number | null;
	/** What may come with one body only, since the signature does not cover the body. */
	readonly token?: string;
}

export type ProofReading = { readonly ok: true; readonly proof: Proof } | Doubt;
export interface Doubt {
	readonly ok: false;
	readonly cause: SignatureCause;
}

/** How one sender signs. */
export interface SignatureScheme {
	/** Where the signature is, in words: "the header Stripe-Signature". */
	readonly where: string;
	/** What is signed and how, in words, for the docs: "SHA-256, hex, of {timestamp}.{body}". */
	readonly how: string;
	/** Which secret the user has to copy, in words. */
	readonly secretIs: string;
	/** Whether the address of the webhook is signed, so that it must be known as the sender knows it. */
	readonly signsUrl: boolean;
	/** What the signature leaves open, for the docs; null where it covers the delivery ID, the body and the time. */
	readonly leavesOpen: string | null;
	/** The page or public code that says so. */
	readonly source: string;
	/** How far that was checked: `sdk` against the vendor's own code, `vendor` on its page, `secondary` in others' code. */
	readonly seen: 'sdk' | 'vendor' | 'secondary';
	/** The user's secret is the sender's public key, which others know: a request must not choose what it is used for. */
	readonly keyIsPublic?: true;
	/** Checks a proof under a secret. Null: the secret has not the form that the sender gives. */
	verifier(secret: string): Verifier | null;
	read(request: SignedRequest): ProofReading;
}

/** Whether one of the signatures is that of one of the messages. Takes as long for a wrong one as for a right one. */
export type Verifier = (proof: Proof) => boolean;

export const doubt = (cause: SignatureCause): Doubt => ({ ok: false, cause });

/** Signatures in one request that are looked at. More would cost time for nothing. */
export const MOST_SIGNATURES = 10;
