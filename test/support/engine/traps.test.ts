import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import {
	createEngine,
	guard,
	javascript,
	merge,
	noOp,
	standIn,
	standIns,
	webhook,
	workflow,
} from '.';
import type { NodeSettings, RunResult } from '.';

/**
 * The ways in which n8n itself would let unchecked items through a node with the outputs New,
 * Duplicate and Conflict, and what keeps them out. Whatever the Guard does has to hold in these.
 */

type Execute = (context: IExecuteFunctions) => INodeExecutionData[][];

/** Runs a node with three outputs in the Guard's place, behind a webhook with two items. */
async function run(
	execute: Execute,
	settings: NodeSettings = {},
	before = noOp('Before'),
): Promise<RunResult> {
	const engine = createEngine({
		nodes: {
			...standIns,
			'n8n-nodes-idempotency.idempotencyGuard': standIn('idempotencyGuard', {
				outputs: ['main', 'main', 'main'],
				async execute() {
					return execute(this);
				},
			}),
		},
	});
	const outputs = ['New', 'Duplicate', 'Conflict', 'Error'];
	return await engine.run(
		workflow({
			nodes: [
				webhook(),
				before,
				guard('Guard', {}, settings),
				...outputs.map((name) => noOp(name)),
			],
			connections: [
				['Webhook', before.name, 'Guard'],
				...outputs.map((name, output) => [`Guard:${output}`, name]),
			],
		}),
		{ triggerItems: [{ json: { id: 1 } }, { json: { id: 2 } }] },
	);
}

const fail: Execute = () => {
	throw new Error('the store is gone');
};
const nothingNew: Execute = (context) => [[], context.getInputData(), []];
const errors = (pairedItem?: INodeExecutionData['pairedItem']): INodeExecutionData[] => [
	{ json: { error: 'the store is gone' }, pairedItem },
];

describe('trap 1: a Guard that throws', () => {
	test('stops the run by default', async () => {
		const result = await run(fail);
		expect(result.status).toBe('error');
		expect(result.counts('Guard')).toEqual([]);
	});

	test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'sends all its input to New under %s, and the run succeeds',
		async (onError) => {
			const result = await run(fail, { onError });
			expect(result.status).toBe('success');
			expect(result.json('New')).toEqual([{ id: 1 }, { id: 2 }]);
			expect(result.json('Error')).toEqual([]);
		},
	);
});

describe('trap 2: Always Output Data', () => {
	test('injects an empty item into New where nothing is new', async () => {
		const result = await run(nothingNew, { alwaysOutputData: true });
		expect(result.json('New')).toEqual([{}]);
		expect(result.json('Duplicate')).toHaveLength(2);
	});

	test('is not switched off on the copy that getNode() gives', async () => {
		const result = await run(
			(context) => {
				context.getNode().alwaysOutputData = false;
				return nothingNew(context);
			},
			{ alwaysOutputData: true },
		);
		expect(result.json('New')).toEqual([{}]);
	});

	test('is switched off on the node of getExecuteData()', async () => {
		const safe: Execute = (context) => {
			context.getExecuteData().node.alwaysOutputData = false;
			return nothingNew(context);
		};
		const result = await run(safe, { alwaysOutputData: true });
		expect(result.tasks('New')).toEqual([]);
		expect(result.json('Duplicate')).toHaveLength(2);
	});
});

describe('traps 3 to 5: error items', () => {
	test('on output 0 reach New under Continue', async () => {
		const result = await run(() => [errors(0), [], []], { onError: 'continueRegularOutput' });
		expect(result.json('New')).toEqual([{ error: 'the store is gone' }]);
	});

	test.each([0, 1, 2])('leave output %i for Error where there is one', async (output) => {
		const result = await run(() => [0, 1, 2].map((each) => (each === output ? errors(1) : [])), {
			onError: 'continueErrorOutput',
		});
		expect(result.counts('Guard')).toEqual([0, 0, 0, 1]);
		expect(result.json('Error')).toEqual([{ error: 'the store is gone' }]);
	});

	test('a further key keeps a result of that shape on Duplicate', async () => {
		const stored = { error: 'declined', detailsOfOurs: true };
		const result = await run(() => [[], [{ json: stored, pairedItem: 0 }], []], {
			onError: 'continueErrorOutput',
		});
		expect(result.json('Duplicate')).toEqual([stored]);
	});

	const broken = javascript('Broken', (items) => items.map(({ json }) => ({ json })), {
		links: 'broken',
	});

	test('with an object as link, behind broken links, make the core throw: all input is New', async () => {
		const result = await run(
			() => [[], [], errors({ item: 0, input: 1 })],
			{ onError: 'continueErrorOutput' },
			broken,
		);
		expect(result.status).toBe('success');
		expect(result.json('New')).toEqual([{ id: 1 }, { id: 2 }]);
		expect(result.json('Error')).toEqual([]);
	});

	test('with a plain number as link, on an output other than New, are safe', async () => {
		for (const before of [broken, noOp('Before')]) {
			const result = await run(
				() => [[], [], errors(0)],
				{ onError: 'continueErrorOutput' },
				before,
			);
			expect(result.tasks('New')).toEqual([]);
			expect(result.json('Error')).toEqual([{ error: 'the store is gone' }]);
		}
	});
});

