import type { INode, INodeExecutionData } from 'n8n-workflow';
import {
	commit,
	guard,
	http,
	javascript,
	noOp,
	node,
	respond,
	startDownstream,
	webhook,
	webhookItem,
	workflow,
} from '../support/engine';
import type { Downstream, WorkflowJson } from '../support/engine';
import { engine } from './nodes';
import { chargeWorkflow, delivery, newKey } from './scenario';

let downstream: Downstream;
beforeAll(async () => {
	downstream = await startDownstream();
});
afterAll(async () => await downstream.close());

const n8n = engine();
const run = async (
	json: WorkflowJson,
	mode: 'manual' | 'webhook',
	item: INodeExecutionData = delivery(newKey()),
) => await n8n.run(json, { mode, triggerItems: [item] });
const hintsOf = async (
	json: WorkflowJson,
	mode: 'manual' | 'webhook' = 'manual',
	item?: INodeExecutionData,
) => (await run(json, mode, item)).hints('Guard').map(({ message }) => message);

const asked = { responseMode: 'responseNode' };
/** A workflow with nothing to hint at, but that callers choose the key. */
const fine = (
	parts: {
		webhook?: object;
		duplicate?: string | null;
		conflict?: string | null;
		commit?: boolean;
		guard?: INode['parameters'];
	} = {},
) => {
	const { duplicate = 'Refuse', conflict = 'Refuse' } = parts;
	return workflow({
		nodes: [
			webhook('Webhook', { ...asked, ...parts.webhook }),
			guard('Guard', parts.guard),
			http('Mail', { url: downstream.url }),
			commit('Commit', {}, { disabled: parts.commit === false }),
			respond('Refuse', 409),
			node('Plain', 'n8n-nodes-base.respondToWebhook'),
			node('Stop', 'n8n-nodes-base.stopAndError'),
		],
		connections: [
			['Webhook', 'Guard', 'Mail', 'Commit'],
			duplicate === null ? ['Refuse'] : ['Guard:1', duplicate],
			conflict === null ? ['Refuse'] : ['Guard:2', conflict],
		],
	});
};
const quiet = /Callers choose this key|follows redirects/;
const only = async (json: WorkflowJson, mode?: 'manual' | 'webhook', item?: INodeExecutionData) =>
	(await hintsOf(json, mode, item)).filter((message) => !quiet.test(message));

test('a workflow in order has none', async () => {
	expect(await only(fine())).toEqual([]);
});

