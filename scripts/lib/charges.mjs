/** The demo's deliveries, and the judgement of what came of them. */
import { randomUUID } from 'node:crypto';

/**
 * `count` deliveries of `keys` orders, shuffled: the same order has the same key and the same payload every time.
 *
 * @returns {{ key: string, body: { orderId: string, amount: number, currency: string } }[]}
 */
export function makeDeliveries(count, keys) {
	const orders = Array.from({ length: keys }, (_, index) => ({
		key: randomUUID(),
		body: { orderId: `order-${index + 1}`, amount: 1_000 + index * 25, currency: 'EUR' },
	}));
	const deliveries = Array.from({ length: count }, (_, index) => orders[index % keys]);
	for (let last = deliveries.length - 1; last > 0; last -= 1) {
		const other = Math.floor(Math.random() * (last + 1));
		[deliveries[last], deliveries[other]] = [deliveries[other], deliveries[last]];
	}
	return deliveries;
}

/** The same key with another amount: a mistake or a misuse, in any case not the same request. */
export function changePayload({ key, body }) {
	return { key, body: { ...body, amount: body.amount + 1 } };
}

const isSuccess = ({ status }) => status >= 200 && status < 300;

function describe({ delivery, status, body, error }) {
	const what = error ?? `${status} ${String(body).slice(0, 200)}`;
	return `${delivery.body.orderId}: ${what}`;
}

/**
 * Judges the storm by what the downstream counted and what each sender was told.
 *
 * @param {object[]} answers from `fireStorm`
 * @param {object} changedAnswer the answer to the changed payload
 * @param {{ chargesOf: (orderId: string) => string[], total: () => number }} downstream
 * @returns {{ sideEffects: number, replayed: number, conflicts: number, errors: string[], retries: Record<string, number> }}
 */
export function judge(answers, changedAnswer, downstream) {
	const errors = answers.filter((answer) => !isSuccess(answer)).map(describe);
	const byKey = groupBy(answers, ({ delivery }) => delivery.key);
	let replayed = 0;
	for (const group of byKey.values()) {
		const { orderId } = group[0].delivery.body;
		const charges = downstream.chargesOf(orderId);
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
		sideEffects: downstream.total(),
		replayed,
		conflicts,
		errors,
		retries: sumRetries(answers),
	};
}

function groupBy(values, keyOfValue) {
	const groups = new Map();
	for (const value of values) {
		const key = keyOfValue(value);
		groups.set(key, [...(groups.get(key) ?? []), value]);
	}
	return groups;
}

function chargeIdOf({ body }) {
	try {
		return JSON.parse(body).id;
	} catch {
		return undefined;
	}
}

function sumRetries(answers) {
	const sum = {};
	for (const { retries } of answers) {
		for (const [reason, count] of Object.entries(retries)) sum[reason] = (sum[reason] ?? 0) + count;
	}
	return sum;
}
