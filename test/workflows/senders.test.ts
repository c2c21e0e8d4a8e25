import type { IDataObject } from 'n8n-workflow';
import type { SenderValue } from '../../lib/senders/delivery-ids';
import { DETECTION_V1, senderOf } from '../../lib/senders/delivery-ids';
import { bodyOf, changed, first, fixtureOf, patched } from '../lib/senders/deliveries';
import type { Json, JsonObject } from '../lib/senders/deliveries';
import { javascript } from '../support/engine';
import { routed } from './scenario';
import { TRAPS } from './sender-traps';
import { DUPLICATE, gate, NEW } from './senders-harness';

/** Each sender's sample delivery through the whole workflow: the first acts, its retries get the answer, another event acts. */

const at = (json: Json, path: string): unknown =>
	path.split('.').reduce<unknown>((value, key) => (value as JsonObject | undefined)?.[key], json);

describe.each(DETECTION_V1)('%s', (sender) => {
	const { first: delivery, retry, other } = fixtureOf(sender);
	const again = patched(delivery, retry) as JsonObject;
	const another = patched(delivery, other) as JsonObject;

	test.each(['auto', sender])(
		'a retry gets the first answer, another event acts (%s)',
		async (how) => {
			const { send, acted } = gate({ sender: how });
			const one = await send(delivery);
			expect(one.error?.message).toBeUndefined();
			expect(routed(one)).toEqual(NEW);
			for (const repeated of [delivery, again]) {
				const result = await send(repeated);
				expect(routed(result)).toEqual(DUPLICATE);
				expect(result.json('Duplicate')).toEqual([{ answer: 1 }]);
			}
			const next = await send(another);
			expect(routed(next)).toEqual(NEW);
			expect(next.json('Committed')).toEqual([{ answer: 2 }]);
			expect(acted).toHaveLength(2);
		},
	);

	test('the trap of its notes is in these deliveries', () => {
		const { shared = [], changes = [] } = TRAPS[sender] ?? {};
		expect(shared.length + changes.length).toBeGreaterThan(0);
		for (const path of shared) {
			const [before = '', now = before] = path.split(' → ');
			expect(at(delivery, before)).toBeDefined();
			expect([path, at(another, now)]).toEqual([path, at(delivery, before)]);
		}
		for (const path of changes) {
			expect([path, at(again, path)]).not.toEqual([path, at(delivery, path)]);
		}
	});

	test('without its ID there is an error of its item, and nothing acts', async () => {
		const { send, acted } = gate({ sender });
		const result = await send({ headers: { host: 'n8n.example.com' }, query: {}, body: { a: 1 } });
		expect(result.status).toBe('error');
		expect(result.error?.message).toContain(`No delivery ID of ${senderOf(sender).name}`);
		expect(result.error?.context).toMatchObject({ itemIndex: 0 });
		expect(acted).toEqual([]);
	});
});