describe.each(['manual', 'webhook'] as const)('in a %s run', (mode) => {
	test('Duplicate leads into a node that acts', async () => {
		expect(await only(fine({ duplicate: 'Mail' }), mode)).toEqual([
			expect.stringMatching(/^Duplicate leads to "Mail", which acts again for every repeat/),
		]);
	});

	test('Conflict leads into the node that New leads to', async () => {
		expect(await only(fine({ conflict: 'Mail' }), mode)).toEqual([
			expect.stringMatching(/^Conflict leads to "Mail", to which New leads as well/),
		]);
	});

	test('the error output leads into the node that New leads to', async () => {
		const json = fine();
		const wired = (name: string) => ({
			...json,
			nodes: json.nodes.map((each) =>
				each.name === 'Guard' ? { ...each, onError: 'continueErrorOutput' as const } : each,
			),
			connections: {
				...json.connections,
				Guard: {
					main: [
						...(json.connections.Guard?.main ?? []),
						[{ node: name, type: 'main' as const, index: 0 }],
					],
				},
			},
		});
		expect(await only(wired('Mail'), mode)).toEqual([
			expect.stringMatching(/^The error output leads to "Mail", to which New leads as well/),
		]);
		expect(await only(wired('Refuse'), mode)).toEqual([]);
	});

	test('a fixed text as key', async () => {
		const fixed = { keySource: 'expression', key: 'orderId' };
		expect(await only(fine({ guard: fixed }), mode)).toEqual([
			expect.stringMatching(/^"Value" is the fixed text "orderId"/),
		]);
		const expression = { keySource: 'expression', key: '={{ $json.headers["idempotency-key"] }}' };
		expect(await only(fine({ guard: expression }), mode)).toEqual([]);
	});

	test.each([
		['responseNode', undefined, 'an empty success'],
		['lastNode', undefined, 'an error 500'],
		['lastNode', 'allEntries', 'an empty list as a success'],
		['lastNode', 'noData', 'an empty success'],
	])(
		'nothing on Conflict or Duplicate, and the Webhook answers by %s with %s',
		async (responseMode, responseData, gets) => {
			const answering = { responseMode, ...(responseData === undefined ? {} : { responseData }) };
			const nothing = { duplicate: null, conflict: null, webhook: answering };
			expect(await only(fine(nothing), mode)).toEqual([
				expect.stringMatching(`^Nothing is connected to Conflict. .* gets ${gets}.* Connect it to`),
				expect.stringMatching(`^Nothing is connected to Duplicate. .* gets ${gets}`),
			]);
		},
	);

	test('a Webhook that has one status for all, where Conflict does not stop the run', async () => {
		const webhook = { responseMode: 'lastNode' };
		expect(await only(fine({ webhook, conflict: 'Plain' }), mode)).toEqual([
			expect.stringMatching(/^The Webhook answers "When Last Node Finishes", which has one status/),
		]);
		expect(await only(fine({ webhook, conflict: 'Stop' }), mode)).toEqual([]);
	});

	test('a stored refusal that a plain Respond answers with 200', async () => {
		const n8n = engine();
		downstream.next({ status: 402, body: { error: 'declined' } });
		const json = chargeWorkflow(downstream.url, {});
		const flow: WorkflowJson = {
			...json,
			nodes: [...json.nodes, node('Plain', 'n8n-nodes-base.respondToWebhook')],
			connections: {
				...json.connections,
				Duplicate: { main: [[{ node: 'Plain', type: 'main', index: 0 }]] },
			},
		};
		const item = delivery(newKey());
		await n8n.run(flow, { mode, triggerItems: [item] });
		const hints = (await n8n.run(flow, { mode, triggerItems: [item] })).hints('Guard');
		expect(hints.map(({ message }) => message)).toContainEqual(
			expect.stringMatching(/^The first answer was 402, but "Plain" answers 200/),
		);
	});
});

test('no more than three, the worst first', async () => {
	const fixed = { keySource: 'expression', key: 'x' };
	const all = { duplicate: 'Mail', conflict: 'Mail', webhook: { responseMode: 'onReceived' } };
	expect(await hintsOf(fine({ ...all, guard: fixed }))).toEqual([
		expect.stringMatching(/^Duplicate leads to/),
		expect.stringMatching(/^Conflict leads to/),
		expect.stringMatching(/^"Value" is the fixed text/),
	]);
	// One key for all loses every request but the first: worse than any answer.
	expect((await hintsOf(fine({ duplicate: null, conflict: null, guard: fixed })))[0]).toMatch(
		/^"Value" is the fixed text/,
	);
});

test('what is wrong is a warning, what is good to know is not', async () => {
	const types = async (json: WorkflowJson) =>
		(await run(json, 'manual')).hints('Guard').map(({ type }) => type);
	const early = fine({ commit: false, webhook: { responseMode: 'onReceived' } });
	expect(await types(early)).toEqual(['warning', 'info', 'info']);
	expect((await types(fine({ duplicate: 'Mail' })))[0]).toBe('warning');
});

describe('only in a test run', () => {
	test('without a Commit: why executing again gives New again', async () => {
		const message = expect.stringMatching(/^This was a test run: it gives its keys back at once/);
		expect(await only(fine({ commit: false }))).toEqual([message]);
		expect(await only(fine({ commit: false }), 'webhook')).toEqual([]);
	});

	test('the Webhook answers before the Guard has checked anything', async () => {
		const early = fine({ webhook: { responseMode: 'onReceived' } });
		const message = expect.stringMatching(/^The Webhook answers "Immediately"/);
		expect(await only(early)).toEqual([message]);
		expect(await only(early, 'webhook')).toEqual([]);
	});

	test('an act that follows redirects', async () => {
		const message = expect.stringMatching(/^"Mail" follows redirects/);
		expect(await hintsOf(fine())).toContainEqual(message);
		expect(await hintsOf(fine(), 'webhook')).toEqual([]);
	});

	test('callers choose the key, and there is no tenant', async () => {
		const message = expect.stringMatching(/Callers choose this key/);
		expect(await hintsOf(fine())).toContainEqual(message);
		expect(await hintsOf(fine(), 'webhook')).toEqual([]);
	});
});

