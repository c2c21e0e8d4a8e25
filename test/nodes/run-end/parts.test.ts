import type { INode } from 'n8n-workflow';
import { commit, guard, startDownstream } from '../../support/engine';
import type { Answer, Downstream } from '../../support/engine';
import { delivery, newKey } from '../../workflows/scenario';
import { http, loop, noOp, recordOf, run, shape, splitOut } from './shapes';

/** A claim is finished when nothing of it can still happen: requests that become several calls. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;

describe('one request that becomes several calls', () => {
	const split = (settings = {}, request = {}): INode[] => [
		guard('Guard'),
		splitOut('Split', 'body.parts'),
		http(
			'Charge',
			{ url: downstream.url, ...request, body: '={{ { key: $json.key } }}' },
			settings,
		),
		commit('Commit'),
	];
	async function parts(nodes: INode[], connections: string[][], ...answers: Answer[]) {
		const keys = answers.map(newKey);
		for (const [i, answer] of answers.entries()) downstream.nextFor(keys[i] ?? '', answer);
		const item = delivery(newKey(), { parts: keys.map((key) => ({ key })) });
		const json = shape(nodes, connections);
		const result = await run(json, [item]);
		return { result, json, item, keys, record: await recordOf(result) };
	}
	const both = [
		['Webhook', 'Guard', 'Split', 'Charge', 'Commit'],
		['Charge:1', 'Commit'],
	];

	test('all answered: completed once, with all items', async () => {
		const { record, result, json, item } = await parts(split(), [both[0] ?? []], {}, {}, {});
		expect(record.state).toBe('completed');
		const again = await run(json, [item]);
		expect(again.json('Guard', 1)).toEqual(result.json('Charge'));
	});

	test.each<[string, Answer, string]>([
		['a lost answer', { reset: true }, 'unknown'],
		['429', { status: 429 }, 'unknown'],
		['402', { status: 402 }, 'completed'],
	])('both outputs to Commit, the second with %s: %s', async (_, answer, state) => {
		const { record } = await parts(split(ERROR_OUTPUT), both, {}, answer);
		expect(record.state).toBe(state);
	});

	test('both outputs to Commit: the items of both are the result', async () => {
		const { result, json, item } = await parts(split(ERROR_OUTPUT), both, {}, { status: 402 });
		expect(result.tasks('Commit')).toHaveLength(2);
		expect((await run(json, [item])).items('Guard', 1)).toHaveLength(2);
	});

	const inLoop = (): INode[] => [
		guard('Guard'),
		splitOut('Split', 'body.parts'),
		loop('Loop'),
		http('Charge', { url: downstream.url, body: '={{ { key: $json.key } }}' }),
		commit('Commit'),
		noOp('Done'),
	];
	const looped = [
		['Webhook', 'Guard', 'Split', 'Loop'],
		['Loop:1', 'Charge', 'Commit', 'Loop'],
		['Loop', 'Done'],
	];

	test('Commit in a loop: finished by the last part, with all items', async () => {
		const { record, result, json, item } = await parts(inLoop(), looped, {}, {}, {});
		expect(result.tasks('Commit')).toHaveLength(3);
		expect(record.state).toBe('completed');
		expect((await run(json, [item])).json('Guard', 1)).toEqual(result.json('Charge'));
	});

	test.each<[string, Answer]>([
		['a lost answer', { reset: true }],
		['a refusal', { status: 402 }],
		['429', { status: 429 }],
	])('Commit in a loop that stops in the middle at %s: unknown', async (_, answer) => {
		const { record, result } = await parts(inLoop(), looped, {}, answer, {});
		expect(result.status).toBe('error');
		expect(record.state).toBe('unknown');
	});

	test('Commit in a loop that stops at its first part with 429: released, since nothing was done', async () => {
		const { record } = await parts(inLoop(), looped, { status: 429 }, {}, {});
		expect(record.state).toBe('released');
	});

	test('stopped from outside between two parts: unknown', async () => {
		const stop = new AbortController();
		const keys = [newKey(), newKey()];
		const item = delivery(newKey(), { parts: keys.map((key) => ({ key })) });
		let runs = 0;
		const result = await run(shape(inLoop(), looped), [item], {
			signal: stop.signal,
			onNode: (event, node) => {
				if (event === 'after' && node === 'Commit' && ++runs === 1) stop.abort();
			},
		});
		expect((await recordOf(result)).state).toBe('unknown');
	});

	test('killed between two parts: held by the lease, never completed by the first', async () => {
		const keys = [newKey(), newKey()];
		const item = delivery(newKey(), { parts: keys.map((key) => ({ key })) });
		const result = await run(shape(inLoop(), looped), [item], { finishHandlers: 'lost' });
		// This run went on to its end: the last part finished it.
		expect((await recordOf(result)).state).toBe('completed');
		const stop = new AbortController();
		const other = delivery(newKey(), { parts: [newKey(), newKey()].map((key) => ({ key })) });
		const cut = await run(shape(inLoop(), looped), [other], {
			finishHandlers: 'lost',
			signal: stop.signal,
			onNode: (event, node) => {
				if (event === 'after' && node === 'Commit') stop.abort();
			},
		});
		expect((await recordOf(cut)).state).toBe('processing');
	});

	test('an n8n that tells of no end: each part is finished as it comes', async () => {
		const keys = [newKey(), newKey()];
		const item = delivery(newKey(), { parts: keys.map((key) => ({ key })) });
		const result = await run(shape(inLoop(), looped), [item], { finishHandlers: 'missing' });
		expect((await recordOf(result)).state).toBe('completed');
		expect(
			result
				.hints('Commit')
				.map(({ message }) => message)
				.join(),
		).toContain('already completed');
	});

	test('a branch of parts that leads to no Commit does not keep it open', async () => {
		const { record } = await parts(
			[...split(), http('Notify', { url: downstream.url, body: '={{ { done: true } }}' })],
			[
				['Webhook', 'Guard', 'Split', 'Charge', 'Commit'],
				['Charge', 'Notify'],
			],
			{},
		);
		expect(record.state).toBe('completed');
	});
});
