import type { INode } from 'n8n-workflow';
import { commit, guard, node, stopAndError } from '../../support/engine';
import type { RunResult } from '../../support/engine';
import { delivery, newKey } from '../../workflows/scenario';
import { deliveries, filterBy, http, noOp, recordOf, run, shape, splitOut } from './shapes';
import { alerts, charge, CONTINUE, downstream, ERROR_OUTPUT, once } from './two-services';

/** Requests that get no further: where what was to follow was not done, they are not recorded as handled. */

const set = (name: string, json: string) =>
	node(
		name,
		'n8n-nodes-base.set',
		{ mode: 'raw', jsonOutput: `={{ ${json} }}`, options: {} },
		{ typeVersion: 3.4 },
	);

describe('a lookup that gets no answer', () => {
	const lookUp = (settings = {}) =>
		http('Look Up', { url: downstream.url, method: 'GET' }, settings);
	const toCharge = () => charge({ body: '={{ { key: "charge" } }}' });
	const alert = () => http('Alert', { url: alerts.url, body: '={{ { alert: true } }}' });
	const main = ['Webhook', 'Guard', 'Look Up', 'Charge'];
	const after = async (nodes: () => INode[], connections: string[][], status = 503) => {
		downstream.next({ status });
		return await once([guard('Guard'), lookUp(ERROR_OUTPUT), toCharge(), ...nodes()], connections);
	};

	test('whose error output leads to nothing: released at once', async () => {
		const { record, result } = await after(() => [], [main]);
		expect(result.status).toBe('success');
		expect(record).toMatchObject({ state: 'released', attempts: 0 });
		expect(record.reason).toContain('Look Up: HTTP 503');
	});

	test('whose error output leads to an alert: unknown, since the alert alone was done', async () => {
		const { record, result } = await after(() => [alert()], [main, ['Look Up:1', 'Alert']]);
		expect(result.tasks('Charge')).toEqual([]);
		expect(record.state).toBe('unknown');
		expect(record.reason).toContain('1 of 2 was not done');
	});

	test('whose error output leads to an alert and Commit: unknown', async () => {
		const { record } = await after(
			() => [alert(), commit('Commit')],
			[
				[...main, 'Commit'],
				['Look Up:1', 'Alert', 'Commit'],
			],
		);
		expect(record.state).toBe('unknown');
	});

	test('whose error output leads by other nodes to Commit: released', async () => {
		const { record } = await after(
			() => [set('Tell', '{ told: true }'), commit('Commit')],
			[
				[...main, 'Commit'],
				['Look Up:1', 'Tell', 'Commit'],
			],
		);
		expect(record.state).toBe('released');
	});

	test('what it was told is an answer: nobody has such a customer, and one is made', async () => {
		const create = () => http('Create', { url: alerts.url, body: '={{ { made: true } }}' });
		const { record } = await after(() => [create()], [main, ['Look Up:1', 'Create']], 404);
		expect(record.state).toBe('completed');
	});

	test('that is only to be had where there is one: what follows either way was done', async () => {
		const { record } = await after(
			() => [noOp('Without')],
			[main, ['Look Up:1', 'Without', 'Charge']],
		);
		expect(record.state).toBe('completed');
	});

	test.each([
		['Continue', CONTINUE, {}],
		['Never Error', {}, { full: true }],
	])('under %s, and then nothing acts: released at once', async (_, settings, more) => {
		downstream.next({ status: 503 });
		const asked = http('Look Up', { url: downstream.url, method: 'GET', ...more }, settings);
		const { record } = await once(
			[guard('Guard'), asked, filterBy('If', 'if', 'body.fine'), toCharge()],
			[['Webhook', 'Guard', 'Look Up', 'If', 'Charge']],
		);
		expect(record).toMatchObject({ state: 'released', attempts: 0 });
	});

	test('that is asked again counts by its last try', async () => {
		const again = [main, ['Look Up:1', 'Again', 'Look Up']];
		const { record, result } = await after(() => [noOp('Again')], again);
		expect(result.tasks('Look Up')).toHaveLength(2);
		expect(record.state).toBe('completed');
	});

	test('after the act, and nothing more was to be done: completed', async () => {
		const key = newKey();
		downstream.next({}, { status: 503 });
		const json = shape(
			[guard('Guard'), charge({ body: '={{ { key: "first" } }}' }), lookUp(ERROR_OUTPUT)],
			[['Webhook', 'Guard', 'Charge', 'Look Up']],
		);
		const result = await run(json, deliveries(key));
		expect(result.counts('Look Up')).toEqual([0, 1]);
		expect(await run(json, deliveries(key)).then((again) => again.counts('Guard')[1])).toBe(1);
	});
});

