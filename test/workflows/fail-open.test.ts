import type { INode, INodeExecutionData } from 'n8n-workflow';
import { aggregate, guard, javascript, noOp, webhook, workflow } from '../support/engine';
import type { NodeSettings, RunResult } from '../support/engine';
import { engine } from './nodes';
import { newKey, routed } from './scenario';

/** The ways in which n8n itself would let unchecked items through (harness/traps.test.ts shows each), with the real Guard in them. */

const n8n = engine();
const OUTPUTS = ['New', 'Duplicate', 'Conflict', 'Error'];

async function run(
	items: INodeExecutionData[],
	parameters: INode['parameters'],
	settings: NodeSettings = {},
	before = noOp('Before'),
): Promise<RunResult> {
	return await n8n.run(
		workflow({
			nodes: [
				webhook(),
				before,
				guard('Guard', parameters, settings),
				...OUTPUTS.map((o) => noOp(o)),
			],
			connections: [
				['Webhook', before.name, 'Guard'],
				...OUTPUTS.map((name, output) => [`Guard:${output}`, name]),
			],
		}),
		{ triggerItems: items },
	);
}

const byId = { keySource: 'expression', key: '={{ $json.id }}' };
const numbers = (...ids: unknown[]): INodeExecutionData[] =>
	ids.map((id) => ({ json: { id: id as string } }));

/** Under each setting of "On Error": where error items must arrive, if anywhere. */
const SETTINGS: Array<[string, NodeSettings, string | null]> = [
	['Stop Workflow', {}, null],
	['Continue', { onError: 'continueRegularOutput' }, 'Conflict'],
	['Continue (using error output)', { onError: 'continueErrorOutput' }, 'Error'],
	['Always Output Data', { alwaysOutputData: true }, null],
	[
		'Always Output Data, Continue',
		{ alwaysOutputData: true, onError: 'continueRegularOutput' },
		'Conflict',
	],
	[
		'Always Output Data, error output',
		{ alwaysOutputData: true, onError: 'continueErrorOutput' },
		'Error',
	],
	['Retry On Fail', { retryOnFail: true, maxTries: 2 }, null],
	[
		'Retry On Fail, Continue',
		{ retryOnFail: true, maxTries: 2, onError: 'continueRegularOutput' },
		'Conflict',
	],
	['the older setting Continue On Fail', { continueOnFail: true }, 'Conflict'],
];

/** Items of a batch that can't be checked, each for a reason of its own. */
const UNCHECKED: Array<[string, INode['parameters'], RegExp]> = [
	['a missing key', { keySource: 'expression', key: '={{ $json.missing }}' }, /"Value" is empty/],
	[
		'an expression that throws',
		{ keySource: 'expression', key: '={{ $("Nowhere").item.json.id }}' },
		/Referenced node doesn't exist/,
	],
	['an expression that is none', { keySource: 'expression', key: '={{ $json. }}' }, /syntax/i],
	[
		'a setting by an expression that throws',
		{ ...byId, options: { onMissingKey: '={{ $("Nowhere").item.json.id }}' } },
		/Referenced node doesn't exist/,
	],
	[
		'a scope without a namespace',
		{ ...byId, options: { scope: 'custom' } },
		/"Scope: Namespace" is empty/,
	],
	[
		'a retention of zero',
		{ ...byId, retentionHours: 0 },
		/"Remember For \(Hours\)" must be more than zero/,
	],
	[
		'a claim timeout of zero',
		{ ...byId, options: { claimTimeoutMinutes: 0 } },
		/"Time: Claim Timeout \(Minutes\)" must be more than zero/,
	],
	[
		'a retention that is none',
		{ ...byId, retentionHours: '={{ "soon" }}' },
		/"Remember For \(Hours\)" is not a number/,
	],
	['no credential', { ...byId, store: 'redis' }, /credentials/],
];

describe.each(SETTINGS)('%s', (_name, settings, output) => {
	test.each(UNCHECKED)('%s lets nothing through', async (_reason, parameters, message) => {
		const result = await run(numbers(newKey(), newKey()), parameters, settings);
		expect(result.tasks('New')).toEqual([]);
		expect(result.tasks('Duplicate')).toEqual([]);
		if (output === null) {
			expect(result.status).toBe('error');
			expect(result.error?.message).toMatch(message);
			expect(OUTPUTS.flatMap((name) => result.tasks(name))).toEqual([]);
		} else {
			expect(result.status).toBe('success');
			expect(OUTPUTS.filter((name) => result.tasks(name).length > 0)).toEqual([output]);
			const errors = result.json(output);
			expect(errors).toHaveLength(2);
			for (const json of errors) expect(json.error).toMatch(message);
		}
	});

	test('one bad item of many fails alone, or stops the run before anything is claimed', async () => {
		const [a, b] = [newKey(), newKey()];
		const result = await run(numbers(a, '', b), byId, settings);
		if (output === null) {
			expect(result.error?.message).toMatch(/"Value" is empty/);
			expect(result.error?.context).toMatchObject({ itemIndex: 1 });
			expect(result.tasks('New')).toEqual([]);
		} else {
			expect(result.json('New').map(({ id }) => id)).toEqual([a, b]);
			expect(result.json(output)).toEqual([
				expect.objectContaining({ error: expect.stringMatching(/is empty/) }),
			]);
			expect(result.items('Guard', OUTPUTS.indexOf(output))[0]?.pairedItem).toEqual(1);
		}
		// Nothing was left claimed where the run was stopped.
		const again = await run(numbers(a, b), byId);
		expect(routed(again).slice(0, 3)).toEqual(output === null ? [2, 0, 0] : [0, 2, 0]);
	});

	test('nothing on New puts nothing on New', async () => {
		const key = newKey();
		await run(numbers(key), byId);
		const result = await run(numbers(key), byId, settings);
		expect(result.status).toBe('success');
		expect(result.tasks('New')).toEqual([]);
		expect(result.json('Duplicate')).toHaveLength(1);
	});
});

describe('item links that lead nowhere', () => {
	const broken = javascript('Broken', (items) => items.map(({ json }) => ({ json })), {
		links: 'broken',
	});
	test.each([broken, aggregate('Aggregate')])(
		'do not turn error items into New: $name',
		async (before) => {
			for (const onError of ['continueErrorOutput', 'continueRegularOutput'] as const) {
				const parameters = { keySource: 'expression', key: '={{ $json.missing }}' };
				const result = await run(numbers('a', 'b'), parameters, { onError }, before);
				expect(result.tasks('New')).toEqual([]);
				const items = result.json(onError === 'continueErrorOutput' ? 'Error' : 'Conflict');
				expect(items.length).toBeGreaterThan(0);
				for (const json of items) expect(json.error).toMatch(/"Value" is empty/);
			}
		},
	);
});

test('a disabled Guard checks nothing, as n8n says: Commit behind it has no claim', async () => {
	const result = await run(numbers('x'), byId, { disabled: true });
	expect(result.json('New')).toEqual([{ id: 'x' }]);
});

test('an error item has the message alone: nothing of the input that a sender may not see', async () => {
	const parameters = { keySource: 'expression', key: '={{ $json.missing }}' };
	const result = await run([{ json: { secret: 's' } }], parameters, {
		onError: 'continueRegularOutput',
	});
	expect(result.items('Guard', 2)).toEqual([
		{ json: { error: '"Value" is empty for this item' }, pairedItem: 0 },
	]);
});
