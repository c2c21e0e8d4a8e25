import type { IExecuteFunctions } from 'n8n-workflow';

import { attempt } from '../../lib/core/attempt';
import { RefusalPace } from '../../lib/guard/refusal-pace';
import { runDataOf, runIndexOf } from '../shared/engine';
import { n8nSetting, runsInQueueMode } from '../shared/n8n-settings';
import { hasGranted } from '../shared/open-claims';
import { responseModeOf, webhooksBefore } from './webhook-before';

const pace = new RefusalPace();

/** How many executions are held at a time: each keeps its request, and what n8n evaluates expressions with. */
const MOST_HELD = 20;

/**
 * Holds back an execution in which nothing was granted, and all was refused because a budget is used up, so that a storm of requests does not
 * take all the time of this n8n. Only where a sender waits for its answer, and where n8n runs any number of executions at a time: else one
 * that is held would keep others from beginning. In a loop only the first round is held.
 *
 * @param budgets of the requests that were refused for it
 * @param count of all requests
 */
export async function slowDown(
	context: IExecuteFunctions,
	budgets: readonly string[],
	count: number,
): Promise<void> {
	const [budget] = budgets;
	if (budget === undefined || budgets.length < count) return;
	if (runIndexOf(context) > 0 || hasGranted(context)) return;
	if (!senderWaits(context) || executionsAreCounted()) return;
	await pace.hold(budget, MOST_HELD);
}

function senderWaits(context: IExecuteFunctions): boolean {
	if (context.getMode() !== 'webhook') return false;
	const ran = runDataOf(context) ?? {};
	const mode = responseModeOf(webhooksBefore(context).find(({ name }) => name in ran));
	return mode === 'lastNode' || mode === 'responseNode';
}

function executionsAreCounted(): boolean {
	const counted = attempt(
		() => runsInQueueMode() || Number(n8nSetting('N8N_CONCURRENCY_PRODUCTION_LIMIT')) > 0,
	);
	return !counted.ok || counted.value;
}
