import type { Delivery } from './delivery';

/** What a sender's delivery yields: its id, or why there is none (a sentence without a full stop). */
export type Reading =
	| { readonly kind: 'id'; readonly id: string; readonly scope: string | null }
	| { readonly kind: 'missing' | 'malformed' | 'must_split'; readonly why: string };

export type SenderValue =
	| 'asana'
	| 'baserow'
	| 'calendly'
	| 'chargebee'
	| 'clickUp'
	| 'contentful'
	| 'discord'
	| 'github'
	| 'gitlab'
	| 'hubSpot'
	| 'idempotencyKey'
	| 'intercom'
	| 'jira'
	| 'kafka'
	| 'lemonSqueezy'
	| 'line'
	| 'linear'
	| 'mailgun'
	| 'microsoftGraph'
	| 'mollie'
	| 'monday'
	| 'nats'
	| 'notion'
	| 'paddle'
	| 'pandaDoc'
	| 'payPal'
	| 'pipedrive'
	| 'polar'
	| 'rabbitMq'
	| 'razorpay'
	| 'sendGrid'
	| 'shopify'
	| 'slack'
	| 'sqs'
	| 'square'
	| 'standardWebhooks'
	| 'stripe'
	| 'telegram'
	| 'trello'
	| 'twilio'
	| 'twitch'
	| 'typeform'
	| 'waha'
	| 'whatsApp'
	| 'wooCommerce'
	| 'zendesk'
	| 'zoom';

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
	/**
	 * When the sender switches a webhook off that answers with errors, in words; absent where it does not, or does not say. Such a
	 * webhook is better told that all is well (the door's *Answers*).
	 */
	readonly switchesOff?: string;
	/** What of this row nobody has verified, in words; absent where all of it was. */
	readonly unverified?: string;
	read(delivery: Delivery): Reading;
	/** What happened, rather than which event told of it: one thing may be told in several events, each with an ID of its own. */
	readonly thing?: {
		/** In words, as `description`. */
		readonly description: string;
		/** When to choose it, in words. */
		readonly chooseWhere: string;
		read(delivery: Delivery): Reading;
	};
	/** The events of a body that may hold several, each as a body of its own that `read` takes. Absent: a body is one event. */
	split?(body: unknown): readonly EventPart[];
	/** Kinds of events in such a body of which some may be left out. */
	readonly kinds?: ReadonlyArray<{ readonly value: string; readonly name: string }>;
}

/** One event of a body that held several. */
export interface EventPart {
	/** One of the sender's kinds; null where it has none. */
	readonly kind: string | null;
	readonly body: unknown;
}
