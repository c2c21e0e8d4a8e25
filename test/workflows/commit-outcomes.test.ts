import type { INode, INodeParameters } from 'n8n-workflow';
import { javascript, startDownstream } from '../support/engine';
import type { Answer, Downstream } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, detailsOf, newKey, routed } from './scenario';
import type { ChargeParts } from './scenario';

/** What Commit makes of an answer shows in what the next delivery gets. */

const n8n = engine();
let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const send = async (key: string, parts: ChargeParts) =>
	await n8n.run(chargeWorkflow(downstream.url, parts), { triggerItems: [delivery(key)] });

/** Runs the delivery with a planned answer, then again: how the second is routed. */
async function after(answers: Answer[], parts: ChargeParts = {}): Promise<string> {
	const key = newKey();
	downstream.nextFor(key, ...answers);
	const first = await send(key, parts);
	expect(first.status).toBe('success');
	expect(first.json('Committed')).toHaveLength(1);
	const second = await send(key, parts);
	const [isNew, isDuplicate] = routed(second);
	if (isNew === 1) return 'new';
	return isDuplicate === 1 ? 'duplicate' : String(detailsOf(second, 'Conflict').reason);
}

/** The two ways in which n8n's HTTP Request hands an answer on that is not a success. */
const fullResponse: ChargeParts = { charge: { fullResponse: true } };
const errorOutput: ChargeParts = {
	charge: { fullResponse: false },
	chargeSettings: { onError: 'continueErrorOutput' },
};
const continued: ChargeParts = {
	charge: { fullResponse: false },
	chargeSettings: { onError: 'continueRegularOutput' },
};

const atOnce = { headers: { 'retry-after': '0' } };
const TABLE: Array<[Answer, string]> = [
	[{ status: 200 }, 'duplicate'],
	[{ status: 201 }, 'duplicate'],
	[{ status: 400 }, 'duplicate'],
	[{ status: 402 }, 'duplicate'],
	[{ status: 404 }, 'duplicate'],
	[{ status: 409 }, 'duplicate'],
	[{ status: 418 }, 'duplicate'],
	[{ status: 401 }, 'retry_later'],
	[{ status: 403 }, 'retry_later'],
	[{ status: 408 }, 'retry_later'],
	[{ status: 429 }, 'retry_later'],
	[{ status: 429, ...atOnce }, 'new'],
	[{ status: 503, ...atOnce }, 'new'],
	[{ status: 503 }, 'unknown_outcome'],
	[{ status: 500 }, 'unknown_outcome'],
	[{ status: 501 }, 'unknown_outcome'],
	[{ status: 502 }, 'unknown_outcome'],
	[{ status: 504 }, 'unknown_outcome'],
	[{ status: 522 }, 'unknown_outcome'],
];

describe.each([
	['full response (Never Error)', fullResponse],
	['error output', errorOutput],
	['Continue', continued],
])('%s', (_name, parts) => {
	test.each(TABLE)('%p → %s', async (answer, expected) => {
		expect(await after([answer], parts)).toBe(expected);
	});

	test('connection reset: sent, the answer lost', async () => {
		expect(await after([{ reset: true }], { ...parts, ...errorFor(parts) })).toBe(
			'unknown_outcome',
		);
	});

	test('timeout: sent, the answer lost', async () => {
		const timeout = { ...parts.charge, timeout: 40 };
		const withTimeout = { ...parts, ...errorFor(parts), charge: timeout };
		expect(await after([{ delayMs: 400 }], withTimeout)).toBe('unknown_outcome');
	});

	test('connection refused: nothing was sent', async () => {
		const gone = await startDownstream();
		await gone.close();
		const charge = { ...parts.charge, url: gone.url };
		expect(await after([], { ...parts, ...errorFor(parts), charge })).toBe('retry_later');
	});
});

/** "Never Error" still makes error items where there is no answer at all. */
function errorFor(parts: ChargeParts): ChargeParts {
	return parts === fullResponse ? { chargeSettings: { onError: 'continueErrorOutput' } } : {};
}

