import type { IExecuteFunctions } from 'n8n-workflow';

import type { Ending } from './commands';
import type { CommitSettings } from './commit-settings';

/** More would not be read. */
const MOST_HINTS = 3;

/** The one of these hints that tells of an act that will be repeated. */
export const RELEASED_SUCCESS =
	'What ran for this request has succeeded, and this node gives the request back: the next delivery does it again. Set "Operation" to "Save Result", and keep "Release Claim" for a branch on which nothing was done.';

export function hintAtUnclaimed(unclaimed: number, all: number): string {
	return `${unclaimed} of ${all} items came here without a claim (a duplicate, or an item that went on unprotected or only observed). They pass unchanged; nothing was saved for them.`;
}

/** Whether a result was to be saved, and can't, since the parts of a request went different ways. */
export function isHeldForParts({ operation }: CommitSettings, { isMixed }: Ending): boolean {
	return operation === 'save' && isMixed === true;
}

export function hintAtParts({ reason }: Ending): string {
	return `Of what ran for this request some was done and some was not (${reason}), so nobody knows whether it was handled: it is held for review. To give the key back where the first call was refused, put Idempotency Commit on that node's error output, before anything else acts.`;
}

/** Shows the worst first. */
export function showHints(context: IExecuteFunctions, messages: Iterable<string>): void {
	const isWorst = (message: string) => message === RELEASED_SUCCESS;
	const sorted = [...messages].sort((a, b) => Number(isWorst(b)) - Number(isWorst(a)));
	for (const message of sorted.slice(0, MOST_HINTS)) {
		const type = isWorst(message) ? 'warning' : 'info';
		context.addExecutionHints({ message, location: 'outputPane', type });
	}
}
