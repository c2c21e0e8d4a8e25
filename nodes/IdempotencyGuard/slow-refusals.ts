import type { IExecuteFunctions } from 'n8n-workflow';

import { RefusalPace } from '../../lib/guard/refusal-pace';
import { runsInQueueMode } from '../shared/open-store';

const pace = new RefusalPace();

/** How many executions are held at a time: each keeps its request, and what n8n evaluates expressions with. */
const MOST_HELD = 20;

/**
 * Holds back a webhook's execution of which all items are over their budget, so that a storm of them does not take all the time of this
 * n8n. Not where n8n runs so many executions at a time only: one that is held would keep others from beginning.
 *
 * @param budgets of the items that were refused for it
 * @param count of all items
 */
export async function slowDown(
	context: IExecuteFunctions,
	budgets: readonly string[],
	count: number,
): Promise<void> {
	const [budget] = budgets;
	if (budget === undefined || budgets.length < count) return;
	if (context.getMode() !== 'webhook' || countsExecutions()) return;
	await pace.hold(budget, MOST_HELD);
}

function countsExecutions(): boolean {
	return runsInQueueMode() || Number(process.env.N8N_CONCURRENCY_PRODUCTION_LIMIT) > 0;
}
