import { BATCHED_SENDERS } from './batched-senders';
import { BODY_SENDERS } from './body-senders';
import { BROKER_SENDERS } from './broker-senders';
import { CHAT_SENDERS } from './chat-senders';
import { type Delivery, deliveryOf } from './delivery';
import { HEADER_SENDERS } from './header-senders';
import { IDEMPOTENCY_KEY } from './idempotency-key';
import { PAYMENT_SENDERS } from './payment-senders';
import type { Sender, SenderValue } from './sender';
import { WORK_SENDERS } from './work-senders';

export type { Sender, SenderValue } from './sender';

/** Every known sender, by display name. */
export const SENDERS: readonly Sender[] = [
	...BATCHED_SENDERS,
	...BODY_SENDERS,
	...BROKER_SENDERS,
	...CHAT_SENDERS,
	...HEADER_SENDERS,
	...PAYMENT_SENDERS,
	...WORK_SENDERS,
	IDEMPOTENCY_KEY,
].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));

const BY_VALUE: ReadonlyMap<string, Sender> = new Map(SENDERS.map((s) => [s.value, s]));

/** The table's row of a sender. @throws RangeError for a value that the table does not have. */
export function senderOf(value: SenderValue): Sender {
	const sender = BY_VALUE.get(value);
	if (sender === undefined) throw new RangeError(`There is no sender "${value}"`);
	return sender;
}

/**
 * What "Detect" of node version 1 knows, in the order it looks. Never change it: a sender that is added,
 * removed or moved gives deliveries another key while their retries are still under way. A later node
 * version brings its own list.
 *
 * Polar is not among them: its requests are those of Standard Webhooks.
 *
 * The header Idempotency-Key comes last of all. It is the one that any caller may add, and a caller
 * must not turn a vendor's repeated delivery into a new one.
 */
export const DETECTION_V1: readonly SenderValue[] = [
	'github',
	'gitlab',
	'shopify',
	'wooCommerce',
	'twilio',
	'slack',
	'stripe',
	'paddle',
	'square',
	'payPal',
	'linear',
	'jira',
	'typeform',
	'pandaDoc',
	'contentful',
	'hubSpot',
	'sendGrid',
	'whatsApp',
	'telegram',
	'mailgun',
	'rabbitMq',
	'kafka',
	'sqs',
	'nats',
	'zoom',
	'calendly',
	'razorpay',
	'mollie',
	'notion',
	'discord',
	'twitch',
	'zendesk',
	'baserow',
	'trello',
	'line',
	'asana',
	'waha',
	'monday',
	'clickUp',
	'intercom',
	'microsoftGraph',
	'chargebee',
	'lemonSqueezy',
	'pipedrive',
	'standardWebhooks',
	'idempotencyKey',
];

/** What makes two deliveries the same: the sender's event, or what happened. */
export type DeliveryIdentity = 'event' | 'thing';

/** The identity of a delivery, or why there is none. `message` is made of sentences and has no values. */
export type DeliveryId =
	| {
			readonly found: true;
			readonly sender: SenderValue;
			/** Never empty. Several parts are a JSON array. */
			readonly id: string;
			/** What the id is unique within, where the delivery names it. */
			readonly scope: string | null;
	  }
	| {
			readonly found: false;
			readonly problem: 'missing' | 'malformed' | 'must_split';
			readonly tried: readonly SenderValue[];
			readonly message: string;
	  };

/**
 * The id that a sender gave a delivery, the same on each of its retries. Never throws.
 *
 * With `auto`, headers are looked at first, then the shape of the body. A sender that was recognised
 * is the only one asked: where its id is missing, the delivery has none.
 *
 * @param item what n8n's Webhook node or a broker trigger emits, or one element of a split batch
 * @param identity the event by its ID, or what it tells of where the sender's row says how
 * @param detection the pinned list that `auto` uses
 */
export function deliveryIdOf(
	item: { readonly json: unknown },
	sender: 'auto' | SenderValue,
	identity: DeliveryIdentity = 'event',
	detection: readonly SenderValue[] = DETECTION_V1,
): DeliveryId {
	const delivery = deliveryOf(item.json);
	const candidates = sendersOf(sender === 'auto' ? detection : [sender]);
	const chosen = sender === 'auto' ? detect(delivery, candidates) : candidates[0];
	return chosen ? readFrom(chosen, delivery, identity) : nothingFound(delivery, candidates);
}

/** Which sender a delivery is of, by its headers, else by the shape of its body; null where none was recognised. */
export function detectSender(
	item: { readonly json: unknown },
	detection: readonly SenderValue[] = DETECTION_V1,
): SenderValue | null {
	return detect(deliveryOf(item.json), sendersOf(detection))?.value ?? null;
}

function sendersOf(values: readonly SenderValue[]): Sender[] {
	return values.flatMap((value) => BY_VALUE.get(value) ?? []);
}

function detect(delivery: Delivery, candidates: readonly Sender[]): Sender | undefined {
	return (
		candidates.find(({ headers }) => headers.some((name) => delivery.header(name).length > 0)) ??
		candidates.find((sender) => sender.recognises?.(delivery))
	);
}

function readFrom(sender: Sender, delivery: Delivery, identity: DeliveryIdentity): DeliveryId {
	const thing = identity === 'thing' ? sender.thing : undefined;
	const reading = (thing ?? sender).read(delivery);
	if (reading.kind === 'id') {
		// No ID of an event is a list that begins with this.
		const id = thing === undefined ? reading.id : JSON.stringify(['what happened', reading.id]);
		return { found: true, sender: sender.value, id, scope: reading.scope };
	}
	const advice =
		reading.kind === 'must_split'
			? splitAdvice(sender)
			: reading.kind === 'missing' && isBehindTrigger(sender, delivery)
				? sender.behindTrigger
				: undefined;
	return {
		found: false,
		problem: reading.kind,
		tried: [sender.value],
		message: sentences(`No delivery ID of ${sender.name}: ${reading.why}`, advice),
	};
}

function splitAdvice({ batched }: Sender): string {
	const option = 'Add the option "Split Events" to the Guard';
	if (batched === null) return option;
	return `${option}, or ${batched.slice(0, 1).toLowerCase()}${batched.slice(1)}`;
}

function isBehindTrigger(sender: Sender, { json, hasHeaders }: Delivery): boolean {
	return !hasHeaders || sender.looksLike?.(json) === true;
}

function nothingFound({ json }: Delivery, candidates: readonly Sender[]): DeliveryId {
	const likely = candidates.find((sender) => sender.looksLike?.(json));
	return {
		found: false,
		problem: 'missing',
		tried: candidates.map((sender) => sender.value),
		message: sentences(
			'This item has no delivery ID of a known sender',
			likely && `The item looks like one of ${likely.name}. ${likely.behindTrigger}`,
		),
	};
}

function sentences(...parts: ReadonlyArray<string | null | undefined>): string {
	return parts
		.filter(Boolean)
		.map((part) => `${part}.`)
		.join(' ');
}
