/** A sender of webhooks: many deliveries at once, each tried again until it has an answer. */
import { Agent, request } from 'node:http';

const RETRIED = new Set([409, 429, 502, 503, 504]);

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
 * @returns {Promise<{ delivery: object, status?: number, headers?: object, body?: string, error?: string, retries: Record<string, number> }>}
 *   `retries`: how often it was tried again, by status or network code
 */
async function deliver(url, delivery, agent, deadline) {
	const retries = {};
	for (let attempt = 1; ; attempt += 1) {
		const left = deadline - performance.now();
		const answer = await tryOnce(url, delivery, agent, Math.max(left, 1_000));
		const isFinal = answer.error === undefined && !RETRIED.has(answer.status);
		if (isFinal) return { delivery, retries, ...answer };

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
 * @param {string} url a webhook
 * @param {{ key: string, body: object }[]} deliveries `key` goes into the header Idempotency-Key
 * @param {{ sockets?: number, timeoutMs?: number, onAnswer?: () => void }} [options]
 */
export async function fireStorm(url, deliveries, options = {}) {
	const { sockets = 40, timeoutMs = 180_000, onAnswer = () => {} } = options;
	const agent = new Agent({ keepAlive: true, maxSockets: sockets });
	const deadline = performance.now() + timeoutMs;
	try {
		return await Promise.all(
			deliveries.map(async (delivery) => {
				const answer = await deliver(url, delivery, agent, deadline);
				onAnswer();
				return answer;
			}),
		);
	} finally {
		agent.destroy();
	}
}
