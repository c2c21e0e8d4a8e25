import { fireStorm } from '../../../scripts/lib/storm';
import type { N8nHost } from './n8n-host';
import type { ChargeWorkflow } from './storm';

/** 500 deliveries of one key, all at once, none tried again: one execution, one charge, and one answer for all. */
export async function expectOneExecution(host: N8nHost, door: ChargeWorkflow): Promise<void> {
	const key = `one of ${door.url}`;
	const body = { orderId: key, amount: 5, currency: 'EUR' };
	const before = (await host.api.executions(door.workflowId)).length;
	const deliveries = Array.from({ length: 500 }, () => ({ key, body }));
	const answers = await fireStorm(door.url, deliveries, { sockets: 500, isFinal: () => true });
	const told = answers.map(({ status, body: text, error }) => error ?? `${status} ${text}`);
	expect(new Set(told).size).toBe(1);
	expect(told[0]).toMatch(/^201 /);
	const replayed = answers.filter(
		({ headers = {} }) => (headers as Record<string, unknown>)['idempotency-replayed'] === 'true',
	);
	expect(replayed).toHaveLength(499);
	expect(door.downstream.chargesOf(key)).toHaveLength(1);
	expect(await host.api.executions(door.workflowId)).toHaveLength(before + 1);
}
