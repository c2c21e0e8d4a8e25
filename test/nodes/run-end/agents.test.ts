import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { INode, INodeType, IVersionedNodeType } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { commit, guard, node } from '../../support/engine';
import type { NodeSettings, RunOptions } from '../../support/engine';
import { ownNodes } from '../../support/engine/own-nodes';
import { ChatModel } from '../../e2e/harness/chat-model';
import { engine } from '../../workflows/nodes';
import { newKey } from '../../workflows/scenario';
import { deliveries, recordsOf, shape } from './shapes';
import { downstream } from './two-services';

/** Agents and chains of n8n's own: the engine runs their tools and models by itself, before they have run. */

type Types = Record<string, new (base?: object) => INodeType>;
const load = createRequire(__filename);
const modules = () => join(process.env.N8N_INSTALL ?? '', 'node_modules');

function langchain(file: string, name: string, base?: object): INodeType {
	const all = load(
		join(modules(), '@n8n/n8n-nodes-langchain/dist/nodes', `${file}.node.js`),
	) as Types;
	const Type = all[name];
	if (Type === undefined) throw new Error(`${file} does not hold ${name}`);
	return new Type(base);
}

/** HTTP Request as a tool: made by n8n's own code. */
function httpRequestTool(): INodeType {
	const own = ownNodes('httpRequest')['n8n-nodes-base.httpRequest'] as IVersionedNodeType;
	const versioned = NodeHelpers.getVersionedNodeType(own, 4.2);
	const { convertNodeToAiTool } = load(join(modules(), 'n8n/dist/tool-generation/ai-tools.js')) as {
		convertNodeToAiTool(type: object): INodeType;
	};
	const { properties } = versioned.description;
	const description: unknown = Object.create(versioned.description, {
		properties: { value: Object.create(properties) },
	});
	return convertNodeToAiTool(
		Object.create(versioned, { description: { value: description } }) as object,
	);
}

const TYPES = '@n8n/n8n-nodes-langchain';
const MODEL = { __rl: true, mode: 'id', value: 'stand-in' };
const modelNode = (options = {}) =>
	node(
		'Model',
		`${TYPES}.lmChatOpenAi`,
		{ model: MODEL, options },
		{ typeVersion: 1.2, credentials: { openAiApi: { id: null, name: 'OpenAI' } } },
	);
const connection = (type: string, to: string) => ({ [type]: [[{ node: to, type, index: 0 }]] });
const types = (): Record<string, INodeType> => ({
	[`${TYPES}.lmChatOpenAi`]: langchain('llms/LMChatOpenAi/LmChatOpenAi', 'LmChatOpenAi'),
	[`${TYPES}.chainLlm`]: langchain('chains/ChainLLM/ChainLlm', 'ChainLlm'),
	[`${TYPES}.agent`]: langchain('agents/Agent/V3/AgentV3', 'AgentV3', {
		displayName: 'AI Agent',
		name: 'agent',
		group: ['transform'],
		description: '',
	}),
	'n8n-nodes-base.httpRequestTool': httpRequestTool(),
});
const n8nWith = (url: string) =>
	engine({ nodes: types(), credentials: { openAiApi: { apiKey: 'k', url } } });

let model: ChatModel;
beforeAll(async () => {
	model = await ChatModel.start({
		hello: () => ({ say: 'Hello' }),
		once: ({ toolAnswers }) => (toolAnswers.length < 1 ? { call: [{}] } : { say: 'Done' }),
		twice: ({ toolAnswers }) => (toolAnswers.length < 2 ? { call: [{}] } : { say: 'Done' }),
	});
});
afterAll(async () => await model.close());

