import { during } from '../../scripts/lib/log.mjs';
import { executionsPerSecond } from '../n8n/executions';
import type { RunningN8n } from '../n8n/run-n8n';
import type { Workflow } from '../n8n/workflows';
import { inTurns } from '../measure';
import type { Report } from '../report';
import type { Scale } from '../scale';

type Sides = Readonly<Record<string, Workflow>>;

/** New orders that are charged, by the Guard and by what n8n itself offers: executions a second, in one n8n. */
export async function inN8nRows(
	running: RunningN8n,
	{ ours, theirs, mode }: { readonly ours: Sides; readonly theirs: Sides; readonly mode: string },
	report: Report,
	scale: Scale,
): Promise<void> {
	const count = scale.of({ full: 60, short: 20 });
	const rounds = Object.fromEntries(
		Object.entries({ ...ours, ...theirs }).map(([name, workflow]) => [
			name,
			async () => await executionsPerSecond(running, workflow, count),
		]),
	);
	const medians: Readonly<Record<string, number>> = await during(
		'in-n8n',
		async () => await inTurns(scale.of({ full: 9, short: 2 }), rounds),
	);
	for (const name of Object.keys(ours)) {
		for (const peer of Object.keys(theirs)) {
			const figures = { ours: medians[name] ?? NaN, theirs: medians[peer] ?? NaN };
			const against = `${peer} (${name})`;
			const row = { bench: 'in-n8n', unit: `executions/s${mode}`, ...figures, peer: against };
			report.row({ ...row, better: 'more' });
		}
	}
}
