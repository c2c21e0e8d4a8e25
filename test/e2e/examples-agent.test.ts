import { randomUUID } from 'node:crypto';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { readExample } from '../../scripts/lib/example';
import type { WorkflowJson } from '../support/engine/workflow';
import type { Downstream } from '../support/downstream';
import { startDownstream } from '../support/downstream';
import { ChatModel } from './harness/chat-model';
import type { Behaviours, ToolArguments } from './harness/chat-model';
import { chatPath, eventually, post, publishExample } from './harness/examples';
import { N8nHost } from './harness/n8n-host';

/**
 * examples/agent-tool: an agent whose model repeats, changes and invents, and a card that is charged once for an order. Then the same
 * tool for an MCP client.
 */
const TRIES = 200;

/** The user names the order, after a word that says how the model will behave. */
const orderIn = (user: string) => user.split(' ')[1] ?? '';

/** Calls `TRIES` times, whatever it is told. */
const inLoop =
	(make: (order: string, tries: number) => ToolArguments) =>
	({ user, toolAnswers }: { user: string; toolAnswers: readonly string[] }) =>
		toolAnswers.length < TRIES
			? { call: [make(orderIn(user), toolAnswers.length)] }
			: { say: `I tried ${toolAnswers.length} times` };

const BEHAVIOURS: Behaviours = {
	honest: ({ user, toolAnswers }) =>
		toolAnswers.length === 0
			? { call: [{ orderId: orderIn(user), amount: 100 }] }
			: { say: toolAnswers.join(' ') },
	/** The same call three times in one answer, and twice more. */
	repeats: ({ user, toolAnswers }) => {
		const call = { orderId: orderIn(user), amount: 100 };
		if (toolAnswers.length === 0) return { call: [call, call, call] };
		return toolAnswers.length < 5 ? { call: [call] } : { say: 'done' };
	},
	/** Another amount for the same order, as if that corrected the first. */
	changes: ({ user, toolAnswers }) =>
		toolAnswers.length < 3
			? { call: [{ orderId: orderIn(user), amount: 100 + toolAnswers.length }] }
			: { say: 'done' },
	/** Tries again after a timeout. */
	insists: ({ user, toolAnswers }) =>
		toolAnswers.length < 4 ? { call: [{ orderId: orderIn(user), amount: 100 }] } : { say: 'done' },
	'invents-amounts': inLoop((orderId, tries) => ({ orderId, amount: 1_000 + tries })),
	'invents-orders': inLoop((orderId, tries) => ({ orderId: `${orderId}-${tries}`, amount: 100 })),
};

let n8n: N8nHost;
let service: Downstream;
let model: ChatModel;
let chat: string;
beforeAll(async () => {
	service = await startDownstream();
	model = await ChatModel.start(BEHAVIOURS);
	n8n = await (await (await N8nHost.create()).start()).signIn();
	const openAiApi = await n8n.api.saveCredential('OpenAI', 'openAiApi', {
		apiKey: 'none',
		url: model.url,
	});
	const tool = await publishExample(n8n, 'agent-tool/charge-order', {
		urls: { 'Charge Card': `${service.url}/charges` },
		timeoutMs: 1_500,
	});
	await publishExample(n8n, 'agent-tool/mcp-server', { tool });
	await publishExample(n8n, 'agent-tool/agent', {
		tool,
		credentials: { openAiApi },
		maxIterations: TRIES + 10,
	});
	chat = n8n.webhook(chatPath(await chatTrigger()));
});
afterAll(async () => {
	await service.close();
	await model.close();
});

async function chatTrigger(): Promise<string | undefined> {
	const { nodes } = (await readExample('agent-tool/agent')) as WorkflowJson;
	return nodes.find(({ type }) => type.endsWith('.chatTrigger'))?.webhookId;
}

/** Says something to the agent. @returns what its model's tool calls were answered */
async function say(text: string, sessionId: string = randomUUID()): Promise<string[]> {
	const answer = await post(chat, { action: 'sendMessage', chatInput: text, sessionId });
	expect(answer).toMatchObject({ status: 200 });
	return [...(model.heard.get(text) ?? [])];
}

const chargesOf = (order: string) =>
	service.requests.filter(({ body }) => (body as { orderId?: string }).orderId === order);