describe('an agent with a tool that charges', () => {
	async function run(
		text: string,
		keys: string[],
		tool: NodeSettings = {},
		options: RunOptions = {},
	) {
		const nodes: INode[] = [
			guard('Guard'),
			node(
				'Agent',
				`${TYPES}.agent`,
				{ promptType: 'define', text, options: { enableStreaming: false } },
				{ typeVersion: 3 },
			),
			commit('Commit'),
			modelNode(),
			node(
				'charge_order',
				'n8n-nodes-base.httpRequestTool',
				{
					toolDescription: 'Charges',
					method: 'POST',
					url: downstream.url,
					sendBody: true,
					specifyBody: 'json',
					jsonBody: "={{ $('Webhook').first().json.body }}",
					options: {},
				},
				{ typeVersion: 4.2, ...tool },
			),
		];
		const json = shape(nodes, [['Webhook', 'Guard', 'Agent', 'Commit']]);
		Object.assign(json.connections, {
			Model: connection('ai_languageModel', 'Agent'),
			charge_order: connection('ai_tool', 'Agent'),
		});
		const n8n = n8nWith(model.url);
		const go = async (more: RunOptions = {}) =>
			await n8n.run(json, { triggerItems: deliveries(...keys), ...more });
		const records = await recordsOf(await go(options));
		return { states: records.map(({ state }) => state), go };
	}

	test.each([1, 2])('%d requests that went well: handled', async (count) => {
		const keys = Array.from({ length: count }, newKey);
		const { states } = await run('once', keys);
		expect(states).toEqual(keys.map(() => 'completed'));
	});

	test('the tool stops the run when its answer is lost: unknown, and the next delivery does not act', async () => {
		const key = newKey();
		downstream.nextFor(key, { status: 500, effect: true });
		const { states, go } = await run('once', [key], { onError: 'stopWorkflow' });
		await go();
		expect([states, downstream.effects(key)]).toEqual([['unknown'], 1]);
	});

	test('the run is cancelled during the second call: unknown, and the next delivery does not act', async () => {
		const key = newKey();
		const stop = new AbortController();
		let calls = 0;
		const { states, go } = await run(
			'twice',
			[key],
			{},
			{
				signal: stop.signal,
				onNode: (event, name) => {
					if (event === 'before' && name === 'charge_order' && ++calls === 2) stop.abort();
				},
			},
		);
		const before = downstream.effects(key);
		await go();
		expect([states, downstream.effects(key) - before]).toEqual([['unknown'], 0]);
	});

	test.each([{}, { onError: 'continueRegularOutput' } as const])(
		'refused, of which the agent makes words, under %j: not handled',
		async (settings) => {
			const key = newKey();
			downstream.nextFor(key, { status: 429 });
			const { states } = await run('once', [key], settings);
			expect([states, downstream.effects(key)]).toEqual([['unknown'], 0]);
		},
	);
});

describe('a chain', () => {
	const chained = async (url: string, count: number, settings: NodeSettings = {}) => {
		const chain = node(
			'Chain',
			`${TYPES}.chainLlm`,
			{ promptType: 'define', text: 'hello you', batching: {} },
			{ typeVersion: 1.7, ...settings },
		);
		const json = shape(
			[guard('Guard'), chain, commit('Commit'), modelNode({ maxRetries: 0 })],
			[['Webhook', 'Guard', 'Chain', 'Commit']],
		);
		Object.assign(json.connections, { Model: connection('ai_languageModel', 'Chain') });
		const items = deliveries(...Array.from({ length: count }, newKey));
		const records = await recordsOf(await n8nWith(url).run(json, { triggerItems: items }));
		return records.map(({ state }) => state);
	};

	test.each([1, 2])('with %d requests: all handled', async (count) => {
		expect(await chained(model.url, count)).toEqual(
			Array.from({ length: count }, () => 'completed'),
		);
	});

	test('whose model refuses once, and answers when it is asked again: handled', async () => {
		let calls = 0;
		const server = createServer((request, response) => {
			request.resume();
			const isRefused = ++calls === 1;
			const refusal = { error: { message: 'rate', type: 'requests', code: 'rate_limit_exceeded' } };
			const message = { role: 'assistant', content: 'Hello' };
			const choices = [{ index: 0, message, finish_reason: 'stop' }];
			const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
			const answer = { id: 'c', object: 'chat.completion', created: 1, model: 'm', usage, choices };
			response.writeHead(isRefused ? 429 : 200, { 'content-type': 'application/json' });
			response.end(JSON.stringify(isRefused ? refusal : answer));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const { port } = server.address() as AddressInfo;
		const states = await chained(`http://127.0.0.1:${port}/v1`, 1, { retryOnFail: true });
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		expect([states, calls]).toEqual([['completed'], 2]);
	});
});