describe('batched bodies', () => {
	const event = (sender: 'hubSpot' | 'sendGrid') =>
		(bodyOf(first(sender)) as JsonObject[])[0] ?? {};
	const value = (part: object) => ({
		messaging_product: 'whatsapp',
		metadata: { phone_number_id: '7' },
		...part,
	});
	const message = (id: string) => ({ id, timestamp: '1', type: 'text', from: '4' });
	const whatsApp = (...ids: string[]) => ({
		headers: {},
		query: {},
		body: {
			object: 'whatsapp_business_account',
			entry: [
				{ id: 'a', changes: [{ field: 'messages', value: value({ messages: ids.map(message) }) }] },
			],
		},
	});
	const BATCHES: Array<[SenderValue, unknown, unknown, string]> = [
		[
			'hubSpot',
			{ ...first('hubSpot'), body: [event('hubSpot'), { ...event('hubSpot'), eventId: 101 }] },
			first('hubSpot'),
			'body',
		],
		[
			'sendGrid',
			{
				...first('sendGrid'),
				body: [event('sendGrid'), { ...event('sendGrid'), sg_event_id: 'b' }],
			},
			first('sendGrid'),
			'body',
		],
		['whatsApp', whatsApp('wamid.A', 'wamid.B'), whatsApp('wamid.A'), 'body.entry'],
	];

	test.each(BATCHES)(
		'%s: the message names the item and says how to split it',
		async (sender, batch, single, field) => {
			const { send, acted } = gate();
			const result = await send(single, batch);
			expect(result.status).toBe('error');
			expect(result.error?.message).toMatch(
				/holds 2 events\..*"Split Events".*put .*Split Out node/,
			);
			expect(result.error?.message).toContain(senderOf(sender).name);
			expect(result.error?.message).toContain(field);
			expect(result.error?.context).toMatchObject({ itemIndex: 1 });
			expect(acted).toEqual([]);
			// Nothing was claimed for the item that had an ID.
			expect(routed(await send(single))).toEqual(NEW);
		},
	);

	test.each(BATCHES)(
		'%s: under "Continue" the batch alone is refused',
		async (_sender, batch, single) => {
			for (const [onError, output] of [
				['continueRegularOutput', 'Conflict'],
				['continueErrorOutput', 'Error'],
			] as const) {
				const { send, acted } = gate({}, [], onError);
				const result = await send(single, batch);
				expect(result.items('Guard')).toHaveLength(1);
				expect(acted).toHaveLength(1);
				const [refused] = result.items(output);
				expect(refused?.json.error).toMatch(/holds 2 events/);
			}
		},
	);

	const splitting = (parts: (json: IDataObject) => unknown[]) =>
		javascript('Split', (items) =>
			items.flatMap(({ json }, item) =>
				parts(json).map((part) => ({ json: part as IDataObject, pairedItem: { item } })),
			),
		);
	test.each(['hubSpot', 'sendGrid'] as const)(
		'%s: split as said, each event acts once',
		async (sender) => {
			const [, batch] = BATCHES.find(([name]) => name === sender) ?? [];
			const { send, acted } = gate({}, [splitting(({ body }) => body as unknown[])]);
			expect(routed(await send(batch))).toEqual([2, 0, 0, 0]);
			expect(routed(await send(batch))).toEqual([0, 2, 0, 0]);
			expect(routed(await send(first(sender)))).toEqual(DUPLICATE);
			expect(acted).toHaveLength(2);
		},
	);

	test('whatsApp: split as said, each message acts once', async () => {
		const { send, acted } = gate({ sender: 'whatsApp' }, [
			splitting(({ body }) =>
				(body as ReturnType<typeof whatsApp>['body']).entry.flatMap(({ changes }) =>
					changes.flatMap((change) => (change.value as unknown as { messages: object[] }).messages),
				),
			),
		]);
		expect(routed(await send(whatsApp('wamid.A', 'wamid.B')))).toEqual([2, 0, 0, 0]);
		expect(routed(await send(whatsApp('wamid.B', 'wamid.C')))).toEqual([1, 1, 0, 0]);
		expect(acted).toHaveLength(3);
	});
});

test('a hint where the sender retries for longer than requests are remembered, and none else', async () => {
	for (const value of DETECTION_V1) {
		const { retriesForHours } = senderOf(value);
		const hints = async (retentionHours: number) =>
			(await gate({ sender: value, retentionHours }).send(first(value)))
				.hints('Guard')
				.map(({ message }) => message)
				.filter((message) => message.includes('may retry for'));
		if (retriesForHours === null) {
			expect(await hints(0.5)).toEqual([]);
			continue;
		}
		expect(await hints(retriesForHours)).toEqual([]);
		expect(await hints(retriesForHours - 0.5)).toEqual([
			expect.stringContaining(`retry for ${retriesForHours} hours`),
		]);
	}
});

test('a delivery tampered with in its counters alone stays a duplicate, also with "All Fields Except"', async () => {
	const { send } = gate({ compare: 'except', excludeFields: 'body.pending_webhooks' });
	expect(routed(await send(first('stripe')))).toEqual(NEW);
	expect(routed(await send(changed('stripe', { body: { pending_webhooks: 0 } })))).toEqual(
		DUPLICATE,
	);
	expect(routed(await send(changed('stripe', { body: { livemode: false } })))).toEqual([
		0, 0, 1, 0,
	]);
});
