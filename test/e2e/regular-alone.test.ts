import { redisCredential } from '../../scripts/lib/example';
import { startRedis } from '../../scripts/lib/redis';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { GuardAlone } from './harness/alone';
import { deliver } from './harness/deliver';
import { publishRefusable } from './harness/door';
import { N8nHost } from './harness/n8n-host';

/**
 * One Guard and nothing else of ours, dropped between a webhook and a node that acts, as the README says, and what the sender of a refused
 * request is told then and at the door: in a real n8n.
 */

let n8n: N8nHost;
let service: Downstream;
let alone: GuardAlone;
beforeAll(async () => {
	service = await startDownstream();
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const { name, type, data } = redisCredential((await startRedis()).port);
	alone = new GuardAlone(n8n, service, await n8n.api.saveCredential(name, type, data));
});
afterAll(async () => await service.close());

describe.each(['embedded', 'redis'] as const)('on the store %s, no field set', (store) => {
	it('acts once for four deliveries of a request, and once for each request', async () => {
		const path = `alone-${store}`;
		await alone.publish({ path, store });
		await alone.send(path, 'evt_1', 1);
		await alone.ended(1, path);
		await alone.send(path, 'evt_1', 3);
		await alone.send(path, 'evt_2', 1);
		expect(await alone.ended(5, path)).toEqual(Array(5).fill('success'));
		expect(alone.acts(path)).toHaveLength(2);
	});

	it('acts once for four deliveries at the same time', async () => {
		const path = `alone-at-once-${store}`;
		await alone.publish({ path, store });
		await Promise.all([1, 2, 3, 4].map(async () => await alone.send(path, 'evt_1', 1)));
		await alone.ended(4, path);
		expect(alone.acts(path)).toHaveLength(1);
	});

	it('acts again after "try again later", and not after a refusal or a lost answer', async () => {
		const path = `alone-failing-${store}`;
		await alone.publish({ path, store, neverError: true });
		const outcomes = [
			{ event: 'evt_later', answer: { status: 429, headers: { 'retry-after': '0' } }, acted: 2 },
			{ event: 'evt_refused', answer: { status: 402 }, acted: 1 },
			{ event: 'evt_lost', answer: { status: 200, delayMs: 6_000 }, acted: 1 },
		];
		let executions = 0;
		for (const { event, answer, acted } of outcomes) {
			const before = alone.acts(path).length;
			service.next(answer);
			// The first that comes back may find the end of the run before not written down yet.
			for (let delivery = 0; delivery < 3; delivery++) {
				await alone.send(path, event, 1);
				await alone.ended(++executions, path);
			}
			expect([event, alone.acts(path).length - before]).toEqual([event, acted]);
		}
	});

	it('never acts again for a request whose run was killed in the middle', async () => {
		const path = `alone-killed-${store}`;
		await alone.publish({ path, store });
		service.next({ status: 200, delayMs: 60_000 });
		await alone.send(path, 'evt_1', 1);
		while (alone.acts(path).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
		await n8n.kill();
		await n8n.start();
		await alone.send(path, 'evt_1', 2);
		expect(alone.acts(path)).toHaveLength(1);
	});
});

describe.each([true, false])('Respond to Webhook, Never Error: %p', (neverError) => {
	const path = `alone-answers-${neverError}`;
	beforeAll(async () => await alone.publish({ path, responseMode: 'responseNode', neverError }));

	const sendThrice = async (event: string) => [
		...(await alone.send(path, event, 1)),
		await alone.sendUntilSettled(path, event),
		await alone.sendUntilSettled(path, event),
	];

	it('gives every delivery the answer of the service', async () => {
		service.next({ status: 200, body: { charge: 'ch_1' } });
		const replies = await sendThrice('evt_ok');
		expect(replies).toEqual(Array(3).fill({ status: 200, body: { charge: 'ch_1' } }));
		expect(alone.acts(path)).toHaveLength(1);
	});

	it('gives a refusal as what it is, first and repeated', async () => {
		const before = alone.acts(path).length;
		service.next({ status: 402, body: { error: 'declined' } });
		const replies = await sendThrice('evt_refused');
		expect(replies.map(({ status }) => status)).toEqual([402, 402, 402]);
		expect(replies[1]?.body).toEqual(replies[0]?.body);
		expect(replies[2]?.body).toEqual(replies[0]?.body);
		expect(JSON.stringify(replies)).not.toContain('charge.succeeded');
		expect(alone.acts(path)).toHaveLength(before + 1);
	});

	it('tells a sender that comes too early to come again', async () => {
		service.next({ status: 200, delayMs: 1_500 });
		const [first, second] = await Promise.all([
			alone.send(path, 'evt_slow', 1),
			new Promise((resolve) => setTimeout(resolve, 500)).then(
				async () => await alone.send(path, 'evt_slow', 1),
			),
		]);
		expect([first[0]?.status, second[0]?.status]).toEqual([200, 409]);
	});
});

/** n8n has chosen the status before the run: a refusal has none of its own, but what was refused is never an empty success. */
describe.each([true, false])('the Webhook answers by itself, Never Error: %p', (neverError) => {
	it('When Last Node Finishes: the answer of the service in a 200, or an error; a hint says so', async () => {
		const path = `alone-last-${neverError}`;
		await alone.publish({ path, responseMode: 'lastNode', neverError });
		service.next({ status: 402, body: { error: 'declined' } });
		const [first] = await alone.send(path, 'evt_refused', 1);
		expect(first).toMatchObject(
			neverError
				? { status: 200, body: { statusCode: 402, body: { error: 'declined' } } }
				: { status: 500, body: { message: 'Error in workflow' } },
		);
		await alone.ended(1, path);
		expect(await alone.send(path, 'evt_refused', 1)).toMatchObject([{ status: 500 }]);
		expect(alone.acts(path)).toHaveLength(1);
		await alone.ended(2, path);
		expect(await alone.hasHint(path, 'A sender that repeats a request gets an error 500')).toBe(
			true,
		);
	});

	it('Immediately: that the run was started, and no more', async () => {
		const path = `alone-at-once-told-${neverError}`;
		await alone.publish({ path, neverError });
		service.next({ status: 402, body: { error: 'declined' } });
		const [first] = await alone.send(path, 'evt_refused', 1);
		await alone.ended(1, path);
		const [again] = await alone.send(path, 'evt_refused', 1);
		const started = { status: 200, body: { message: 'Workflow was started' } };
		expect([first, again]).toEqual([started, started]);
		expect(alone.acts(path)).toHaveLength(1);
	});
});

describe.each(['lastNode', 'responseNode'] as const)('at the door, %s', (responseMode) => {
	it.each([
		{ onRefusal: 'item', told: [402, 402] },
		{ onRefusal: 'errorOutput', told: [402, 402] },
		// n8n itself tells of a run that stopped.
		{ onRefusal: 'stop', told: [500, 402] },
	] as const)('a refusal is told as one: $onRefusal', async ({ onRefusal, told }) => {
		const path = `door-${responseMode}-${onRefusal}`;
		await publishRefusable(n8n, `${service.url}/${path}`, { path, responseMode, onRefusal });
		service.next({ status: 402, body: { error: 'declined' } });
		const send = async () =>
			await deliver(n8n.webhook(path), { order: 1 }, { 'idempotency-key': 'order-1' });
		const first = await send();
		let again = await send();
		// The end of the run before may not be written down yet.
		while (again.status === 409) again = await send();
		expect([first.status, again.status]).toEqual(told);
		if (onRefusal === 'stop') expect(again.body).toMatchObject({ state: 'failed' });
		else expect(again.body).toEqual(first.body);
		expect(alone.acts(path)).toHaveLength(1);
	});
});

it('at the door, Immediately: taken in, and the refusal for who asks again', async () => {
	const path = 'door-immediately';
	const settings = { path, responseMode: 'onReceived', onRefusal: 'item' } as const;
	await publishRefusable(n8n, `${service.url}/${path}`, settings);
	service.next({ status: 402, body: { error: 'declined' } });
	const send = async () =>
		await deliver(n8n.webhook(path), { order: 1 }, { 'idempotency-key': 'order-1' });
	expect(await send()).toMatchObject({ status: 202, body: { status: 'accepted' } });
	let again = await send();
	while (again.status === 409) again = await send();
	expect(again).toEqual({ status: 402, body: { error: 'declined' } });
	expect(alone.acts(path)).toHaveLength(1);
});
