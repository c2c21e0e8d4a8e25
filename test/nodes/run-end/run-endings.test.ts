import type { INode } from 'n8n-workflow';
import { claimEndOf } from '../../../nodes/run-end/claim-end';
import type { Judge } from '../../../nodes/run-end/judge';
import { commit, guard, node, startDownstream } from '../../support/engine';
import type { Downstream, RunOptions } from '../../support/engine';
import { newKey } from '../../workflows/scenario';
import { deliveries, filterBy, http, loop, noOp, recordOf, recordsOf, run, shape } from './shapes';

/** How a run ended, and what that makes of a claim that no Commit has finished: "Abandoned" of docs/guarantees.md, with n8n's own nodes. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const charge = () => http('Charge', { url: downstream.url });
const sleeping = () =>
	node(
		'Wait',
		'n8n-nodes-base.wait',
		{ resume: 'timeInterval', amount: 60, unit: 'seconds' },
		{ typeVersion: 1.1 },
	);
/** n8n's If, which refuses to take the text of this field for true or false. */
function broken(field = 'body.key'): INode {
	const decide = filterBy('Decide', 'if', field);
	const { conditions } = decide.parameters as { conditions: { options: object } };
	Object.assign(conditions.options, { typeValidation: 'strict' });
	return decide;
}

async function ended(nodes: INode[], options: (stop: () => void) => RunOptions = () => ({})) {
	const key = newKey();
	const stop = new AbortController();
	const json = shape(
		[guard('Guard'), ...nodes, commit('Commit')],
		[['Webhook', 'Guard', ...nodes.map(({ name }) => name), 'Commit']],
	);
	const result = await run(json, deliveries(key), {
		signal: stop.signal,
		...options(() => stop.abort()),
	});
	return { key, result, record: await recordOf(result) };
}

/** Stops the run once this has happened to the node. */
const stopAt =
	(event: 'before' | 'after', name: string) =>
	(stop: () => void): RunOptions => ({
		onNode: (seen, node) => {
			if (seen === event && node === name) setTimeout(stop, event === 'before' ? 30 : 0);
		},
	});

/** The run's time limit passes once this has happened to the node. */
function limitAt(event: 'before' | 'after', name: string): () => RunOptions {
	const limit = new AbortController();
	return () => ({
		...stopAt(event, name)(() => limit.abort()),
		timeLimit: limit.signal,
	});
}

describe('before anything that acts had begun: released, and the attempt given back', () => {
	test('stopped by an error', async () => {
		const { result, record, key } = await ended([broken(), charge()]);
		expect(result.status).toBe('error');
		expect(record).toMatchObject({ state: 'released', attempts: 0 });
		expect(record.reason).toContain('stopped at Decide, before anything had acted');
		expect(downstream.effects(key)).toBe(0);
	});

	test('cancelled', async () => {
		const { result, record } = await ended([sleeping(), charge()], stopAt('before', 'Wait'));
		expect(result.status).toBe('canceled');
		expect(record).toMatchObject({ state: 'released', attempts: 0 });
	});

	test('over its time limit', async () => {
		const { record } = await ended([sleeping(), charge()], limitAt('before', 'Wait'));
		expect(record).toMatchObject({ state: 'released', attempts: 0 });
	});

	test('succeeded, where Commit is awaited', async () => {
		const { result, record } = await ended([filterBy('If', 'if', 'body.paid'), charge()]);
		expect(result.status).toBe('success');
		expect(record).toMatchObject({ state: 'released', attempts: 0 });
	});
});

describe('once a node had acted, or may have: unknown', () => {
	/** Its answer comes after the end, whose timer is of this process too. */
	const inFlight = async (options: (stop: () => void) => RunOptions) => {
		downstream.next({ delayMs: 500 });
		return await ended([charge()], options);
	};

	test('cancelled while it was in flight', async () => {
		const { result, record } = await inFlight(stopAt('before', 'Charge'));
		expect(result.status).toBe('canceled');
		expect(record).toMatchObject({ state: 'unknown' });
	});

	test('over its time limit while it was in flight', async () => {
		const { record } = await inFlight(limitAt('before', 'Charge'));
		expect(record).toMatchObject({ state: 'unknown' });
	});

	test('cancelled after it', async () => {
		const { record, key } = await ended([charge(), sleeping()], stopAt('before', 'Wait'));
		expect(downstream.effects(key)).toBe(1);
		expect(record).toMatchObject({ state: 'unknown' });
	});

	test('stopped by an error of another node after it', async () => {
		const { record, key } = await ended([charge(), broken('key')]);
		expect(downstream.effects(key)).toBe(1);
		expect(record).toMatchObject({ state: 'unknown' });
	});
});

describe('stopped by an error about another request', () => {
	test('an act that went well is done, with what it gave; the other is judged by its error', async () => {
		const keys = [newKey(), newKey(), newKey()];
		downstream.nextFor(keys[1] ?? '', { status: 429 });
		const json = shape(
			[guard('Guard'), loop('Loop'), charge()],
			[
				['Webhook', 'Guard', 'Loop'],
				['Loop:1', 'Charge', 'Loop'],
			],
		);
		const result = await run(json, deliveries(...keys));
		expect(result.status).toBe('error');
		const states = (await recordsOf(result)).map(({ state }) => state);
		expect(states).toEqual(['completed', 'released', 'released']);
		const again = await run(json, deliveries(...keys));
		expect(again.json('Guard', 1)).toEqual([result.json('Charge')[0]]);
		expect(downstream.effects(keys[0] ?? '')).toBe(1);
	});

	test('an act that went well, and another that was to follow: unknown', async () => {
		const keys = [newKey(), newKey()];
		downstream.nextFor(keys[1] ?? '', { status: 429 });
		const json = shape(
			[guard('Guard'), loop('Loop'), charge(), http('Sum Up', { url: downstream.url })],
			[
				['Webhook', 'Guard', 'Loop', 'Sum Up'],
				['Loop:1', 'Charge', 'Loop'],
			],
		);
		const states = (await recordsOf(await run(json, deliveries(...keys)))).map(
			({ state }) => state,
		);
		expect(states).toEqual(['unknown', 'released']);
	});

	test('beside it, on a branch without it', async () => {
		const key = newKey();
		const json = shape(
			[guard('Guard'), charge(), http('Log', { url: 'http://127.0.0.1:1/' })],
			[
				['Webhook', 'Guard', 'Charge'],
				['Webhook', 'Log'],
			],
		);
		const result = await run(json, deliveries(key));
		expect(result.status).toBe('error');
		expect(await recordOf(result)).toMatchObject({ state: 'completed' });
	});
});

test('succeeded after an act that went well: completed with what that gave', async () => {
	const { result, record } = await ended([charge(), filterBy('If', 'if', 'paid'), noOp('Last')]);
	expect(result.tasks('Commit')).toEqual([]);
	expect(record).toMatchObject({ state: 'completed' });
});

test.each(['success', 'error', 'canceled', 'timed_out'] as const)(
	'%s, and its data do not hold the request: unknown',
	(how) => {
		const end = claimEndOf(undefined as unknown as Judge, undefined, { how, failed: null }, true);
		expect(end).toMatchObject({ outcome: 'unknown', nothingActed: false });
	},
);
