import type { IExecuteFunctions } from 'n8n-workflow';

import { tenantNamedBy } from '../../lib/keys/claim-token';
import type { ResponseRules } from '../../lib/results/response-outcome';
import type { Turns } from '../../lib/guard/turns';
import { failedRunOf, runErrorOf } from '../shared/engine';
import type { RunEnded } from './claim-end';
import { howRunEnded } from './claim-end';
import { Judge } from './judge';
import { ResultFinder } from './linked-items';
import type { RunTrace } from './run-trace';
import { traceOf } from './trace-of';

/** What the data of a run say of its claims, as they are now. */
export interface RunReading {
	readonly trace: RunTrace;
	readonly judge: Judge;
	readonly results: ResultFinder;
}

/** Null where this n8n does not show its run data. */
export async function readRun(
	context: IExecuteFunctions,
	rules: ResponseRules,
	turns: Turns,
): Promise<RunReading | null> {
	const found = await traceOf(context, turns);
	if (found === null) return null;
	const { trace, view } = found;
	const judge = new Judge(trace, view, rules);
	const tenants = new Map<number, string>();
	const results = new ResultFinder(judge, (claim) => {
		let tenant = tenants.get(claim);
		if (tenant === undefined) {
			tenant = tenantNamedBy(trace.tokenOf(claim));
			tenants.set(claim, tenant);
		}
		return tenant;
	});
	return { trace, judge, results };
}

/** How the run of a finish handler ended. */
export function runEndedOf(context: IExecuteFunctions): RunEnded {
	const cancelSignalled = context.getExecutionCancelSignal()?.aborted ?? false;
	return {
		how: howRunEnded({ cancelSignalled, error: runErrorOf(context) }),
		failed: failedRunOf(context),
	};
}
