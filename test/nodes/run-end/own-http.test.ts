import { commit, guard, startDownstream } from '../../support/engine';
import type { Answer, Downstream } from '../../support/engine';
import { newKey } from '../../workflows/scenario';
import type { HttpSettings } from './shapes';
import {
	aggregateAll,
	deliveries,
	http,
	recordOf,
	recordsOf,
	run,
	shape,
	splitOut,
} from './shapes';

/** What n8n's own HTTP Request says of its act, in its settings. */

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const CONTINUE = { onError: 'continueRegularOutput' } as const;
const ERROR_OUTPUT = { onError: 'continueErrorOutput' } as const;
const late = { delayMs: 400 };
const brief = { options: { timeout: 100 } };

/** Guard → Charge → Commit, with both outputs of Charge to Commit where it has two. */
async function charged(
	answers: Answer[],
	request: Partial<HttpSettings> = {},
	settings: Parameters<typeof http>[2] = {},
) {
	const key = newKey();
	downstream.nextFor(key, ...answers);
	const json = shape(
		[
			guard('Guard'),
			http('Charge', { url: downstream.url, ...request }, settings),
			commit('Commit'),
		],
		[
			['Webhook', 'Guard', 'Charge', 'Commit'],
			...(settings.onError === 'continueErrorOutput' ? [['Charge:1', 'Commit']] : []),
		],
	);
	const result = await run(json, deliveries(key));
	return { key, result, record: await recordOf(result) };
}

describe.each([
	['Never Error, full response', { full: true }, {}],
	['Continue', {}, CONTINUE],
	['error output', {}, ERROR_OUTPUT],
	['Stop Workflow', {}, {}],
] as const)('%s', (_name, request, settings) => {
	test.each<[string, Answer, string]>([
		['200', {}, 'completed'],
		['402', { status: 402 }, 'failed'],
		['429', { status: 429 }, 'released'],
		['500', { status: 500 }, 'unknown'],
		['a cut connection', { reset: true }, 'unknown'],
		['a late answer', late, 'unknown'],
	])('%s', async (name, answer, state) => {
		const options = name === 'a late answer' ? brief : {};
		const { record } = await charged([answer], { ...request, ...options }, settings);
		expect(record.state).toBe(state);
	});

	test('nothing listens: released', async () => {
		const { record } = await charged([], { ...request, url: 'http://127.0.0.1:1/' }, settings);
		expect(record).toMatchObject({ state: 'released' });
		expect(record.reason).toContain('nothing was sent');
	});
});

test('"Never Error" without the status: a refusal can not be seen', async () => {
	const options = { response: { response: { neverError: true } } };
	const { record } = await charged([{ status: 429 }], { options });
	expect(record).toMatchObject({ state: 'unknown' });
	expect(record.reason).toContain('the status of the answer is hidden');
});

describe('an answer that went well, in whose body stands what looks like a refusal', () => {
	const refusals: object[] = [
		{ error: { status: 429 } },
		{ error: { httpCode: '402' } },
		{ id: 1, error: { code: 'ECONNREFUSED' } },
		{ statusCode: 429, headers: {}, body: {} },
		{ statusCode: 402, body: {} },
		{ any: { outcome: 'conflict', reason: 'in_progress', statusCode: 409 } },
	];

	test.each(refusals)('%j: never given back, never refused for good', async (body) => {
		const { record, key } = await charged([{ body }]);
		expect(downstream.effects(key)).toBe(1);
		expect(record.state).toBe('unknown');
	});

	test.each([CONTINUE, ERROR_OUTPUT])('beside what was asked for, under %j', async (settings) => {
		const { record } = await charged([{ body: { id: 1, error: { status: 429 } } }], {}, settings);
		expect(record.state).toBe('unknown');
	});

	test('with the status beside it: completed', async () => {
		const body = { error: { status: 429 }, statusCode: 429 };
		const { record } = await charged([{ body }], { full: true });
		expect(record.state).toBe('completed');
	});
});

describe('redirects', () => {
	const stay = { redirect: { redirect: { followRedirects: false } } };
	const full = { response: { response: { neverError: true, fullResponse: true } } };

	test.each([
		[303, 'completed'],
		[302, 'completed'],
		[307, 'released'],
		[308, 'released'],
	])('%d, not followed: %s', async (status, state) => {
		const answer = { status, headers: { location: `${downstream.url}/elsewhere` } };
		const withStatus = await charged([answer], { options: { ...stay, ...full } });
		expect(withStatus.record.state).toBe(state);
		const asError = await charged([answer], { options: stay }, ERROR_OUTPUT);
		expect(asError.record.state).toBe(state);
	});

	test.each([
		['Stop Workflow', {}],
		['Continue', CONTINUE],
		['error output', ERROR_OUTPUT],
	])(
		'followed to a host that refuses the connection, %s: unknown, since it charged',
		async (_, settings) => {
			const answer = {
				status: 303,
				headers: { location: 'http://127.0.0.1:1/receipt' },
				effect: true,
			};
			const { key, record } = await charged([answer], {}, settings);
			expect(downstream.effects(key)).toBe(1);
			expect(record).toMatchObject({ state: 'unknown' });
			expect(record.reason).toContain('at another address');
		},
	);

	test('followed to an answer: completed', async () => {
		const answer = { status: 303, headers: { location: `${downstream.url}/receipt` } };
		expect((await charged([answer], { full: true })).record.state).toBe('completed');
	});
});

