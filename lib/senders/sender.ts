import type { Delivery } from './delivery';

/** What a sender's delivery yields: its id, or why there is none (a sentence without a full stop). */
export type Reading =
	| { readonly kind: 'id'; readonly id: string; readonly scope: string | null }
	| { readonly kind: 'missing' | 'malformed' | 'must_split'; readonly why: string };

export type SenderValue =
	| 'contentful'
	| 'github'
	| 'gitlab'
	| 'hubSpot'
	| 'idempotencyKey'
	| 'jira'
	| 'kafka'
	| 'linear'
	| 'mailgun'
	| 'nats'
	| 'paddle'
	| 'pandaDoc'
	| 'payPal'
	| 'rabbitMq'
	| 'sendGrid'
	| 'shopify'
	| 'slack'
	| 'sqs'
	| 'square'
	| 'standardWebhooks'
	| 'stripe'
	| 'telegram'
	| 'twilio'
	| 'typeform'
	| 'whatsApp'
	| 'wooCommerce';

/** One row of the senders' table: where a delivery's identity is, and what is known about it. */
export interface Sender {
	/** The parameter's value. It enters every key: never rename it. */
	readonly value: SenderValue;
	readonly name: string;
	/** Where the id is, in words: the option's description. */
	readonly description: string;
	/** What the id is unique within, in words; null where it is unique by itself. */
	readonly scopeIn: string | null;
	/** What not to use, or what is easily got wrong. */
	readonly trap: string;
	/** How to split a delivery that may hold several events; null where it holds one. */
	readonly batched: string | null;
	/** Hours over which the sender may retry, rounded up; null where it does not, or does not say. */
	readonly retriesForHours: number | null;
	/** Whether whoever calls picks the key, so that two callers may pick the same one. */
	readonly callerChosen: boolean;
	/** The page that says so. */
	readonly source: string;
	/** `vendor`: where the ID is was read on that page, which is the sender's own. `secondary`: in public code or pages that quote it. */
	readonly seen: 'vendor' | 'secondary' | 'unverified';
	/** Headers, in lower case, of which any one tells that a request is this sender's. */
	readonly headers: readonly string[];
	/** Tells a delivery of this sender by its shape, where no header did. */
	recognises?(delivery: Delivery): boolean;
	/** What n8n's own trigger leaves out, and what to use instead. */
	readonly behindTrigger?: string;
	/** Tells what n8n's own trigger emits, to say `behindTrigger` where no sender was recognised. */
	looksLike?(json: unknown): boolean;
	read(delivery: Delivery): Reading;
}
