import canonicalize from 'canonicalize';
import { canonicalize as jsonCanonicalize } from 'json-canonicalize';

import { canonicalJson } from '../../lib/keys/canonical-json';
import { inTurns, rateOf } from '../measure';
import type { Report } from '../report';
import type { Scale } from '../scale';

const MEGABYTE = 1_000_000;

/** A megabyte of mixed JSON, as an API answers it: objects in lists, text with and without escapes, numbers, nesting. */
export function mixedJson(): unknown {
	const orders: unknown[] = [];
	let length = 0;
	for (let i = 0; length < MEGABYTE; i++) {
		const order = {
			orderId: `order-${i}`,
			total: i * 1.25,
			currency: i % 2 === 0 ? 'EUR' : 'USD',
			isPaid: i % 3 === 0,
			note: i % 5 === 0 ? `said "yes"\nthen\tleft \u20ac ${i}` : 'leave at the door, please',
			customer: { name: 'Zoë Müller', email: `customer-${i}@example.com`, tags: ['a', 'b', 'c'] },
			lines: Array.from({ length: i % 6 }, (_, n) => ({
				sku: `SKU-${n}`,
				quantity: n + 1,
				price: 0.1 * n,
				discount: n % 2 === 0 ? null : 1e-7,
			})),
			tracking: { carrier: 'post', events: [{ at: 1795497258303, place: 'Köln' }, {}, []] },
		};
		orders.push(order);
		length += JSON.stringify(order).length;
	}
	return { orders, page: 1, next: null };
}

export async function canonicalJsonRow(report: Report, scale: Scale): Promise<void> {
	const value = mixedJson();
	const text = canonicalJson(value);
	const peers = { canonicalize, 'json-canonicalize': jsonCanonicalize };
	const times = 10;
	const megabytes = (times * Buffer.byteLength(text)) / MEGABYTE;
	const rateOfOne = (toText: (value: unknown) => unknown) => async () =>
		await rateOf(megabytes, () => {
			for (let i = 0; i < times; i++) toText(value);
		});
	for (const [name, toText] of Object.entries(peers)) {
		if (toText(value) !== text) throw new Error(`${name} gives another text`);
	}
	const medians = await inTurns(scale.of({ full: 15, short: 7 }), {
		ours: rateOfOne(canonicalJson),
		canonicalize: rateOfOne(canonicalize),
		'json-canonicalize': rateOfOne(jsonCanonicalize),
	});
	for (const peer of ['canonicalize', 'json-canonicalize'] as const) {
		const [ours, theirs] = [medians.ours, medians[peer]];
		report.row({ bench: 'canonical-json', unit: 'MB/s', ours, peer, theirs, better: 'more' });
	}
}
