import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a model is given: the user's words, and what its tool calls were answered, in order. */
export interface Turn {
	readonly user: string;
	readonly toolAnswers: readonly string[];
}

export type ToolArguments = Record<string, unknown>;

/** What the model says next: calls of the tool `charge_order`, or words that end its turn. */
export type Reply = { readonly call: readonly ToolArguments[] } | { readonly say: string };

/** A way to behave, told apart by the user's first word. */
export type Behaviours = Record<string, (turn: Turn) => Reply>;

interface Message {
	readonly role: string;
	readonly content: unknown;
}

interface ChatRequest {
	readonly model: string;
	readonly messages: readonly Message[];
	readonly stream?: boolean;
	readonly tools?: ReadonlyArray<{ readonly function: { readonly name: string } }>;
}

/**
 * A chat model on loopback that speaks OpenAI's protocol (`POST /v1/chat/completions`) and misbehaves as it is told. Every call has a
 * new ID, as real ones have.
 */
export class ChatModel {
	url = '';

	/** The tools that it was offered last. */
	tools: string[] = [];

	/** What its tool calls were answered, by the user's words. */
	readonly heard = new Map<string, readonly string[]>();

	private calls = 0;

	private readonly server = createServer((request, response) => {
		this.handle(request, response).catch((error: unknown) => {
			response.writeHead(500).end(JSON.stringify({ error: { message: String(error) } }));
		});
	});

	private constructor(private readonly behaviours: Behaviours) {}

	static async start(behaviours: Behaviours): Promise<ChatModel> {
		const model = new ChatModel(behaviours);
		await new Promise<void>((resolve) => model.server.listen(0, '127.0.0.1', resolve));
		model.server.unref();
		model.url = `http://127.0.0.1:${(model.server.address() as AddressInfo).port}/v1`;
		return model;
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		if (request.method !== 'POST' || !request.url?.endsWith('/chat/completions')) {
			response.writeHead(200, { 'content-type': 'application/json' });
			response.end(JSON.stringify({ object: 'list', data: [{ id: 'stand-in', object: 'model' }] }));
			return;
		}
		const asked = JSON.parse(Buffer.concat(chunks).toString()) as ChatRequest;
		this.tools = (asked.tools ?? []).map((tool) => tool.function.name);
		const message = this.messageFor(asked);
		if (asked.stream === true) sendStream(response, asked.model, message);
		else sendWhole(response, asked.model, message);
	}

	private messageFor({ messages }: ChatRequest): AssistantMessage {
		const user = textOf(messages.findLast(({ role }) => role === 'user'));
		const toolAnswers = messages.filter(({ role }) => role === 'tool').map(textOf);
		this.heard.set(user, toolAnswers);
		const [first = ''] = user.split(' ');
		const behave = this.behaviours[first];
		if (behave === undefined) throw new Error(`No behaviour for "${user}"`);
		const reply = behave({ user, toolAnswers });
		if ('say' in reply) return { role: 'assistant', content: reply.say };
		return {
			role: 'assistant',
			content: null,
			tool_calls: reply.call.map((values) => ({
				id: `call_${++this.calls}_${Math.random().toString(36).slice(2)}`,
				type: 'function',
				function: { name: 'charge_order', arguments: JSON.stringify(values) },
			})),
		};
	}
}

interface AssistantMessage {
	readonly role: 'assistant';
	readonly content: string | null;
	readonly tool_calls?: ReadonlyArray<{
		readonly id: string;
		readonly type: 'function';
		readonly function: { readonly name: string; readonly arguments: string };
	}>;
}

function textOf(message: Message | undefined): string {
	const { content } = message ?? {};
	return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}

const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
const finishOf = (message: AssistantMessage) =>
	message.tool_calls === undefined ? 'stop' : 'tool_calls';

function sendWhole(response: ServerResponse, model: string, message: AssistantMessage): void {
	response.writeHead(200, { 'content-type': 'application/json' });
	response.end(
		JSON.stringify({
			id: 'chatcmpl-1',
			object: 'chat.completion',
			created: 1,
			model,
			usage: USAGE,
			choices: [{ index: 0, message, finish_reason: finishOf(message) }],
		}),
	);
}

function sendStream(response: ServerResponse, model: string, message: AssistantMessage): void {
	response.writeHead(200, { 'content-type': 'text/event-stream' });
	const send = (delta: object, finish: string | null) => {
		const chunk = {
			id: 'chatcmpl-1',
			object: 'chat.completion.chunk',
			created: 1,
			model,
			choices: [{ index: 0, delta, finish_reason: finish }],
		};
		response.write(`data: ${JSON.stringify(chunk)}\n\n`);
	};
	const calls = message.tool_calls?.map((call, index) => ({ ...call, index }));
	send({ ...message, ...(calls === undefined ? {} : { tool_calls: calls }) }, null);
	send({}, finishOf(message));
	response.end('data: [DONE]\n\n');
}
