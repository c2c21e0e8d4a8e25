import type { IDataObject } from 'n8n-workflow';
import {
	aggregate,
	createEngine,
	http,
	javascript,
	loop,
	merge,
	noOp,
	standIns,
	startDownstream,
	webhook,
	workflow,
} from '.';
import type { Answer, Downstream, NodeSettings } from '.';
import { until } from '../until';

const engine = createEngine({ nodes: standIns });
const numbers = (...ids: number[]) => ids.map((id) => ({ json: { id } }));

/** Emits, per item, what `$('Webhook')` gives for it: the ids that its links lead to. */
const trace = (name: string) =>
	javascript(
		name,
		(items, context) =>
			items.map((_, index) => ({
				json: {
					from: context.evaluateExpression('{{ $("Webhook").item.json.id }}', index) as number,
				},
			})),
		{ links: 'none' },
	);

describe('HTTP', () => {
	let downstream: Downstream;
	beforeEach(async () => {
		downstream = await startDownstream();
	});
	afterEach(async () => await downstream.close());

	const charge = async (settings: NodeSettings, answers: Answer[], extra = {}) => {
		downstream.next(...answers);
		const request = { url: `${downstream.url}/charges`, ...extra };
		const nodes = [webhook(), http('Charge', request, settings), noOp('Commit'), noOp('Error')];
		const connections = [
			['Webhook', 'Charge', 'Commit'],
			['Charge:1', 'Error'],
		];
		const items = answers.length > 0 ? numbers(...answers.keys()) : numbers(0);
		return await engine.run(workflow({ nodes, connections }), { triggerItems: items });
	};
	const errorOf = (json?: IDataObject) => json?.error as IDataObject | undefined;

	test('sends the item, with headers by expression, and gives the body', async () => {
		const result = await charge({}, [{}], {
			headers: '={{ { "Idempotency-Key": "key-" + $json.id } }}',
		});
		expect(result.json('Commit')).toEqual([{ charge: 'charge-1', key: 'key-0' }]);
		expect(downstream.requests).toMatchObject([
			{ method: 'POST', path: '/charges', body: { id: 0 }, key: 'key-0' },
		]);
		expect(downstream.charges).toEqual({ 'key-0': 1 });
	});

	test('stops at an error: status as text, the first failed item, no Retry-After', async () => {
		const result = await charge({}, [{}, { status: 429, headers: { 'retry-after': '7' } }]);
		expect(result.status).toBe('error');
		expect(result.error).toMatchObject({
			name: 'NodeApiError',
			httpCode: '429',
			context: { itemIndex: 1 },
		});
		expect(JSON.stringify(result.error)).not.toContain('retry-after');
	});

	test('error output: the input item with the live error; stored, it keeps status and code', async () => {
		const result = await charge({ onError: 'continueErrorOutput' }, [
			{},
			{ status: 503, headers: { 'retry-after': '7' } },
		]);
		expect(result.status).toBe('success');
		expect(result.counts('Charge')).toEqual([1, 1]);
		const [item] = result.json('Error');
		expect(item?.id).toBe(1);
		expect(errorOf(item)).toMatchObject({
			status: 503,
			message: expect.stringMatching(/^503 - "/),
			response: { headers: { 'retry-after': '7' } },
		});
		const stored = JSON.parse(JSON.stringify(item)) as IDataObject;
		expect(Object.keys(errorOf(stored) ?? {}).sort()).toEqual([
			'code',
			'message',
			'name',
			'stack',
			'status',
		]);
		expect(errorOf(stored)?.status).toBe(503);
		expect(result.tasks('Charge')[0]?.error).toBeUndefined();
	});

	test('Continue puts error items on output 0', async () => {
		const result = await charge({ onError: 'continueRegularOutput' }, [{ status: 500 }, {}]);
		expect(result.json('Commit').map((json) => 'error' in json)).toEqual([true, false]);
	});

	test('full response, never an error, with Retry-After', async () => {
		const result = await charge(
			{},
			[{ status: 503, headers: { 'retry-after': '7' }, body: { later: true } }],
			{ fullResponse: true },
		);
		expect(result.json('Commit')).toMatchObject([
			{ statusCode: 503, headers: { 'retry-after': '7' }, body: { later: true } },
		]);
	});

	test('a time-out is an error all the same, after the side effect happened', async () => {
		const result = await charge({ onError: 'continueErrorOutput' }, [{ delayMs: 2_000 }], {
			fullResponse: true,
			timeout: 50,
		});
		expect(errorOf(result.json('Error')[0])?.code).toBe('ECONNABORTED');
		expect(downstream.total).toBe(1);
	});

	test('a cut connection and a closed port', async () => {
		const settings = { onError: 'continueErrorOutput' as const };
		const cut = await charge(settings, [{ reset: true }]);
		expect(errorOf(cut.json('Error')[0])?.code).toBe('ECONNRESET');
		const { url } = downstream;
		await downstream.close();
		const refused = await charge(settings, [], { url });
		expect(errorOf(refused.json('Error')[0])?.code).toBe('ECONNREFUSED');
		const stopped = await charge({}, [], { url });
		expect(stopped.error).toMatchObject({ httpCode: 'ECONNREFUSED' });
	});

	test('Retry On Fail shows the last try only', async () => {
		const result = await charge({ retryOnFail: true, maxTries: 2 }, [{ status: 500 }]);
		expect(result.status).toBe('success');
		expect(downstream.requests).toHaveLength(2);
		expect(result.tasks('Charge')).toHaveLength(1);
	});

	test('a list is an item each; an empty one is no item, and what follows does not run', async () => {
		const many = await charge({}, [{ body: [{ a: 1 }, { a: 2 }] }]);
		expect(many.json('Commit')).toEqual([{ a: 1 }, { a: 2 }]);
		const none = await charge({}, [{ body: [] }]);
		expect(none.status).toBe('success');
		expect(none.tasks('Commit')).toEqual([]);
	});

	test('a 200 whose body is an error goes to the error output, as a bare string', async () => {
		const result = await charge({ onError: 'continueErrorOutput' }, [{ body: { error: 'no' } }]);
		expect(result.json('Error')).toEqual([{ id: 0, error: 'no' }]);
	});
});

describe('the downstream', () => {
	let downstream: Downstream;
	beforeEach(async () => {
		downstream = await startDownstream();
	});
	afterEach(async () => await downstream.close());

	test('counts side effects by key, and answers as planned', async () => {
		const post = async (key: string) => {
			const headers = { 'idempotency-key': key };
			return (await fetch(downstream.url, { method: 'POST', headers })).status;
		};
		downstream.nextFor('b', { status: 402 });
		downstream.next({ status: 500, effect: true });
		expect([await post('b'), await post('a'), await post('a'), await post('b')]).toEqual([
			402, 500, 200, 200,
		]);
		expect(downstream.charges).toEqual({ a: 2, b: 1 });
		expect([downstream.effects('a'), downstream.effects('c'), downstream.total]).toEqual([2, 0, 3]);
	});

	test('holds an answer back, the effect having happened', async () => {
		let release = () => {};
		downstream.next({ until: new Promise<void>((resolve) => (release = resolve)) });
		const answer = fetch(downstream.url, { method: 'POST', body: '{"key":"a"}' });
		await until('the effect has happened', () => downstream.effects('a') > 0);
		const early = new Promise((resolve) => setTimeout(resolve, 300, 'held back'));
		expect(await Promise.race([answer, early])).toBe('held back');
		release();
		expect((await answer).status).toBe(200);
	});
});

describe('item links', () => {
	const run = async (nodes: Parameters<typeof workflow>[0]['nodes'], connections?: string[][]) =>
		await engine.run(workflow({ nodes: [webhook(), ...nodes], connections }), {
			triggerItems: numbers(1, 2, 3),
		});
	const double = (links: 'kept' | 'none' | 'broken' | 'all') =>
		javascript('Code', (items) => [...items, ...items].map(({ json }) => ({ json })), { links });

	test('kept: reordered items stay linked', async () => {
		const reverse = javascript('Code', (items) => [...items].reverse());
		const result = await run([reverse, trace('Trace')]);
		expect(result.json('Trace')).toEqual([{ from: 3 }, { from: 2 }, { from: 1 }]);
	});

	test('none: lost, unless the counts are equal', async () => {
		expect((await run([double('none'), trace('Trace')])).error?.message).toMatch(/Paired item/);
		const same = javascript('Code', (items) => items.map(({ json }) => ({ json })), {
			links: 'none',
		});
		const result = await run([same, trace('Trace')]);
		expect(result.json('Trace')).toEqual([{ from: 1 }, { from: 2 }, { from: 3 }]);
	});

	test('broken: lost always', async () => {
		const same = javascript('Code', (items) => items.map(({ json }) => ({ json })), {
			links: 'broken',
		});
		for (const broken of [same, double('broken')]) {
			expect((await run([broken, trace('Trace')])).status).toBe('error');
		}
	});

	test('all, and Aggregate: one item for several, which `.item` can not serve', async () => {
		for (const several of [double('all'), aggregate('Aggregate')]) {
			const result = await run([several, trace('Trace')]);
			expect(result.error).toMatchObject({ context: { type: 'paired_item_multiple_matches' } });
		}
		const result = await run([aggregate('Aggregate')]);
		expect(result.json('Aggregate')).toEqual([{ data: [{ id: 1 }, { id: 2 }, { id: 3 }] }]);
	});

	test('Merge appends, and waits for its second input', async () => {
		const result = await run(
			[noOp('A'), noOp('B'), merge('Merge'), trace('Trace')],
			[
				['Webhook', 'A', 'Merge', 'Trace'],
				['Webhook', 'B', 'Merge@1'],
			],
		);
		expect(result.tasks('Merge')).toHaveLength(1);
		expect(result.json('Trace').map(({ from }) => from)).toEqual([1, 2, 3, 1, 2, 3]);
	});

	test('Loop: a batch per round, linked to its own item, then all at once', async () => {
		const result = await run(
			[loop('Loop'), trace('Trace'), noOp('Done')],
			[
				['Webhook', 'Loop:1', 'Trace', 'Loop'],
				['Loop', 'Done'],
			],
		);
		expect(result.tasks('Trace')).toHaveLength(3);
		expect(result.json('Trace', 0, 2)).toEqual([{ from: 3 }]);
		expect(result.json('Trace')).toEqual([{ from: 1 }, { from: 2 }, { from: 3 }]);
		expect(result.json('Done')).toEqual(result.json('Trace'));
	});
});