describe('a sender signs, and nothing verifies it', () => {
	const stripe = webhookItem({
		headers: { 'stripe-signature': 't=1,v1=a' },
		body: { id: 'evt_1', object: 'event' },
	});
	const told = [expect.stringMatching(/^Stripe signs what it sends, and nothing verifies that/)];
	const hints = async (
		parameters: { webhook?: object; guard?: INode['parameters'] } = {},
		between: INode[] = [],
		item: INodeExecutionData = stripe,
	) => {
		const json = workflow({
			nodes: [
				webhook('Webhook', { ...asked, ...parameters.webhook }),
				...between,
				guard('Guard', parameters.guard),
				noOp('Act'),
				commit('Commit'),
				respond('Refuse', 409),
			],
			connections: [
				['Webhook', ...between.map(({ name }) => name), 'Guard', 'Act', 'Commit'],
				['Guard:1', 'Refuse'],
				['Guard:2', 'Refuse'],
			],
		});
		return await only(json, 'manual', item);
	};

	test('it is told, whether the sender is detected or chosen', async () => {
		expect(await hints()).toEqual(told);
		expect(await hints({ guard: { sender: 'stripe' } }, [noOp('Pass')])).toEqual(told);
		const byValue = { keySource: 'expression', key: '={{ $json.body.id }}' };
		expect(await hints({ guard: byValue })).toEqual(told);
	});

	test('not where the Webhook asks who calls, a node may verify, or nobody signs', async () => {
		expect(await hints({ webhook: { authentication: 'headerAuth' } })).toEqual([]);
		expect(await hints({}, [javascript('Verify', (items) => items)])).toEqual([]);
		const chargebee = webhookItem({ body: { id: 'ev_1', object: 'event', event_type: 'a' } });
		expect(await hints({ guard: { sender: 'chargebee' } }, [], chargebee)).toEqual([]);
	});

	test('a setting that n8n does not offer keeps no item back', async () => {
		const odd = { sender: 'nobody', options: { onMissingKey: 'continueUnprotected' } };
		expect(await hints({ guard: odd })).toEqual([
			expect.stringMatching(/went on unprotected/),
			...told,
		]);
	});
});

test('the sender retries for longer than requests are remembered', async () => {
	const stripe = webhookItem({
		headers: { 'stripe-signature': 't=1,v1=a' },
		body: { id: 'evt_1', object: 'event' },
	});
	const json = (retentionHours: number) =>
		chargeWorkflow('', { act: [noOp('Act')], guard: { retentionHours } });
	expect(await hintsOf(json(48), 'webhook', stripe)).toEqual([
		'This sender may retry for 72 hours, but requests are remembered for 48 only. Set "Remember For" to more.',
	]);
	expect(await hintsOf(json(72), 'webhook', stripe)).toEqual([]);
});

test.each([
	['embedded', 'redis'],
	['redis', 'embedded'],
])('a Guard on %s and a Commit on %s are refused before anything acts', async (store, other) => {
	const json = chargeWorkflow('', {
		act: [noOp('Act')],
		guard: { store },
		commit: { store: other },
	});
	const result = await run(json, 'webhook');
	expect(result.status).toBe('error');
	expect(result.error?.message).toBe('Idempotency Commit uses another store than this node');
	const titles: Record<string, string> = { embedded: 'This n8n Instance', redis: 'Redis' };
	expect(result.error?.description).toContain(
		`In "Commit" it is "${titles[other]}", here it is "${titles[store]}"`,
	);
	expect(result.tasks('Act')).toEqual([]);
});
