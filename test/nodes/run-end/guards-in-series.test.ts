import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { commit, guard, startDownstream } from '../../support/engine';
import type { Downstream, RunResult } from '../../support/engine';
import { newKey } from '../../workflows/scenario';
import { deliveries, http, noOp, own, recordOf, run, shape } from './shapes';

/** A Guard behind another. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const charge = (more: object = {}, settings = {}) =>
	http('Charge', { url: downstream.url, ...more }, settings);
describe('two in a row', () => {
	const byKey = { keySource: 'expression', key: '={{ $json.body.key }}' };
	const nodes = () => [
		guard('Outer', { ...byKey, options: { outputField: 'outer' } }),
		guard('Guard', { ...byKey, options: { outputField: 'inner' } }),
		charge({ full: true, body: '={{ $json.body }}' }),
		commit('Commit'),
		commit('Last'),
	];
	const chain = [['Webhook', 'Outer', 'Guard', 'Charge', 'Commit', 'Last']];
	const outerRecord = async (result: RunResult) => await recordOf(result, 'Outer', 'outer');

	test('each Commit ends the claim that is still open', async () => {
		const key = newKey();
		const json = shape(nodes(), chain);
		const first = await run(json, deliveries(key));
		expect(first.error?.message).toBeUndefined();
		expect(await outerRecord(first)).toMatchObject({ state: 'completed' });
		expect((await run(json, deliveries(key))).counts('Outer').slice(0, 2)).toEqual([0, 1]);
		expect(downstream.effects(key)).toBe(1);
	});

	test('a refusal at the inner one is the outer one’s as well', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 402 });
		const first = await run(shape(nodes(), chain), deliveries(key));
		expect(await outerRecord(first)).toMatchObject({ state: 'failed' });
	});

	test('a conflict at the inner one gives the outer one back: nothing was done', async () => {
		const key = newKey();
		const held = nodes().map((each) =>
			each.name === 'Guard'
				? { ...each, parameters: { ...byKey, key: 'shared', options: { outputField: 'inner' } } }
				: each,
		);
		downstream.nextFor(key, { status: 500 });
		const json = shape(held, chain);
		await run(json, deliveries(key));
		const second = await run(json, deliveries(newKey()));
		expect(second.counts('Guard').slice(0, 3)).toEqual([0, 0, 1]);
		expect(await outerRecord(second)).toMatchObject({ state: 'released', attempts: 0 });
	});

	test('a conflict at the inner one gives the outer one back without any Commit too, though the workflow succeeded', async () => {
		const busy = newKey();
		const alone = (act: ReturnType<typeof charge>) =>
			shape(
				[
					guard('Outer', { ...byKey, options: { outputField: 'outer' } }),
					guard('Guard', { ...byKey, key: busy, options: { outputField: 'inner' } }),
					act,
					noOp('Refused'),
				],
				[
					['Webhook', 'Outer', 'Guard', 'Charge'],
					['Guard:2', 'Refused'],
				],
			);
		downstream.nextFor(busy, { status: 500 });
		await run(alone(charge({ body: `={{ { key: '${busy}' } }}` })), deliveries(newKey()));
		const second = await run(alone(charge()), deliveries(newKey()));
		expect(second.status).toBe('success');
		expect(second.counts('Guard').slice(0, 3)).toEqual([0, 0, 1]);
		expect(await outerRecord(second)).toMatchObject({ state: 'released', attempts: 0 });
	});

	test('an honest retry is no mismatch, although the outer claim is another', async () => {
		const json = shape(
			[
				guard('Outer', {
					keySource: 'expression',
					key: '={{ $execution.id }}',
					compare: 'none',
					options: { outputField: 'outer' },
				}),
				guard('Guard', { keySource: 'expression', key: '={{ $json.id }}', compare: 'payload' }),
				noOp('Done'),
			],
			[['Webhook', 'Outer', 'Guard', 'Done']],
		);
		const item = { json: { id: newKey() } };
		const n8n = own();
		await n8n.run(json, { triggerItems: [item] });
		const again = await n8n.run(json, { triggerItems: [item] });
		expect(again.counts('Guard').slice(0, 3)).toEqual([0, 1, 0]);
	});

	test('that wait for each other crosswise: one gives up in time, nothing acts twice, and it may come again', async () => {
		const [one, other] = [newKey(), newKey()];
		const meeting = await meetingOfTwo();
		const guardBy = (name: string, field: string, outputField: string) =>
			guard(name, {
				keySource: 'expression',
				key: `={{ $('Webhook').item.json.${field} }}`,
				compare: 'none',
				onInProgress: 'wait',
				maxWaitSeconds: 1,
				options: { scope: 'workflow', outputField },
			});
		const json = shape(
			[
				guardBy('Outer', 'first', 'outer'),
				http('Meet', { url: meeting.url, method: 'GET' }),
				guardBy('Guard', 'second', 'inner'),
				charge({ body: "={{ { key: $('Webhook').item.json.first } }}" }),
			],
			[['Webhook', 'Outer', 'Meet', 'Guard', 'Charge']],
		);
		const sent = async (first: string, second: string) =>
			await run(json, [{ json: { first, second } }]);

		const both = await Promise.all([sent(one, other), sent(other, one)]);
		await meeting.close();
		const gaveUp = both.filter((result) => result.counts('Guard')[2] === 1);
		expect(gaveUp).not.toEqual([]);
		for (const result of gaveUp) expect(result.tasks('Charge')).toEqual([]);
		const acts = () => downstream.effects(one) + downstream.effects(other);
		expect(acts()).toBe(2 - gaveUp.length);

		await sent(one, other);
		await sent(other, one);
		expect(acts()).toBeGreaterThan(0);
		for (const key of [one, other]) expect(downstream.effects(key)).toBeLessThan(2);
	});
});

/** A service that answers two requests when both have come, and later ones at once. */
async function meetingOfTwo() {
	const waiting: ServerResponse[] = [];
	const server = createServer((_request, response) => {
		waiting.push(response);
		if (waiting.length > 1) for (const each of waiting) each.end('{}');
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}/`,
		close: async () => await Promise.resolve(server.unref()),
	};
}
