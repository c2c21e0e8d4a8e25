import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A sender of webhooks: many deliveries at once, each tried again until it has an answer. */

export interface Delivery<Body = unknown> {
	/** Goes into the header Idempotency-Key. */
	readonly key: string;
	/** Sent as JSON. */
	readonly body: Body;
	/** Besides the key and the type: a signature. */
	readonly headers?: Readonly<Record<string, string>>;
}

/** What one try came to: an answer, or the network's error. */
interface Try {
	readonly status?: number;
	readonly headers?: IncomingHttpHeaders;
	readonly body?: string;
	readonly error?: string;
}

export interface Answer<D> extends Try {
	readonly delivery: D;
	/** How often it was tried again, by status or network code. */
	readonly retries: Readonly<Record<string, number>>;
}

type IsFinal = (answer: { readonly status: number; readonly body: string }) => boolean;

export interface StormOptions {
	/** How many connections at the most. */
	readonly sockets?: number;
	/** For all of them. */
	readonly timeoutMs?: number;
	/** How long one try may take before it counts as a broken connection. */
	readonly tryTimeoutMs?: number;
	/** Called with each final answer. */
	readonly onAnswer?: () => void;
	/** Whether a sender is content with an answer; by default unless the status says to try again. */
	readonly isFinal?: IsFinal;
}

const RETRIED = new Set([409, 429, 502, 503, 504]);

/** How a sender waits: as it is told, within reason; else longer and longer, never in step with the others. */
function pauseMs(attempt: number, retryAfterSeconds: number): number {
	const asked = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1_000 : 0;
	const grown = Math.min(200 * 2 ** (attempt - 1), 3_000);
	return Math.min(Math.max(asked, grown), 5_000) * (0.75 + Math.random() / 2);
}

async function tryOnce(
	url: string,
	{ key, body, headers: more }: Delivery,
	agent: Agent,
	timeoutMs: number,
): Promise<Try> {
	return await new Promise((resolve) => {
		const fail = (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message });
		const headers = { 'content-type': 'application/json', 'idempotency-key': key, ...more };
		const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
			response.on('error', fail);
			response.on('end', () =>
				resolve({ status: response.statusCode, headers: response.headers, body: text }),
			);
		});
		outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error('no answer in time')));
		outgoing.on('error', fail);
		outgoing.end(JSON.stringify(body));
	});
}

/** One sender. */
class Sender {
	private readonly deadline: number;

	private readonly isFinal: IsFinal;

	constructor(
		private readonly url: string,
		private readonly agent: Agent,
		private readonly options: StormOptions,
	) {
		this.deadline = performance.now() + (options.timeoutMs ?? 180_000);
		this.isFinal = options.isFinal ?? (({ status }) => !RETRIED.has(status));
	}

	/** Sends one delivery until it has an answer. "Busy" and "still running" are tried again, and so is a broken connection. */
	async deliver<D extends Delivery>(delivery: D): Promise<Answer<D>> {
		const retries: Record<string, number> = {};
		for (let attempt = 1; ; attempt += 1) {
			const left = this.deadline - performance.now();
			const timeoutMs = Math.min(Math.max(left, 1_000), this.options.tryTimeoutMs ?? Infinity);
			const answer = await tryOnce(this.url, delivery, this.agent, timeoutMs);
			const { status = 0, body = '', error, headers } = answer;
			if (error === undefined && this.isFinal({ status, body })) {
				return { delivery, retries, ...answer };
			}
			const pause = pauseMs(attempt, Number(headers?.['retry-after']));
			if (performance.now() + pause > this.deadline) return { delivery, retries, ...answer };
			const reason = error ?? String(status);
			retries[reason] = (retries[reason] ?? 0) + 1;
			await sleep(pause);
		}
	}
}

/** Sends all deliveries at once to a webhook, over a bounded number of connections. */
export async function fireStorm<D extends Delivery>(
	url: string,
	deliveries: readonly D[],
	options: StormOptions = {},
): Promise<Array<Answer<D>>> {
	const agent = new Agent({ keepAlive: true, maxSockets: options.sockets ?? 40 });
	const sender = new Sender(url, agent, options);
	try {
		return await Promise.all(
			deliveries.map(async (delivery) => {
				const answer = await sender.deliver(delivery);
				options.onAnswer?.();
				return answer;
			}),
		);
	} finally {
		agent.destroy();
	}
}
