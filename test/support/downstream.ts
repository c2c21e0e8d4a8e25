import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the downstream treats one request. */
export interface Answer {
	/** Default 200. */
	status?: number;
	headers?: Record<string, string>;
	/** Sent as JSON; a string as it is. Default `{ charge, key }`. */
	body?: unknown;
	/** Milliseconds between the side effect and the answer. */
	delayMs?: number;
	/** The answer is held back until this settles. */
	until?: Promise<unknown>;
	/** The connection is cut instead of answered. */
	reset?: boolean;
	/** Whether the side effect happens. Default: where the status is below 400. */
	effect?: boolean;
}

export interface DownstreamRequest {
	key: string;
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	body: unknown;
}

export interface DownstreamOptions {
	/** Default: a free one. */
	port?: number;
	/** How requests are treated for which nothing was planned; it is called before their side effect. */
	answer?: (request: DownstreamRequest) => Answer;
}

function keyOf(headers: IncomingHttpHeaders, body: unknown, path: string): string {
	const header = headers['idempotency-key'];
	if (typeof header === 'string') return header;
	const key = typeof body === 'object' && body !== null && 'key' in body ? body.key : undefined;
	return key === undefined ? path : String(key);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const text = Buffer.concat(chunks).toString();
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

/**
 * A server on loopback that charges. The side effect happens when the request has arrived, before
 * any delay or reset, as with a payment provider whose answer is late or lost. A request's key is its
 * Idempotency-Key header, else `key` in its JSON body, else its path.
 */
export class Downstream {
	/** Stays after {@link close}, when the port refuses connections. */
	url = '';

	readonly requests: DownstreamRequest[] = [];

	private readonly effectsByKey = new Map<string, number>();

	private readonly planned = new Map<string, Answer[]>();

	private readonly plannedForAny: Answer[] = [];

	private readonly timers = new Set<NodeJS.Timeout>();

	private readonly server = createServer((request, response) => {
		this.handle(request, response).catch(() => response.destroy());
	});

	constructor(private readonly options: DownstreamOptions = {}) {
		// Else it may end an idle connection just when a request is sent on it.
		this.server.keepAliveTimeout = 600_000;
	}

	async listen(): Promise<this> {
		const { port = 0 } = this.options;
		await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
		this.server.unref();
		this.url = `http://127.0.0.1:${this.port}`;
		return this;
	}

	get port(): number {
		return (this.server.address() as AddressInfo).port;
	}

	/** Plans answers for the next requests, whatever their key; afterwards the default answers. */
	next(...answers: Answer[]) {
		this.plannedForAny.push(...answers);
	}

	/** Plans answers for the next requests with this key; they go before those of {@link next}. */
	nextFor(key: string, ...answers: Answer[]) {
		this.planned.set(key, [...(this.planned.get(key) ?? []), ...answers]);
	}

	/** How often the side effect happened for the key. */
	effects(key: string): number {
		return this.effectsByKey.get(key) ?? 0;
	}

	/** All side effects. */
	get total(): number {
		return [...this.effectsByKey.values()].reduce((sum, count) => sum + count, 0);
	}

	/** The keys with a side effect, and how many each had. */
	get charges(): Record<string, number> {
		return Object.fromEntries(this.effectsByKey);
	}

	/** Cuts all connections that are open now. */
	cut(): void {
		this.server.closeAllConnections();
	}

	/** Ends the server and what it still holds back. */
	async close(): Promise<void> {
		this.timers.forEach(clearTimeout);
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private async handle(request: IncomingMessage, response: ServerResponse) {
		const { headers, method = 'GET', url: path = '/' } = request;
		const body = await bodyOf(request);
		const key = keyOf(headers, body, path);
		const received = { key, method, path, headers, body };
		this.requests.push(received);
		const planned = this.planned.get(key)?.shift() ?? this.plannedForAny.shift();
		const answer = planned ?? this.options.answer?.(received) ?? {};
		const { status = 200 } = answer;
		if (answer.effect ?? status < 400) this.effectsByKey.set(key, this.effects(key) + 1);
		await answer.until;
		if (answer.delayMs) await this.sleep(answer.delayMs);
		if (answer.reset) {
			request.socket.resetAndDestroy();
			return;
		}
		const content = answer.body ?? { charge: `charge-${this.requests.length}`, key };
		response.writeHead(status, { 'content-type': 'application/json', ...answer.headers });
		response.end(typeof content === 'string' ? content : JSON.stringify(content));
	}

	private async sleep(milliseconds: number) {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(() => {
				this.timers.delete(timer);
				resolve();
			}, milliseconds);
			this.timers.add(timer);
		});
	}
}

/** Starts a downstream on loopback. */
export async function startDownstream(options: DownstreamOptions = {}): Promise<Downstream> {
	return await new Downstream(options).listen();
}
