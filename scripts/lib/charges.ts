import { randomUUID } from 'node:crypto';

import type { PaymentService } from '../../test/support/payment-service';
import type { Answer, Delivery } from './storm';

/** The demo's deliveries, and the judgement of what came of them. */

export interface Order {
	readonly orderId: string;
	readonly amount: number;
	readonly currency: string;
}

export type Charge = Delivery<Order>;

/** `count` deliveries of `keys` orders, shuffled: the same order has the same key and the same payload every time. */
export function makeDeliveries(count: number, keys: number): Charge[] {
	const orders = Array.from({ length: keys }, (_, index) => ({
		key: randomUUID(),
		body: { orderId: `order-${index + 1}`, amount: 1_000 + index * 25, currency: 'EUR' },
	}));
	const deliveries = Array.from({ length: count }, (_, index) => orders[index % keys]!);
	for (let last = deliveries.length - 1; last > 0; last -= 1) {
		const other = Math.floor(Math.random() * (last + 1));
		[deliveries[last], deliveries[other]] = [deliveries[other]!, deliveries[last]!];
	}
	return deliveries;
}

/** The same key with another amount: a mistake or a misuse, in any case not the same request. */
export function changePayload({ key, body }: Charge): Charge {
	return { key, body: { ...body, amount: body.amount + 1 } };
}

const isSuccess = ({ status = 0 }: Answer<Charge>): boolean => status >= 200 && status < 300;

function describe({ delivery, status, body, error }: Answer<Charge>): string {
	const what = error ?? `${status} ${String(body).slice(0, 200)}`;
	return `${delivery.body.orderId}: ${what}`;
}

export interface Judgement {
	readonly sideEffects: number;
	/** Senders that got the first answer again. */
	readonly replayed: number;
	readonly conflicts: number;
	readonly errors: readonly string[];
	/** How often senders tried again, by status or network code. */
	readonly retries: Readonly<Record<string, number>>;
}

/** Judges the storm by what the payment service counted and what each sender was told. */
export function judge(
	answers: ReadonlyArray<Answer<Charge>>,
	changedAnswer: Answer<Charge>,
	service: PaymentService,
): Judgement {
	const errors = answers.filter((answer) => !isSuccess(answer)).map(describe);
	let replayed = 0;
	for (const group of Map.groupBy(answers, ({ delivery }) => delivery.key).values()) {
		const { orderId } = group[0]!.delivery.body;
		const charges = service.chargesOf(orderId);
		if (charges.length !== 1) errors.push(`${orderId}: charged ${charges.length} times`);

		const [first, ...others] = group.filter(isSuccess);
		if (first === undefined) continue;
		if (!charges.includes(chargeIdOf(first))) {
			errors.push(`${orderId}: was told of a charge that was never made: ${first.body}`);
		}
		for (const other of others) {
			if (other.body === first.body && other.status === first.status) replayed += 1;
			else
				errors.push(
					`${orderId}: two senders were told different things: ${other.body}, ${first.body}`,
				);
		}
	}

	let conflicts = 0;
	if (changedAnswer.status === 422) conflicts += 1;
	else errors.push(`changed payload, not refused with 422: ${describe(changedAnswer)}`);

	return {
		sideEffects: service.total(),
		replayed,
		conflicts,
		errors,
		retries: sumRetries(answers),
	};
}

function chargeIdOf({ body = '' }: Answer<Charge>): string {
	try {
		return String((JSON.parse(body) as { id?: unknown }).id);
	} catch {
		return '';
	}
}

/** How often senders tried again, by status or network code. */
export function sumRetries(answers: ReadonlyArray<Answer<unknown>>): Record<string, number> {
	const sum: Record<string, number> = {};
	for (const { retries } of answers) {
		for (const [reason, count] of Object.entries(retries)) sum[reason] = (sum[reason] ?? 0) + count;
	}
	return sum;
}