describe('trap 6: Retry On Fail', () => {
	const runsWith = async (first: INodeExecutionData, settings: NodeSettings) => {
		let runs = 0;
		await run(() => {
			runs++;
			return [[first], [], []];
		}, settings);
		return runs;
	};
	const settings = { retryOnFail: true, maxTries: 3 };

	test.each(['declined', '', 0])(
		'runs the node again where New has json.error %p',
		async (error) => {
			expect(await runsWith({ json: { error } }, settings)).toBe(3);
		},
	);

	test.each([null, false])('not where it is %p, and not without Retry On Fail', async (error) => {
		expect(await runsWith({ json: { error } }, settings)).toBe(1);
		expect(await runsWith({ json: { error: 'declined' } }, {})).toBe(1);
	});

	test('looks at the first item of output 0 only', async () => {
		let runs = 0;
		await run(() => {
			runs++;
			return [[{ json: {} }, ...errors(0)], errors(0), errors(0)];
		}, settings);
		expect(runs).toBe(1);
	});

	test('keeps the context of the node between its tries', async () => {
		const nonces: unknown[] = [];
		await run((context) => {
			const state = context.getContext('node');
			state.nonce ??= nonces.length;
			nonces.push(state.nonce);
			throw new Error('not yet');
		}, settings);
		expect(nonces).toEqual([0, 0, 0]);
	});
});

describe('other settings', () => {
	test('Execute Once gives the node its first item only', async () => {
		const result = await run((context) => [context.getInputData(), [], []], { executeOnce: true });
		expect(result.json('New')).toEqual([{ id: 1 }]);
	});

	test('a disabled Guard sends all its input to New', async () => {
		const result = await run(fail, { disabled: true });
		expect(result.json('New')).toEqual([{ id: 1 }, { id: 2 }]);
	});

	test('a Guard that emits nothing at all ends its branch in success', async () => {
		const result = await run(() => [[], [], []]);
		expect(result.status).toBe('success');
		expect(result.lastNode).toBe('Guard');
	});
});

describe('parents and Merge', () => {
	test('getParentNodes lists the farthest first', async () => {
		const names: string[][] = [];
		const tell = javascript('Tell', (items, context) => {
			names.push(context.getParentNodes('Tell').map(({ name }) => name));
			return items;
		});
		const engine = createEngine({ nodes: standIns });
		await engine.run(workflow({ nodes: [webhook(), noOp('A'), noOp('B'), tell] }));
		expect(names).toEqual([['Webhook', 'A', 'B']]);
	});

	test('after Merge, asking for the node of the other branch: TypeError, or undefined in an expression', async () => {
		const other = (context: IExecuteFunctions) => {
			try {
				return context.getWorkflowDataProxy(1).$('A').item as INodeExecutionData;
			} catch (error) {
				return (error as Error).name;
			}
		};
		const tell = javascript('Tell', (_items, context) => [
			{
				json: {
					proxy: other(context) as string,
					expression: `${context.evaluateExpression('{{ $("A").item }}', 1)}`,
				},
			},
		]);
		const engine = createEngine({ nodes: standIns });
		const result = await engine.run(
			workflow({
				nodes: [webhook(), noOp('A'), noOp('B'), merge('Merge'), tell],
				connections: [
					['Webhook', 'A', 'Merge', 'Tell'],
					['Webhook', 'B', 'Merge@1'],
				],
			}),
		);
		expect(result.json('Tell')).toEqual([{ proxy: 'TypeError', expression: 'undefined' }]);
	});
});
