import type { IExecuteFunctions } from 'n8n-workflow';

import { Turns } from '../../lib/guard/turns';
import type { RunView } from '../shared/engine';
import { executionOf, runViewOf } from '../shared/engine';
import { RunTrace } from './run-trace';

/** What was traced of an execution, as long as it is in this process. It is made anew from the run data anywhere else. */
const traces = new WeakMap<object, RunTrace>();

/** One walk at a time: a finish handler may begin while a Commit is in the midst of one. */
const walks = new WeakMap<object, Promise<void>>();

/** The trace of this execution up to now; null where this n8n does not show its run data. */
export async function traceOf(
	context: IExecuteFunctions,
	turns = new Turns(),
): Promise<{ trace: RunTrace; view: RunView } | null> {
	const execution = executionOf(context);
	const view = runViewOf(context);
	if (execution === null || view === null) return null;
	const walk = (walks.get(execution) ?? Promise.resolve()).then(async () => {
		let trace = traces.get(execution);
		if (!trace?.isValid()) {
			trace = new RunTrace(view);
			traces.set(execution, trace);
		}
		await trace.extend(turns);
		return trace;
	});
	const settled = walk.then(
		() => undefined,
		() => undefined,
	);
	walks.set(execution, settled);
	return { trace: await walk, view };
}
