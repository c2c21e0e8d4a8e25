import { startDownstream } from '../../support/downstream';
import { Prometheus } from '../../support/prometheus';
import { publishExample, eventually, post } from '../harness/examples';
import { N8nHost } from '../harness/n8n-host';

/** What Records counts, as a real Prometheus reads it from the example that serves it. */

it('is scraped, and holds what was sent', async () => {
	const service = await startDownstream();
	const n8n = await (await (await N8nHost.create()).start()).signIn();
	await publishExample(n8n, 'webhook-charge', { urls: { 'Charge Card': `${service.url}/charge` } });
	await publishExample(n8n, 'prometheus-metrics');
	const send = async (key: string, amount: number) =>
		await post(n8n.webhook('charge'), { amount }, { 'idempotency-key': key });
	for (const [key, amount] of [
		['order-1', 1],
		['order-2', 1],
		['order-1', 1],
		['order-1', 1],
		['order-1', 2],
	] as const) {
		await send(key, amount);
	}

	const prometheus = await Prometheus.start(n8n.webhook('idempotency-metrics'));
	try {
		const counted = async () => {
			const samples = await prometheus.query('sum by (outcome) (idempotency_requests_total)');
			return Object.fromEntries(
				samples.map(({ metric, value }) => [metric.outcome, Number(value[1])]),
			);
		};
		await eventually('Prometheus has scraped', async () => (await counted()).new === 2);
		expect(await counted()).toMatchObject({ new: 2, duplicate: 2, payload_mismatch: 1 });
		expect(await prometheus.lastErrors()).toEqual(['']);
	} finally {
		await prometheus.stop();
		await service.close();
	}
});
