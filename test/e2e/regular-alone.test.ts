import { redisCredential } from '../../scripts/lib/example';
import { startRedis } from '../../scripts/lib/redis';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { GuardAlone } from './harness/alone';
import { N8nHost } from './harness/n8n-host';

/** One Guard and nothing else of ours, dropped between a webhook and a node that acts, as the README says: in a real n8n. */

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
