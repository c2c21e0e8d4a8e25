import { postgresCredential, redisCredential } from '../../scripts/lib/example';
import { during } from '../../scripts/lib/log.mjs';
import { inTurns } from '../measure';
import { executionsPerSecond } from '../n8n/executions';
import type { RunningN8n } from '../n8n/run-n8n';
import { runN8nWith } from '../n8n/run-n8n';
import type { Store, Workflow } from '../n8n/workflows';
import { commit, guard, noOp, webhookWorkflow } from '../n8n/workflows';
import { benchPostgres } from '../postgres';
import type { BenchRedis } from '../redis';
import type { Report } from '../report';
import type { Scale } from '../scale';

/**
 * In one n8n, executions a second: Webhook → Guard → NoOp → Commit against three NoOps, and Webhook → Guard alone against one.
 */
export async function guardInN8n(redis: BenchRedis, report: Report, scale: Scale): Promise<void> {
	const stores = ['embedded', 'redis', 'postgres'] as const;
	const bare = noOps('no-ops', ['One', 'Two', 'Three']);
	const bareAlone = noOps('no-op', ['One']);
	const ours = stores.map((store) => ({ store, workflow: guarded(store) }));
	const oursAlone = stores.map((store) => ({ store, workflow: alone(store) }));
	const workflows = [...ours, ...oursAlone].map(({ workflow }) => workflow);
	const running = await runN8nWith([...workflows, bare, bareAlone], await credentialsOf(redis));
	const rates = await ratesOf(running, [...workflows, bare, bareAlone], scale);
	await running.stop();
	const unit = 'executions/s';
	const row = (bench: string, workflow: Workflow, peer: string, against: Workflow) => {
		const figures = { ours: rates[workflow.name] ?? NaN, theirs: rates[against.name] ?? NaN };
		report.row({ bench, unit, ...figures, peer, better: 'more' });
	};
	for (const { store, workflow } of ours)
		row('guard-in-n8n', workflow, `three NoOps (store: ${store})`, bare);
	for (const { store, workflow } of oursAlone)
		row('guard-alone', workflow, `one NoOp (store: ${store})`, bareAlone);
}

/** The same of the Guard alone in queue mode, with so many workers. */
export async function guardInQueue(
	redis: BenchRedis,
	report: Report,
	scale: Scale,
	workers: number,
): Promise<void> {
	const bare = noOps('no-op', ['One']);
	const ours = (['redis', 'postgres'] as const).map((store) => ({ store, workflow: alone(store) }));
	const workflows = [...ours.map(({ workflow }) => workflow), bare];
	const credentials = await credentialsOf(redis);
	const running = await runN8nWith(workflows, credentials, { workers });
	const rates = await ratesOf(running, workflows, scale);
	await running.stop();
	for (const { store, workflow } of ours) {
		report.row({
			bench: 'guard-alone',
			unit: `executions/s, queue mode, ${workers} workers`,
			ours: rates[workflow.name] ?? NaN,
			peer: `one NoOp (store: ${store})`,
			theirs: rates[bare.name] ?? NaN,
			better: 'more',
		});
	}
}

async function credentialsOf({ port }: BenchRedis): Promise<readonly object[]> {
	return [redisCredential(port), postgresCredential(await benchPostgres())];
}

/** Executions a second by the names of the workflows. */
async function ratesOf(
	running: RunningN8n,
	workflows: readonly Workflow[],
	scale: Scale,
): Promise<Readonly<Record<string, number>>> {
	const count = scale.of({ full: 60, short: 30 });
	const sides = workflows.map((workflow) => [
		workflow.name,
		async () => await executionsPerSecond(running, workflow, count),
	]);
	return await during(
		'Executing',
		async () => await inTurns(scale.of({ full: 9, short: 3 }), Object.fromEntries(sides)),
	);
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