test('a node that failed before the act and has nothing on its error output: released at once', async () => {
	const failing = { ...set('Shape', '$json.nothing.deeper()'), ...ERROR_OUTPUT };
	const { record, result } = await once(
		[guard('Guard'), failing, charge()],
		[['Webhook', 'Guard', 'Shape', 'Charge']],
	);
	expect(result.counts('Shape')).toEqual([0, 1]);
	expect(record).toMatchObject({ state: 'released', attempts: 0 });
});

describe('a Guard further on', () => {
	const byKey = { keySource: 'expression', key: '={{ $json.body.key }}' };
	const outer = guard('Outer', { ...byKey, options: { outputField: 'outer' } });
	const inner = (key: string) =>
		guard('Inner', {
			keySource: 'expression',
			key,
			compare: 'none',
			options: { outputField: 'inner' },
		});
	const outerRecord = async (result: RunResult) => await recordOf(result, 'Outer', 'outer');

	test('that refuses, and lets the request through when it is tried again: completed', async () => {
		const json = shape(
			[
				outer,
				inner('={{ $json.again ?? $json.body.busy }}'),
				charge({ body: '={{ $json.body }}' }),
				set('Again', '{ ...$json, again: $json.body.key }'),
			],
			[
				['Webhook', 'Outer', 'Inner', 'Charge'],
				['Inner:2', 'Again', 'Inner'],
			],
		);
		const busy = newKey();
		const first = newKey();
		downstream.nextFor(first, { status: 500 });
		await run(json, [delivery(first, { busy })]);
		const result = await run(json, [delivery(newKey(), { busy })]);
		expect(result.tasks('Inner')).toHaveLength(2);
		expect(await outerRecord(result)).toMatchObject({ state: 'completed' });
	});

	test.each(['detect', 'completed'])(
		'that refuses the part for which Commit waits (Outcome %s): not completed',
		async (outcome) => {
			const busy = newKey();
			const json = shape(
				[
					outer,
					splitOut('Split', 'body.parts'),
					filterBy('If', 'if', 'easy'),
					commit('Commit', { outcome }),
					noOp('Later'),
					inner(busy),
					charge({ body: '={{ { key: $json.key } }}' }),
				],
				[
					['Webhook', 'Outer', 'Split', 'If', 'Commit'],
					['If:1', 'Later', 'Inner', 'Charge', 'Commit'],
				],
			);
			const parts = () => [
				{ key: newKey(), easy: true },
				{ key: newKey(), easy: false },
			];
			const [easy, hard] = parts();
			downstream.nextFor(hard?.key ?? '', { status: 500 });
			await run(json, [delivery(newKey(), { parts: [easy, hard] as never })]);
			const result = await run(json, [delivery(newKey(), { parts: parts() as never })]);
			expect(result.counts('Inner').slice(0, 3)).toEqual([0, 0, 1]);
			const state = outcome === 'detect' ? 'released' : 'unknown';
			expect(await outerRecord(result)).toMatchObject({ state });
		},
	);
});

describe('Stop and Error behind an act whose answer is known', () => {
	test.each([
		[200, 'unknown'],
		[402, 'failed'],
		[429, 'released'],
		[500, 'unknown'],
	])('%d: %s', async (status, state) => {
		const { record, result } = await once(
			[
				guard('Guard'),
				charge({ full: true }),
				filterBy('If', 'if', 'body.fine'),
				commit('Commit'),
				stopAndError('Stop', 'declined'),
			],
			[
				['Webhook', 'Guard', 'Charge', 'If', 'Commit'],
				['If:1', 'Stop'],
			],
			[{ status }],
		);
		expect(result.status).toBe('error');
		expect(record.state).toBe(state);
	});
});
