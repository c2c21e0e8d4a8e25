import { fireStorm } from '../../../scripts/lib/storm';
import type { N8nHost } from './n8n-host';
import type { ChargeWorkflow } from './storm';

/**
 * 500 deliveries of one key, all at once, none tried again: one execution and one charge. As many callers as may wait for one key get one
 * answer; the others are told to come again, and get the same answer then.
 */
export async function expectOneExecution(host: N8nHost, door: ChargeWorkflow): Promise<void> {
	const key = `one of ${door.url}`;
	const body = { orderId: key, amount: 5, currency: 'EUR' };
	const before = (await host.api.executions(door.workflowId)).length;
	const deliveries = Array.from({ length: 500 }, () => ({ key, body }));
	const answers = await fireStorm(door.url, deliveries, { sockets: 500, isFinal: () => true });
	const told = answers.map(({ status, body: text, error }) => error ?? `${status} ${text}`);
	const early = answers.filter(({ status }) => status === 409);
	expect(new Set(told.filter((answer) => !answer.startsWith('409 '))).size).toBe(1);
	expect(told.find((answer) => !answer.startsWith('409 '))).toMatch(/^201 /);
	expect(early.length).toBeLessThan(500);
	const again = await fireStorm(door.url, deliveries.slice(0, early.length), {
		isFinal: () => true,
	});
	const replayed = [...answers, ...again].filter(
		({ headers = {} }) => (headers as Record<string, unknown>)['idempotency-replayed'] === 'true',
	);
	expect(replayed).toHaveLength(499);
	expect(door.downstream.chargesOf(key)).toHaveLength(1);
	expect(await host.api.executions(door.workflowId)).toHaveLength(before + 1);
}
