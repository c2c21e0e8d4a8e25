import {
	ManualExecutionCancelledError,
	NodeApiError,
	NodeOperationError,
	TimeoutExecutionCancelledError,
} from 'n8n-workflow';
import type { INode, JsonObject } from 'n8n-workflow';
import {
	abandonedOutcome,
	howRunEnded,
	NODES_WITHOUT_EFFECTS,
} from '../../nodes/run-end/run-evidence';
import type { NodeRun, RunError, RunEvidence } from '../../nodes/run-end/run-evidence';

const run = (node: string, type: string, more: Partial<NodeRun> = {}): NodeRun => ({
	node,
	type: type.includes('.') ? type : `n8n-nodes-base.${type}`,
	status: 'success',
	itemsIn: 1,
	itemsOut: 1,
	onThisPath: true,
	leadsToCommit: true,
	retryOnFail: false,
	executeOnce: false,
	ours: false,
	...more,
});

const set = run('Edit Fields', 'set');
const http = (more: Partial<NodeRun> = {}): NodeRun => run('HTTP Request', 'httpRequest', more);
const httpFailed = (more: Partial<NodeRun> = {}): NodeRun =>
	http({ status: 'error', itemsOut: 0, ...more });

/** The error as n8n leaves it in `resultData.error`: its own fields, spread. */
function kept(error: Error): unknown {
	return { ...error, message: error.message, stack: error.stack };
}

const n8nNode: INode = {
	id: '1',
	name: 'HTTP Request',
	type: 'n8n-nodes-base.httpRequest',
	typeVersion: 4.2,
	position: [0, 0],
	parameters: {},
};
const apiError = (response: JsonObject): unknown => kept(new NodeApiError(n8nNode, response));

/** A run that an error of its last node stopped. */
function stopped(
	runs: NodeRun[],
	error: Partial<RunError> = {},
	more: Partial<RunEvidence> = {},
): RunEvidence {
	return {
		ended: 'error',
		claimsGranted: 1,
		startedAfterGuard: runs,
		error: {
			failedRun: runs.length - 1,
			names: 'none',
			error: apiError({ httpCode: '402', message: 'declined' }),
			...error,
		},
		...more,
	};
}

const to = (evidence: RunEvidence): string => abandonedOutcome(evidence).to;

describe('stopped by the only node with effects', () => {
	it.each([
		['402', 'failed'],
		['422', 'failed'],
		['429', 'released'],
		['401', 'released'],
		['500', 'unknown'],
		['503', 'unknown'],
		['ECONNREFUSED', 'released'],
		['ETIMEDOUT', 'unknown'],
	])('the claim of HTTP code %s becomes %s', (httpCode, outcome) => {
		const error = apiError({ httpCode, message: 'm' });
		expect(to(stopped([httpFailed()], { error }))).toBe(outcome);
		expect(to(stopped([set, run('If', 'if'), httpFailed()], { error }))).toBe(outcome);
	});

	it('tells where, what and the status', () => {
		expect(abandonedOutcome(stopped([set, httpFailed()]))).toEqual({
			to: 'failed',
			reason: 'stopped at HTTP Request: HTTP 402 Payment Required',
			statusCode: 402,
		});
	});

	it('keeps a Retry-After that n8n left', () => {
		const error = { httpCode: '429', response: { headers: { 'retry-after': '60' } } };
		expect(abandonedOutcome(stopped([httpFailed()], { error }))).toMatchObject({
			to: 'released',
			retryAfterMs: 60_000,
		});
	});

	it('by an error without status or code is unknown', () => {
		const error = kept(new NodeOperationError(n8nNode, 'The value is not supported'));
		expect(to(stopped([httpFailed()], { error }))).toBe('unknown');
	});

	it('by an error that speaks of success is unknown: there is no result to replay', () => {
		expect(abandonedOutcome(stopped([httpFailed()], { error: { status: 200 } }))).toEqual({
			to: 'unknown',
			reason: 'stopped at HTTP Request: HTTP 200 OK',
			statusCode: 200,
		});
	});

	it('follows the rules for responses', () => {
		const rules = { failedResponses: 'release', unknownResponses: 'hold' } as const;
		expect(abandonedOutcome(stopped([httpFailed()]), rules).to).toBe('released');
	});

	it('ignores what acted where no item of this claim came', () => {
		expect(to(stopped([run('Slack', 'slack', { onThisPath: false }), httpFailed()]))).toBe(
			'failed',
		);
	});

	it('in a batch counts where the error names an item of this claim', () => {
		const batch = { claimsGranted: 3 };
		expect(to(stopped([httpFailed()], { names: 'this claim' }, batch))).toBe('failed');
	});
});

