import type { IWebhookFunctions } from 'n8n-workflow';

import type { Answer } from '../../lib/guard/answer';
import type { ClaimableItem } from '../../lib/guard/prepare';
import { RefusalPace } from '../../lib/guard/refusal-pace';
import { letEngineGo } from './expressions';
import { forgetBody } from './kept-bodies';

const pace = new RefusalPace();

/** How many answers are held at a time. */
const MOST_HELD = 500;

/** The same where n8n holds what evaluates expressions for each of them, some 10 MB. */
const MOST_COSTLY = 20;

/**
 * Holds back the answer to a request that is over its budget, so that a storm of them does not take all the time of this n8n. It keeps a
 * connection and no body.
 *
 * @param holders objects that hold the body
 */
export async function slowDown(
	context: IWebhookFunctions,
	answer: Answer,
	item: ClaimableItem,
	holders: readonly object[],
): Promise<void> {
	const { budget } = item.request;
	if (answer.kind !== 'conflict' || answer.refusal.reason !== 'budget_exhausted') return;
	if (budget === undefined) return;
	forgetBody([...holders, item]);
	await pace.hold(budget.identity, (await letEngineGo(context)) ? MOST_HELD : MOST_COSTLY);
}