describe('no items', () => {
	test('an empty list for an answer: completed, with an empty result', async () => {
		const { record, result } = await charged([{ body: [] }]);
		expect(result.tasks('Commit')).toEqual([]);
		expect(record.state).toBe('completed');
	});

	test.each<[string, Answer, Partial<HttpSettings>, object, string]>([
		['429', { status: 429, body: { items: [] } }, { full: true }, {}, 'released'],
		['500', { status: 500, body: { items: [] } }, { full: true }, {}, 'unknown'],
		['503', { status: 503, body: { items: [] } }, { full: true }, {}, 'unknown'],
		['402', { status: 402, body: { items: [] } }, { full: true }, {}, 'failed'],
		['200', { body: { items: [] } }, { full: true }, {}, 'completed'],
	])(
		'after Split Out of a %s: what the call itself gave decides',
		async (_, answer, request, settings, state) => {
			const key = newKey();
			downstream.nextFor(key, answer);
			const json = shape(
				[
					guard('Guard'),
					http('Charge', { url: downstream.url, ...request }, settings),
					splitOut('Split', 'body.items'),
					commit('Commit'),
				],
				[['Webhook', 'Guard', 'Charge', 'Split', 'Commit']],
			);
			const result = await run(json, deliveries(key));
			expect(result.status).toBe('success');
			expect(result.tasks('Commit')).toEqual([]);
			expect((await recordOf(result)).state).toBe(state);
		},
	);
});

describe('batches', () => {
	const twoByTwo = { batching: { batch: { batchSize: 2, batchInterval: 1 } } };
	test.each([{}, twoByTwo])('each claim by its own answer, with %j', async (options) => {
		const keys = [newKey(), newKey(), newKey(), newKey()];
		for (const [i, status] of [200, 402, 429, 500].entries())
			downstream.nextFor(keys[i] ?? '', { status });
		const json = shape(
			[
				guard('Guard'),
				http('Charge', { url: downstream.url, full: true, options }),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Charge', 'Commit']],
		);
		const records = await recordsOf(await run(json, deliveries(...keys)));
		expect(records.map(({ state }) => state)).toEqual([
			'completed',
			'failed',
			'released',
			'unknown',
		]);
	});

	test('stopped by one of them: that one by its error, the others unknown', async () => {
		const keys = [newKey(), newKey()];
		downstream.nextFor(keys[1] ?? '', { status: 402 });
		const json = shape(
			[guard('Guard'), http('Charge', { url: downstream.url }), commit('Commit')],
			[['Webhook', 'Guard', 'Charge', 'Commit']],
		);
		const records = await recordsOf(await run(json, deliveries(...keys)));
		expect(records.map(({ state }) => state)).toEqual(['unknown', 'failed']);
	});

	test('Execute Once: nobody knows of the others', async () => {
		const keys = [newKey(), newKey()];
		const json = shape(
			[
				guard('Guard'),
				http('Charge', { url: downstream.url }, { executeOnce: true }),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Charge', 'Commit']],
		);
		const records = await recordsOf(await run(json, deliveries(...keys)));
		expect(records.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
	});

	test('Aggregate before Commit: one answer of each', async () => {
		const keys = [newKey(), newKey()];
		downstream.nextFor(keys[1] ?? '', { status: 429 });
		const json = shape(
			[
				guard('Guard'),
				http('Charge', { url: downstream.url, full: true }),
				aggregateAll('All'),
				commit('Commit'),
			],
			[['Webhook', 'Guard', 'Charge', 'All', 'Commit']],
		);
		const records = await recordsOf(await run(json, deliveries(...keys)));
		expect(records.map(({ state }) => state)).toEqual(['completed', 'released']);
	});
});

describe('Retry On Fail', () => {
	const retried = { retryOnFail: true, maxTries: 2 };

	test('proves a success', async () => {
		const { record } = await charged([{ status: 429 }, {}], {}, retried);
		expect(record.state).toBe('completed');
	});

	test.each([402, 429])('and nothing else: %d is unknown', async (status) => {
		const { record } = await charged([{ status }, { status }], {}, retried);
		expect(record.state).toBe('unknown');
		expect(record.reason).toContain('only the last try is seen');
	});
});

test('pages are several calls: a refusal of one is not about all', async () => {
	const pages = {
		pagination: {
			pagination: {
				paginationMode: 'updateAParameterInEachRequest',
				parameters: { parameters: [{ type: 'qs', name: 'page', value: '={{ $pageCount }}' }] },
				paginationCompleteWhen: 'other',
				completeExpression: '={{ $response.body.last }}',
			},
		},
	};
	const { record } = await charged([{ body: {} }, { status: 429 }], { options: pages }, CONTINUE);
	expect(record.state).toBe('unknown');
});