describe('stopped by an error that may be about something else', () => {
	const doubtful: Array<[string, RunEvidence]> = [
		['a call succeeded before', stopped([http(), httpFailed()])],
		['the same node succeeded in an earlier loop', stopped([http(), set, httpFailed()])],
		['a node not on the list ran before', stopped([run('Code', 'code'), httpFailed()])],
		[
			'a node of a same-named package ran before',
			stopped([run('Set', 'x-n8n-nodes-base.set'), httpFailed()]),
		],
		['a node may have run unseen', stopped([http({ status: 'unseen' }), httpFailed()])],
		['another node is still running', stopped([http({ status: 'running' }), httpFailed()])],
		['a node without effects failed after a call', stopped([http(), { ...set, status: 'error' }])],
		['it has Retry On Fail', stopped([httpFailed({ retryOnFail: true })])],
		['it is a node of ours', stopped([httpFailed({ ours: true, type: 'x.idempotencyCommit' })])],
		['it was not on this path', stopped([httpFailed({ onThisPath: false })])],
		['it names another item', stopped([httpFailed()], { names: 'another' })],
		[
			'it names another item in a batch',
			stopped([httpFailed()], { names: 'another' }, { claimsGranted: 2 }),
		],
		['it names none in a batch', stopped([httpFailed()], {}, { claimsGranted: 2 })],
		['no claim was granted, it seems', stopped([httpFailed()], {}, { claimsGranted: 0 })],
		[
			'this claim had become several items',
			stopped([httpFailed({ itemsIn: 5 })], { names: 'this claim' }),
		],
		['its items are not known', stopped([httpFailed({ itemsIn: null })])],
		['the failing node is not known', stopped([httpFailed()], { failedRun: null })],
		['the failing node is out of range', stopped([httpFailed()], { failedRun: 7 })],
		['the failing node is said to have succeeded', stopped([http()])],
		['nothing was seen after the Guard', stopped([], { failedRun: null })],
		['there is no error', { ended: 'error', claimsGranted: 1, startedAfterGuard: [httpFailed()] }],
	];
	it.each(doubtful)('is unknown: %s', (_why, evidence) => {
		const outcome = abandonedOutcome(evidence);
		expect(outcome).toEqual({
			to: 'unknown',
			reason: expect.stringMatching(/^stopped /) as string,
		});
	});
});

describe('stopped where only nodes without effects had started', () => {
	it('is released', () => {
		const failed = run('If', 'if', { status: 'error' });
		expect(abandonedOutcome(stopped([set, failed]))).toEqual({
			to: 'released',
			reason: 'stopped at If, before anything had acted',
		});
		expect(to(stopped([run('Stop', 'stopAndError', { status: 'error' })]))).toBe('released');
	});

	it('even in a batch, in a retry, and by an error with any status', () => {
		const failed = run('If', 'if', { status: 'error', retryOnFail: true, itemsIn: 9 });
		const error = { names: 'another', error: { status: 500 } } as const;
		expect(to(stopped([set, failed], error, { claimsGranted: 9 }))).toBe('released');
	});

	it('is unknown if anything else had, wherever', () => {
		const failed = run('If', 'if', { status: 'error' });
		expect(to(stopped([http({ onThisPath: false }), failed]))).toBe('unknown');
		expect(to(stopped([http({ status: 'unseen', onThisPath: false }), failed]))).toBe('unknown');
	});
});

