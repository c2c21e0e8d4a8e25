import { deliveryIdOf } from '../../../lib/senders/delivery-ids';

/** Two things that happen at once have two keys, where the sender gives no ID. */

it('of WooCommerce: two actions of one second', () => {
	const paid = (arg: number) =>
		deliveryIdOf(
			{
				json: {
					headers: {
						'x-wc-webhook-delivery-id': 'h',
						'x-wc-webhook-topic': 'action.woocommerce_payment_complete',
						'x-wc-webhook-source': 'https://shop.example/',
						'x-wc-webhook-id': '7',
					},
					params: {},
					query: {},
					body: { action: 'woocommerce_payment_complete', arg },
				},
			},
			'wooCommerce',
		);
	expect(paid(101)).not.toEqual(paid(102));
	expect(paid(101)).toEqual(paid(101));
});

it('of Zoom: two calls that ring in one millisecond', () => {
	const rings = (call: string) =>
		deliveryIdOf(
			{
				json: {
					headers: {},
					params: {},
					query: {},
					body: {
						event: 'phone.callee_ringing',
						event_ts: 1_700_000_000_123,
						payload: { account_id: 'A', object: { call_id: call } },
					},
				},
			},
			'zoom',
		);
	expect(rings('1')).not.toEqual(rings('2'));
});
