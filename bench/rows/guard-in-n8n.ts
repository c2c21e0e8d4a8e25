import { redisCredential } from '../../scripts/lib/example';
import { during } from '../../scripts/lib/log.mjs';
import { inTurns } from '../measure';
import { executionsPerSecond } from '../n8n/executions';
import { runN8nWith } from '../n8n/run-n8n';
import type { Store, Workflow } from '../n8n/workflows';
import { commit, guard, noOp, webhookWorkflow } from '../n8n/workflows';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import type { Scale } from '../scale';

const STORES = ['embedded', 'redis'] as const;

/**
 * In one n8n, executions a second: Webhook → Guard → NoOp → Commit against three NoOps, and Webhook → Guard alone against one.
 */
export async function guardInN8n(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const workflows = {
		embedded: guarded('embedded'),
		redis: guarded('redis'),
		bare: noOps('no-ops', ['One', 'Two', 'Three']),
		'embedded alone': alone('embedded'),
		'redis alone': alone('redis'),
		'bare alone': noOps('no-op', ['One']),
	};
	const credentials = [redisCredential(redis.port)];
	const running = await runN8nWith(Object.values(workflows), credentials);
	const count = scale.of({ full: 60, short: 30 });
	const round = (workflow: Workflow) => async () =>
		await executionsPerSecond(running, workflow, count);
	const medians = await during(
		'Executing',
		async () =>
			await inTurns(scale.of({ full: 9, short: 3 }), {
				embedded: round(workflows.embedded),
				redis: round(workflows.redis),
				bare: round(workflows.bare),
				'embedded alone': round(workflows['embedded alone']),
				'redis alone': round(workflows['redis alone']),
				'bare alone': round(workflows['bare alone']),
			}),
	);
	await running.n8n.stop();
	const unit = 'executions/s';
	for (const store of STORES) {
		const [ours, theirs] = [medians[store], medians.bare];
		const peer = `three NoOps (store: ${store})`;
		report.row({ bench: 'guard-in-n8n', unit, ours, peer, theirs, better: 'more' });
	}
	for (const store of STORES) {
		const [ours, theirs] = [medians[`${store} alone`], medians['bare alone']];
		const peer = `one NoOp (store: ${store})`;
		report.row({ bench: 'guard-alone', unit, ours, peer, theirs, better: 'more' });
	}
}

function guarded(store: Store): Workflow {
	return webhookWorkflow(
		`guard-${store}`,
		[guard(store), noOp('Act'), commit(store)],
		[
			['Webhook', 0, 'Guard'],
			['Guard', 0, 'Act'],
			['Act', 0, 'Commit'],
		],
	);
}

function alone(store: Store): Workflow {
	return webhookWorkflow(`alone-${store}`, [guard(store)], [['Webhook', 0, 'Guard']]);
}

function noOps(path: string, names: readonly string[]): Workflow {
	const links = names.map((name, i) => [names[i - 1] ?? 'Webhook', 0, name] as const);
	return webhookWorkflow(path, names.map(noOp), links);
}
