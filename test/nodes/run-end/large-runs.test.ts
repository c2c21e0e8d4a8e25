import * as codec from '../../../lib/results/result-codec';
import { commit, guard, startDownstream, stopAndError } from '../../support/engine';
import type { Downstream } from '../../support/engine';
import { newKey } from '../../workflows/scenario';
import { aggregateAll, deliveries, http, loop, noOp, own, recordsOf, run, shape } from './shapes';

/** Batches of many requests: work is done once where it is the same, and n8n's thread is handed back. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const keys = (count: number) => Array.from({ length: count }, newKey);

test('one item that is the result of 600 requests is encoded once', async () => {
	const encode = jest.spyOn(codec, 'encodeResult');
	const json = shape(
		[guard('Guard'), aggregateAll('All'), commit('Commit')],
		[['Webhook', 'Guard', 'All', 'Commit']],
	);
	const items = deliveries(...keys(600));
	const first = await run(json, items);
	expect(first.json('Commit')).toHaveLength(1);
	expect(encode).toHaveBeenCalledTimes(1);
	const states = (await recordsOf(first)).map(({ state }) => state);
	expect(new Set(states)).toEqual(new Set(['completed']));
	expect(states).toHaveLength(600);
	encode.mockRestore();
	const [again] = (await run(json, items.slice(0, 1))).json('Guard', 1);
	expect((again?.data as unknown[]).length).toBe(600);
});

test.each([
	['stopped before anything acted', [stopAndError('Stop', 'no')], 'released'],
	['that succeeded without Commit', [noOp('Last')], 'completed'],
])(
	'a run of 2,000 requests %s settles, and others get their turns meanwhile',
	async (_, nodes, state) => {
		const json = shape([guard('Guard'), ...nodes], [['Webhook', 'Guard', nodes[0]?.name ?? '']]);
		let turns = 0;
		let isOver = false;
		const items = deliveries(...keys(2_000));
		const result = await own().run(json, {
			triggerItems: items,
			onNode: (event, name) => {
				if (event === 'after' && name === nodes[0]?.name) {
					const turn = () => {
						turns++;
						if (!isOver) setImmediate(turn);
					};
					setImmediate(turn);
				}
			},
		});
		isOver = true;
		expect(turns).toBeGreaterThan(15);
		expect(new Set((await recordsOf(result)).map((record) => record.state))).toEqual(
			new Set([state]),
		);
	},
	300_000,
);

test('a loop of 300 requests: Commit settles each as it comes through', async () => {
	const json = shape(
		[guard('Guard'), loop('Loop'), noOp('Act'), commit('Commit'), noOp('Done')],
		[
			['Webhook', 'Guard', 'Loop'],
			['Loop:1', 'Act', 'Commit', 'Loop'],
			['Loop', 'Done'],
		],
	);
	const items = deliveries(...keys(300));
	const stop = new AbortController();
	let commits = 0;
	const result = await own().run(json, {
		triggerItems: items,
		signal: stop.signal,
		onNode: (event, name) => {
			if (event === 'after' && name === 'Commit' && ++commits === 100) stop.abort();
		},
	});
	const states = (await recordsOf(result)).map(({ state }) => state);
	expect(states.filter((state) => state === 'completed')).toHaveLength(100);
	expect(states.filter((state) => state === 'released')).toHaveLength(200);
});

test('each answer of a batch is kept for its own request', async () => {
	const batch = keys(50);
	const json = shape(
		[guard('Guard'), http('Charge', { url: downstream.url, full: true }), commit('Commit')],
		[['Webhook', 'Guard', 'Charge', 'Commit']],
	);
	const first = await run(json, deliveries(...batch));
	const again = await run(json, deliveries(...batch));
	expect(again.json('Guard', 1)).toEqual(first.json('Charge'));
});
