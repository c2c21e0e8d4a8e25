import { redisCredential } from '../../scripts/lib/example';
import { during } from '../../scripts/lib/log.mjs';
import { fireStorm } from '../../scripts/lib/storm';
import { inTurns, rateOf } from '../measure';
import { runN8nWith } from '../n8n/run-n8n';
import type { Workflow } from '../n8n/workflows';
import { commit, guard, noOp, webhookWorkflow } from '../n8n/workflows';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import { makeOrder } from '../requests';
import type { Scale } from '../scale';

const AT_ONCE = 4;

/** Webhook → Guard → NoOp → Commit: executions a second, against three NoOps, in one n8n. */
export async function guardInN8n(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const guarded = (store: 'embedded' | 'redis') =>
		webhookWorkflow(
			`guard-${store}`,
			[guard(store), noOp('Act'), commit(store)],
			[
				['Webhook', 0, 'Guard'],
				['Guard', 0, 'Act'],
				['Act', 0, 'Commit'],
			],
		);
	const workflows = {
		embedded: guarded('embedded'),
		redis: guarded('redis'),
		bare: webhookWorkflow(
			'no-ops',
			[noOp('One'), noOp('Two'), noOp('Three')],
			[
				['Webhook', 0, 'One'],
				['One', 0, 'Two'],
				['Two', 0, 'Three'],
			],
		),
	};
	const credentials = [redisCredential(redis.port)];
	const running = await runN8nWith(Object.values(workflows), credentials);

	const count = scale.of({ full: 60, short: 30 });
	const round = (workflow: Workflow) => async () => {
		const deliveries = Array.from({ length: count }, () => {
			const order = makeOrder();
			return { key: order.orderId, body: { ...order } };
		});
		return await rateOf(count, async () => {
			const options = { sockets: AT_ONCE };
			const answers = await fireStorm(running.urlOf(workflow), deliveries, options);
			const bad = answers.find(({ status }) => status !== 200);
			if (bad !== undefined) throw new Error(`n8n answered ${JSON.stringify(bad)}`);
		});
	};
	const rounds = scale.of({ full: 9, short: 3 });
	const medians = await during(
		'Executing',
		async () =>
			await inTurns(rounds, {
				embedded: round(workflows.embedded),
				redis: round(workflows.redis),
				bare: round(workflows.bare),
			}),
	);
	await running.n8n.stop();
	for (const store of ['embedded', 'redis'] as const) {
		const [ours, theirs] = [medians[store], medians.bare];
		const peer = `three NoOps (store: ${store})`;
		report.row({ bench: 'guard-in-n8n', unit: 'executions/s', ours, peer, theirs, better: 'more' });
	}
}