describe('items of other nodes', () => {
	const act = (json: object, settings: Partial<INode> = {}) =>
		javascript(
			'Act',
			(items) => items.map(() => ({ json: json as never, pairedItem: 0 })),
			settings,
		);

	test.each<[string, object, string]>([
		['an item without an error', { id: 1 }, 'duplicate'],
		['a bare string error', { error: 'Invalid URL' }, 'unknown_outcome'],
		[
			'an error with a status, of a node that may have made other calls',
			{ error: { status: 402 } },
			'unknown_outcome',
		],
		[
			'an error with a status as text, of such a node',
			{ error: { httpCode: '402' } },
			'unknown_outcome',
		],
		['an error with a network code', { error: { httpCode: 'ECONNREFUSED' } }, 'unknown_outcome'],
		['an error that says nothing', { error: { message: 'failed' } }, 'unknown_outcome'],
		['error: null and error: "" are no errors', { error: null, other: { error: '' } }, 'duplicate'],
		['a statusCode that is data, not a response', { statusCode: 500 }, 'duplicate'],
	])('%s', async (_name, json, expected) => {
		expect(await after([], { act: [act(json)] })).toBe(expected);
	});

	test('a status in an error item that came in with the request is not the answer', async () => {
		const json = { statusCode: 200, body: {}, error: { status: 500 } };
		expect(await after([], { act: [act(json)] })).toBe('unknown_outcome');
	});

	test('"Always Completed" looks at nothing', async () => {
		const parts = { act: [act({ error: { status: 500 } })], commit: { outcome: 'completed' } };
		expect(await after([], parts)).toBe('duplicate');
	});
});

describe('options', () => {
	const commit = (options: INodeParameters): ChargeParts => ({
		...fullResponse,
		commit: { options },
	});

	test('failedResponses: release', async () => {
		const parts = commit({ failedResponses: 'release' });
		expect(await after([{ status: 402 }], parts)).toBe('new');
		expect(await after([{ status: 402, ...atOnce }], parts)).toBe('new');
		expect(await after([{ status: 500 }], parts)).toBe('unknown_outcome');
	});

	test('unknownResponses: release, where the downstream honours our key; its 409 may mean "still running"', async () => {
		const parts = commit({ unknownResponses: 'release' });
		expect(await after([{ status: 500 }], parts)).toBe('retry_later');
		expect(await after([{ status: 409 }], parts)).toBe('retry_later');
		expect(await after([{ status: 402 }], parts)).toBe('duplicate');
	});
});

describe('several items of one claim', () => {
	const acting = (...jsons: object[]): ChargeParts => ({
		act: [javascript('Act', () => jsons.map((json) => ({ json: json as never, pairedItem: 0 })))],
	});
	const outcomes = async (...jsons: object[]) => {
		const key = newKey();
		await send(key, acting(...jsons));
		const second = await send(key, acting(...jsons));
		const [isNew, replayed] = routed(second);
		return isNew === 1 ? 'new' : replayed || detailsOf(second, 'Conflict').reason;
	};

	test('are one result; one unknown makes all unknown; one success keeps all', async () => {
		expect(await outcomes({ id: 1 }, { id: 2 }, { id: 3 })).toBe(3);
		expect(await outcomes({ id: 1 }, { error: { status: 500 } })).toBe('unknown_outcome');
		expect(await outcomes({ id: 1 }, { error: { status: 402 } })).toBe('unknown_outcome');
	});
});

test('a 402 is replayed as it was, by either way', async () => {
	for (const parts of [fullResponse, errorOutput]) {
		const key = newKey();
		downstream.nextFor(key, { status: 402, body: { declined: 'no funds' } });
		const first = await send(key, parts);
		const [item = {}] = (await send(key, parts)).json('Duplicate');
		expect(JSON.stringify(item)).toContain('402');
		if (parts === fullResponse) expect(item).toEqual(first.json('Committed')[0]);
		else
			expect(Object.keys(item.error as object).sort()).toEqual(
				expect.not.arrayContaining(['stack', 'config']),
			);
		expect(downstream.requests.filter((request) => request.key === key)).toHaveLength(1);
	}
});