describe('an agent', () => {
	it('charges an order, and its model is told so', async () => {
		const [told] = await say('honest A1');
		expect(model.tools).toEqual(['charge_order']);
		expect(told).toContain('The card was charged now');
		expect(chargesOf('A1').map(({ body }) => body)).toEqual([{ orderId: 'A1', amount: 100 }]);
	});

	it('charges once where the model repeats its call, and in another conversation', async () => {
		const told = await say('repeats A2');
		expect(told).toHaveLength(5);
		const [again] = await say('honest A2');
		expect(again).toMatch(
			/This request was handled before: it was completed at 20.*Nothing was done now/,
		);
		expect(chargesOf('A2')).toHaveLength(1);
		expect(told.filter((text) => text.includes('The card was charged now'))).toHaveLength(1);
		for (const text of told) expect(text).toMatch(/charged now|handled before|has been running/);
	});

	it('charges once where the model changes the amount, and names what differs', async () => {
		const [first, ...others] = await say('changes A3');
		expect(first).toContain('charged now');
		for (const told of others) {
			expect(told).toMatch(/payload_mismatch/);
			expect(told).toMatch(/it differs in: amount.*was completed at 20.*Nothing was done/);
		}
		expect(chargesOf('A3')).toHaveLength(1);
	});

	it('charges once where the model tries again after a timeout, and is told to stop', async () => {
		service.next({ delayMs: 4_000 });
		const [first, ...others] = await say('insists A4');
		expect(first).toContain('Whether the card was charged is not known. Do not try again');
		for (const told of others) {
			expect(told).toMatch(/unknown_outcome/);
			expect(told).toMatch(/Do not try again.*first check with the service/);
		}
		expect(others).toHaveLength(3);
		expect(chargesOf('A4')).toHaveLength(1);
	});

	it(`charges once where the model invents ${TRIES} amounts in a loop`, async () => {
		const told = await say('invents-amounts A5');
		expect(told).toHaveLength(TRIES);
		expect(chargesOf('A5')).toHaveLength(1);
		expect(told.filter((text) => text.includes('payload_mismatch'))).toHaveLength(TRIES - 1);
	});

	it(`makes no more charges than the budget allows where it invents ${TRIES} orders`, async () => {
		const told = await say('invents-orders A6');
		expect(told).toHaveLength(TRIES);
		const orders = Array.from({ length: TRIES }, (_, i) => chargesOf(`A6-${i}`).length);
		expect(orders).toEqual([1, 1, 1, ...Array.from({ length: TRIES - 3 }, () => 0)]);
		expect(told.filter((text) => text.includes('budget_exhausted'))).toHaveLength(TRIES - 3);
		expect(told.at(-1)).toMatch(
			/3 new requests were already made in the last 60 minutes.*Stop here: another payload or key does not get through either/,
		);
	});
});

describe('the MCP server', () => {
	async function connect(): Promise<Client> {
		const client = new Client({ name: 'test', version: '1.0.0' });
		const url = new URL(`${n8n.url}/mcp/orders`);
		await eventually(
			'the MCP server answers',
			async () => (await post(url.href, {})).status !== 404,
		);
		await client.connect(new StreamableHTTPClientTransport(url));
		return client;
	}

	it('offers the same tool: an order is charged once, over calls and connections', async () => {
		const first = await connect();
		expect((await first.listTools()).tools).toMatchObject([
			{
				name: 'charge_order',
				inputSchema: { properties: { orderId: { type: 'string' }, amount: { type: 'number' } } },
			},
		]);
		const call = async (client: Client, values: ToolArguments) =>
			JSON.stringify(await client.callTool({ name: 'charge_order', arguments: values }));
		const charge = { orderId: 'M1', amount: 100 };
		expect(await call(first, charge)).toContain('The card was charged now');
		expect(await call(first, charge)).toContain('handled before');
		await first.close();

		const second = await connect();
		expect(await call(second, charge)).toContain('handled before');
		expect(await call(second, { ...charge, amount: 999 })).toContain('it differs in: amount');
		// Models do not always spell an order the same.
		expect(await call(second, { orderId: ' m1 ', amount: 100 })).toContain('handled before');
		expect([...chargesOf('M1'), ...chargesOf(' m1 ')]).toHaveLength(1);
		// What the agent was told holds for other clients: it is the same order.
		expect(await call(second, { orderId: 'A1', amount: 100 })).toContain('handled before');
		expect(chargesOf('A1')).toHaveLength(1);
		await second.close();
	});
});
