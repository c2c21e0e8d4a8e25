import { makeDeliveries, sumRetries } from '../../../scripts/lib/charges';
import type { Charge } from '../../../scripts/lib/charges';
import { prepareExample, readExample } from '../../../scripts/lib/example';
import { fireStorm } from '../../../scripts/lib/storm';
import type { Answer } from '../../../scripts/lib/storm';
import { startPaymentService } from '../../support/payment-service';
import type { PaymentService } from '../../support/payment-service';
import type { Credential } from './api';
import { isWebhook } from './n8n-host';
import type { N8nHost } from './n8n-host';
import { IS_OLDER } from './set-up';

/** An example behind a webhook, and the payment service that it charges at. */
export interface ChargeWorkflow {
	readonly url: string;
	readonly workflowId: string;
	readonly downstream: PaymentService;
}

/** Publishes examples/webhook-charge.json, or another; on the embedded store unless a credential is given. */
export async function publishCharge(
	host: N8nHost,
	path: string,
	credential?: Credential & { readonly type?: string },
	service: { readonly delayMs?: number } = {},
	name = 'webhook-charge',
): Promise<ChargeWorkflow> {
	const downstream = await startPaymentService(service);
	const example = prepareExample(await readExample(name), {
		id: path,
		urls: { 'Charge Card': downstream.url },
		credential,
	});
	for (const node of example.nodes) {
		// What n8n had not begun when it was killed is held for so long; on an older n8n also what it had begun.
		if (node.type.endsWith(IS_OLDER ? '.idempotencyGuard' : '.idempotentWebhook'))
			node.parameters.options = { claimTimeoutMinutes: 1 };
		if (!isWebhook(node.type)) continue;
		node.webhookId = path;
		node.parameters.path = path;
	}
	const workflowId = await host.publish({ ...example, name: path });
	return { url: host.webhook(path), workflowId, downstream };
}

/** What a sender is content with: the answer of the service, a refusal of the key, or that somebody must look. */
function isFinal({ status, body }: { status: number; body: string }): boolean {
	return status === 201 || status === 422 || (status === 409 && body.includes('unknown_outcome'));
}

/** What came of a storm. */
export interface Verdict {
	/** Keys by how often they were charged, e.g. `{ 1: 5 }`. */
	readonly charges: Record<number, number>;
	/** Senders by what they were told in the end. */
	readonly told: {
		/** The first to act, or a replay of the same charge. */
		readonly charge: number;
		/** An earlier run never finished: nobody knows whether it charged. */
		readonly unknownOutcome: number;
	};
	/** What must not be: other answers, charges that were never made, two answers to one key. */
	readonly wrong: readonly string[];
	/** Keys that were charged, and whose senders were told otherwise. */
	readonly chargedUntold: number;
	/** How often senders tried again, by status or network code. */
	readonly retries: Record<string, number>;
}

export interface Storm {
	readonly deliveries: number;
	readonly keys: number;
	/** Called once when this part of the deliveries has an answer; `sendRest` sends the other half, held back until then. */
	readonly disturb?: {
		readonly at: number;
		readonly by: (sendRest: () => void) => Promise<void>;
	};
	readonly timeoutMs?: number;
}

/** Sends deliveries, does what disturbs them in the middle, and judges by what the downstream counted. */
export async function storm(workflow: ChargeWorkflow, storm: Storm): Promise<Verdict> {
	const deliveries = makeDeliveries(storm.deliveries, storm.keys).map(({ key, body }) => ({
		// Its own orders: the payment service keeps those of earlier storms.
		key,
		body: { ...body, orderId: `${body.orderId}-${key}` },
	}));
	const { disturb, timeoutMs = 600_000 } = storm;
	const { url } = workflow;
	const options = { timeoutMs, tryTimeoutMs: 20_000, isFinal };
	if (disturb === undefined) return judge(await fireStorm(url, deliveries, options), workflow);

	const half = deliveries.length / 2;
	let rest: Promise<ReadonlyArray<Answer<Charge>>> = Promise.resolve([]);
	const sendRest = () => {
		rest = fireStorm(url, deliveries.slice(half), options);
	};
	let disturbed: Promise<void> | undefined;
	let answered = 0;
	const onAnswer = () => {
		answered += 1;
		if (answered === Math.ceil(deliveries.length * disturb.at)) disturbed = disturb.by(sendRest);
	};
	const first = await fireStorm(url, deliveries.slice(0, half), { ...options, onAnswer });
	await disturbed;
	return judge([...first, ...(await rest)], workflow);
}

function judge(answers: ReadonlyArray<Answer<Charge>>, { downstream }: ChargeWorkflow): Verdict {
	const wrong: string[] = [];
	const charges: Record<number, number> = {};
	const told = { charge: 0, unknownOutcome: 0 };
	let chargedUntold = 0;
	const orders = new Set(answers.map(({ delivery }) => delivery.body.orderId));
	for (const orderId of orders) {
		const group = answers.filter(({ delivery }) => delivery.body.orderId === orderId);
		const made = downstream.chargesOf(orderId);
		charges[made.length] = (charges[made.length] ?? 0) + 1;
		const bodies = new Set<string>();
		for (const { status, body = '', error } of group) {
			if (status === 201) {
				told.charge += 1;
				bodies.add(body);
				const { id } = JSON.parse(body) as { id: string };
				if (!made.includes(id)) wrong.push(`${orderId}: told of a charge never made: ${body}`);
			} else if (status === 409 && body.includes('unknown_outcome')) told.unknownOutcome += 1;
			else wrong.push(`${orderId}: ${error ?? `${status} ${body.slice(0, 300)}`}`);
		}
		if (bodies.size > 1) {
			const [one, another] = bodies;
			wrong.push(`${orderId}: ${bodies.size} different answers, e.g. ${one} | ${another}`);
		}
		if (bodies.size === 0 && made.length > 0) chargedUntold += 1;
	}
	return { charges, told, wrong: wrong.slice(0, 10), chargedUntold, retries: sumRetries(answers) };
}

/**
 * After a crash: no key twice; every key once, or its senders know that somebody must look. That a run was cut off is no reason
 * to tell anybody of a charge that was not made.
 */
export function expectAtMostOnce(verdict: Verdict): void {
	const { charges, told } = verdict;
	expect(verdict).toMatchObject({ wrong: [] });
	for (const times of Object.keys(charges)) expect(['0', '1']).toContain(times);
	if (told.unknownOutcome === 0) expect(Object.keys(charges)).toEqual(['1']);
}
