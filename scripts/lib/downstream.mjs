/** The service that a workflow charges at: it does what it is told, every time, and counts. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { onCleanup } from './cleanup.mjs';

/**
 * Starts a payment service on a free loopback port. `POST /charges` with `{ orderId, amount, currency }` charges, after a
 * moment, and answers `{ id, orderId, amount, currency }`. It knows no idempotency: a call more is a charge more.
 *
 * @param {{ delayMs?: number, port?: number }} [options] `port` 0: a free one
 * @returns {Promise<{ url: string, chargesOf: (orderId: string) => string[], total: () => number, stop: () => Promise<void> }>}
 *   `chargesOf`: the ids of the charges made for an order
 */
export async function startDownstream({ delayMs = 50, port = 0 } = {}) {
	/** @type {Map<string, string[]>} */
	const charges = new Map();
	let total = 0;

	function charge({ orderId, amount, currency }) {
		total += 1;
		const id = `ch_${String(total).padStart(4, '0')}`;
		charges.set(orderId, [...(charges.get(orderId) ?? []), id]);
		return { id, orderId, amount, currency };
	}

	const server = createServer(async (request, response) => {
		const answer = (status, body) => {
			response.writeHead(status, { 'content-type': 'application/json' });
			response.end(JSON.stringify(body));
		};
		let text = '';
		for await (const chunk of request) text += chunk;
		if (request.method !== 'POST' || request.url !== '/charges') {
			answer(404, { error: 'There is only POST /charges' });
			return;
		}
		let order;
		try {
			order = JSON.parse(text);
		} catch {
			answer(400, { error: 'The body is not JSON' });
			return;
		}
		if (typeof order?.orderId !== 'string') {
			answer(400, { error: 'orderId is missing' });
			return;
		}
		const made = charge(order);
		setTimeout(() => answer(201, made), delayMs);
	}).listen(port, '127.0.0.1');
	await once(server, 'listening');

	return {
		url: `http://127.0.0.1:${server.address().port}/charges`,
		chargesOf: (orderId) => charges.get(orderId) ?? [],
		total: () => total,
		stop: onCleanup(async () => {
			server.close();
			server.closeAllConnections();
		}),
	};
}
