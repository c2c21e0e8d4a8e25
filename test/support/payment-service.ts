import { startDownstream } from './downstream';
import type { Answer, DownstreamRequest } from './downstream';

interface Order {
	readonly orderId: string;
	readonly amount?: unknown;
	readonly currency?: unknown;
}

/** A service that workflows charge at. It knows no idempotency: a call more is a charge more. */
export interface PaymentService {
	/** Takes `POST` with `{ orderId, amount, currency }`, and answers with the same and the charge's `id`. */
	readonly url: string;
	/** The ids of the charges that were made for an order. */
	chargesOf(orderId: string): readonly string[];
	/** How many charges were made. */
	total(): number;
	stop(): Promise<void>;
}

/** Starts a payment service on loopback. @param options `delayMs`: from a charge to its answer */
export async function startPaymentService(
	options: { readonly delayMs?: number; readonly port?: number } = {},
): Promise<PaymentService> {
	const { delayMs = 50, port } = options;
	const charges = new Map<string, string[]>();
	let total = 0;

	const answer = ({ method, path, body }: DownstreamRequest): Answer => {
		if (method !== 'POST' || path !== '/charges') {
			return { status: 404, body: { error: 'There is only POST /charges' } };
		}
		const { orderId, amount, currency } = (body ?? {}) as Partial<Order>;
		if (typeof orderId !== 'string') {
			return { status: 400, body: { error: 'The body is not JSON with an orderId' } };
		}
		total += 1;
		const id = `ch_${String(total).padStart(4, '0')}`;
		charges.set(orderId, [...(charges.get(orderId) ?? []), id]);
		return { status: 201, body: { id, orderId, amount, currency }, delayMs };
	};

	const downstream = await startDownstream({ port, answer });
	return {
		url: `${downstream.url}/charges`,
		chargesOf: (orderId) => charges.get(orderId) ?? [],
		total: () => total,
		stop: async () => await downstream.close(),
	};
}