describe('succeeded without Commit', () => {
	const succeeded = (runs: NodeRun[], claimsGranted = 1): RunEvidence => ({
		ended: 'success',
		claimsGranted,
		startedAfterGuard: runs,
	});
	const empty = (more: Partial<NodeRun> = {}): NodeRun => http({ itemsOut: 0, ...more });

	it('because a node returned no items: completed, with an empty result', () => {
		const expected = {
			to: 'completed',
			reason: 'succeeded; HTTP Request returned no items',
			result: [],
		};
		expect(abandonedOutcome(succeeded([set, empty()]))).toEqual(expected);
		expect(abandonedOutcome(succeeded([set, empty({ retryOnFail: true })], 3))).toEqual(expected);
		expect(to(succeeded([http(), run('Filter', 'filter', { itemsOut: 0 })]))).toBe('completed');
	});

	it.each([
		['nothing was seen', []],
		['the items went elsewhere', [http({ leadsToCommit: false })]],
		['the items went over an error output', [http({ itemsOut: 1 })]],
		['no Commit lies behind it', [empty({ leadsToCommit: false })]],
		['it was not on this path', [http(), empty({ onThisPath: false })]],
		['a node before it failed, and the run went on', [http({ status: 'error' }), empty()]],
		['it failed itself, and the run went on', [empty({ status: 'error' })]],
		['a node may have run unseen', [empty(), http({ status: 'unseen' })]],
	])('is unknown: %s', (_why, runs) => {
		expect(to(succeeded(runs))).toBe('unknown');
	});

	it('is unknown in a batch of which the node took the first item only', () => {
		expect(to(succeeded([empty({ executeOnce: true })], 2))).toBe('unknown');
		expect(to(succeeded([empty({ executeOnce: true })], 1))).toBe('completed');
	});
});

it.each(['canceled', 'timed_out', 'crashed', 'unknown', 'nonsense'])(
	'a run that ended as %s is unknown, whatever its data look like',
	(ended) => {
		const shapes = [stopped([httpFailed()]), stopped([{ ...set, status: 'error' as const }])];
		const empty = { claimsGranted: 1, startedAfterGuard: [http({ itemsOut: 0 })] };
		for (const shape of [...shapes, empty]) {
			expect(to({ ...shape, ended } as RunEvidence)).toBe('unknown');
		}
	},
);

describe('howRunEnded', () => {
	it.each([
		['success', undefined],
		['error', kept(new NodeApiError(n8nNode, { message: 'payment canceled' }))],
		['error', kept(new Error('plain'))],
		['canceled', kept(new ManualExecutionCancelledError('1'))],
		['timed_out', kept(new TimeoutExecutionCancelledError('1'))],
	])('reads %s from n8n’s own errors', (expected, error) => {
		expect(howRunEnded({ cancelSignalled: false, error: error as { name?: unknown } })).toBe(
			expected,
		);
	});

	it('believes the cancel signal: n8n calls the handlers before it sets an error', () => {
		expect(howRunEnded({ cancelSignalled: true })).toBe('canceled');
		expect(howRunEnded({ cancelSignalled: true, error: new Error('aborted') })).toBe('canceled');
	});
});

describe('the nodes without effects', () => {
	it.each([
		'code',
		'function',
		'functionItem',
		'aiTransform',
		'removeDuplicates',
		'executeWorkflow',
		'wait',
		'respondToWebhook',
		'httpRequest',
		'dataTable',
		'executionData',
		'readWriteFile',
		'executeCommand',
	])('do not hold %s', (name) => {
		expect(NODES_WITHOUT_EFFECTS.has(`n8n-nodes-base.${name}`)).toBe(false);
	});

	it.each(['set', 'if', 'switch', 'filter', 'merge', 'sort', 'limit', 'noOp'])(
		'hold %s',
		(name) => {
			expect(NODES_WITHOUT_EFFECTS.has(`n8n-nodes-base.${name}`)).toBe(true);
		},
	);
});
