/** A sender of webhooks: many deliveries at once, each tried again until it has an answer. */
import { Agent, request } from 'node:http';

const RETRIED = new Set([409, 429, 502, 503, 504]);
const isFinalStatus = ({ status }) => !RETRIED.has(status);

/** How a sender waits: as it is told, within reason; else longer and longer, never in step with the others. */
function pauseMs(attempt, retryAfterSeconds) {
	const asked = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1_000 : 0;
	const grown = Math.min(200 * 2 ** (attempt - 1), 3_000);
	return Math.min(Math.max(asked, grown), 5_000) * (0.75 + Math.random() / 2);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One try: its answer, or the network's error. */
function tryOnce(url, { key, body }, agent, timeoutMs) {
	return new Promise((resolve) => {
		const headers = { 'content-type': 'application/json', 'idempotency-key': key };
		const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
			response.on('error', (error) => resolve({ error: error.code ?? error.message }));
			response.on('end', () =>
				resolve({ status: response.statusCode, headers: response.headers, body: text }),
			);
		});
		outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error('no answer in time')));
		outgoing.on('error', (error) => resolve({ error: error.code ?? error.message }));
		outgoing.end(JSON.stringify(body));
	});
}

/**
 * Sends one delivery until it has an answer. "Busy" and "still running" are tried again, and so is a broken connection.
 *
 * @template D
 * @param {string} url
 * @param {D} delivery
 * @returns {Promise<{ delivery: D, status?: number, headers?: object, body?: string, error?: string, retries: Record<string, number> }>}
 *   `retries`: how often it was tried again, by status or network code
 */
async function deliver(url, delivery, agent, deadline, { isFinal, tryTimeoutMs }) {
	const retries = {};
	for (let attempt = 1; ; attempt += 1) {
		const left = deadline - performance.now();
		const timeoutMs = Math.min(Math.max(left, 1_000), tryTimeoutMs);
		const answer = await tryOnce(url, delivery, agent, timeoutMs);
		if (answer.error === undefined && isFinal(answer)) return { delivery, retries, ...answer };

		const pause = pauseMs(attempt, Number(answer.headers?.['retry-after']));
		if (performance.now() + pause > deadline) return { delivery, retries, ...answer };
		const reason = String(answer.status ?? answer.error);
		retries[reason] = (retries[reason] ?? 0) + 1;
		await sleep(pause);
	}
}

/**
 * Sends all deliveries at once, over a bounded number of connections.
 *
 * @template {{ key: string, body: object }} D
 * @param {string} url a webhook
 * @param {D[]} deliveries `key` goes into the header Idempotency-Key
 * @param {object} [options]
 * @param {number} [options.sockets]
 * @param {number} [options.timeoutMs] for all of them
 * @param {number} [options.tryTimeoutMs] how long one try may take before it counts as a broken connection
 * @param {() => void} [options.onAnswer] called with each final answer
 * @param {(answer: { status: number, body: string }) => boolean} [options.isFinal] whether a sender is content with it; by
 *   default unless the status says to try again
 */
export async function fireStorm(url, deliveries, options = {}) {
	const { sockets = 40, timeoutMs = 180_000, onAnswer = () => {} } = options;
	const { tryTimeoutMs = Infinity, isFinal = isFinalStatus } = options;
	const agent = new Agent({ keepAlive: true, maxSockets: sockets });
	const deadline = performance.now() + timeoutMs;
	try {
		return await Promise.all(
			deliveries.map(async (delivery) => {
				const answer = await deliver(url, delivery, agent, deadline, { isFinal, tryTimeoutMs });
				onAnswer();
				return answer;
			}),
		);
	} finally {
		agent.destroy();
	}
}
