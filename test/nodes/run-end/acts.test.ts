import type { IDataObject } from 'n8n-workflow';
import { commit, guard, javascript, wait } from '../../support/engine';
import type { Answer } from '../../support/engine';
import { delivery, newKey, routed } from '../../workflows/scenario';
import { deliveries, filterBy, http, recordOf, recordsOf, run, shape } from './shapes';
import { alerts, charge, downstream, ERROR_OUTPUT, notify, once } from './two-services';

/** Every act of a claim counts, not only the last: whole workflows of n8n's own nodes. */

describe('two acts in a row', () => {
	const chain = [['Webhook', 'Guard', 'Charge', 'Notify', 'Commit']];
	const nodes = () => [
		guard('Guard'),
		charge({ full: true }),
		notify({ full: true }),
		commit('Commit'),
	];

	test.each<[number, number, string]>([
		[200, 200, 'completed'],
		[200, 429, 'unknown'],
		[200, 402, 'completed'],
		[200, 500, 'unknown'],
		[429, 200, 'unknown'],
		[402, 402, 'failed'],
		[429, 429, 'released'],
		[402, 429, 'unknown'],
	])('%d, then %d: %s', async (first, second, state) => {
		const { record } = await once(nodes(), chain, [{ status: first }], [{ status: second }]);
		expect(record.state).toBe(state);
	});

	test('stopped at the second by a 429: unknown, since the first had charged', async () => {
		const { record, key } = await once(
			[guard('Guard'), charge(), notify(), commit('Commit')],
			chain,
			[],
			[{ status: 429 }],
		);
		expect(downstream.effects(key)).toBe(1);
		expect(record.state).toBe('unknown');
	});
});

describe('an alert behind the error output', () => {
	const nodes = () => [
		guard('Guard'),
		charge({}, ERROR_OUTPUT),
		http('Alert', { url: alerts.url, body: '={{ { alert: true } }}' }),
		commit('Commit'),
	];
	const connections = [
		['Webhook', 'Guard', 'Charge', 'Commit'],
		['Charge:1', 'Alert', 'Commit'],
	];

	test('429: unknown, and a hint says where Commit belongs', async () => {
		const { record, result } = await once(nodes(), connections, [{ status: 429 }]);
		expect(record).toMatchObject({ state: 'unknown' });
		expect(record.reason).toContain('1 of 2 was not done');
		const hints = result.hints('Commit').map(({ message }) => message);
		expect(hints.join()).toContain('error output');
	});

	test('402: final, and so is the alert', async () => {
		const { record } = await once(nodes(), connections, [{ status: 402 }]);
		expect(record.state).toBe('completed');
	});

	test('with Commit before the alert: by the refusal', async () => {
		const { record } = await once(
			nodes(),
			[
				['Webhook', 'Guard', 'Charge', 'Commit'],
				['Charge:1', 'Commit', 'Alert'],
			],
			[{ status: 429 }],
		);
		expect(record.state).toBe('released');
	});
});

test('an act after Commit does not count', async () => {
	const { record } = await once(
		[guard('Guard'), charge({ full: true }), commit('Commit'), notify()],
		[['Webhook', 'Guard', 'Charge', 'Commit', 'Notify']],
		[],
		[{ status: 429 }],
	);
	expect(record.state).toBe('completed');
});

describe('a retry loop', () => {
	const nodes = () => [
		guard('Guard'),
		charge({}, ERROR_OUTPUT),
		{
			...wait('Wait', 0.01),
			typeVersion: 1.1,
			parameters: { resume: 'timeInterval', amount: 0.01, unit: 'seconds' },
		},
		javascript('Again', (items) =>
			items.map(({ json }, item) => ({
				json: { body: json.body } as IDataObject,
				pairedItem: { item },
			})),
		),
		commit('Commit'),
	];
	const connections = [
		['Webhook', 'Guard', 'Charge', 'Commit'],
		['Charge:1', 'Wait', 'Charge'],
	];

	test.each<[string, Answer[], string]>([
		['refused, then answered', [{ status: 429 }, {}], 'completed'],
		['lost, then answered', [{ status: 500 }, {}], 'completed'],
		['refused twice, then answered', [{ status: 429 }, { status: 503 }, {}], 'completed'],
	])('%s: %s', async (_, answers, state) => {
		const { record, key } = await once(nodes(), connections, answers);
		expect(record.state).toBe(state);
		expect(downstream.requests.filter((request) => request.key === key).length).toBe(
			answers.length,
		);
	});
});

describe('items that lead nowhere', () => {
	test('If: what was let go before anything acted is free again, at once', async () => {
		const key = newKey();
		const json = shape(
			[guard('Guard'), filterBy('If', 'if', 'body.paid'), charge(), commit('Commit')],
			[['Webhook', 'Guard', 'If', 'Charge', 'Commit']],
		);
		const result = await run(json, deliveries(key));
		expect(await recordOf(result)).toMatchObject({ state: 'released', attempts: 0 });
		expect(routed(await run(json, deliveries(key)))[0]).toBe(1);
	});

	test('Filter in a batch: the one that is left is committed alone', async () => {
		const [a, b] = [newKey(), newKey()];
		const json = shape(
			[
				guard('Guard'),
				filterBy('Filter', 'filter', 'body.paid'),
				charge({ full: true }),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Filter', 'Charge', 'Commit']],
		);
		const result = await run(json, [delivery(a, { paid: true }), delivery(b)]);
		const records = await recordsOf(result);
		expect(records.map(({ state }) => state)).toEqual(['completed', 'released']);
	});
});
