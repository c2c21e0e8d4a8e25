import type { IWebhookFunctions } from 'n8n-workflow';

import type { StoreProblem } from '../../lib/core/reply';
import { StoreError } from '../../lib/core/reply';
import type { HttpAnswer } from '../shared/http-answer';
import { complaintOf } from '../shared/messages';
import { problemAnswer } from './answers';
import { logAtDoor } from './door-log';

/** What a caller is told when something goes wrong here. What exactly, only the log says: the caller is no user of this n8n. */

/** Failures of the store that waiting can't mend. */
const FOR_GOOD: ReadonlySet<StoreProblem> = new Set([
	'authentication',
	'configuration',
	'corrupt_record',
	'permission',
	'unknown_secret',
	'unsupported',
]);

export function answerToFailure(context: IWebhookFunctions, error: unknown): HttpAnswer {
	if (isTooLarge(error)) {
		return problemAnswer('too_large', 413, 'The body is larger than this n8n takes.');
	}
	if (error instanceof StoreError) return storeProblem(context, error);
	const { message, description } = complaintOf(error);
	logAtDoor(context, message, `${message}. ${description}`);
	return misconfigured(context, message);
}

/** Of a request that can't be used: 500 where that is for the settings, whatever the request is. */
export function answerToBroken(context: IWebhookFunctions, error: unknown): HttpAnswer {
	const { message, isOfSettings } = complaintOf(error);
	return isOfSettings === true
		? answerToFailure(context, error)
		: problemAnswer('not_acceptable', 400, message);
}

export function storeProblem(context: IWebhookFunctions, error: StoreError): HttpAnswer {
	const { description } = complaintOf(error);
	logAtDoor(context, `store ${error.problem}`, `${error.message}. ${description}`);
	if (FOR_GOOD.has(error.problem)) return misconfigured(context, error.message);
	const detail = 'The store of this webhook cannot be asked right now. Nothing was done.';
	return problemAnswer('store_unavailable', 503, detail);
}

/** `message` is told to whoever listens for a test event. */
export function misconfigured(context: IWebhookFunctions, message: string): HttpAnswer {
	const detail = context.getMode() === 'manual' ? message : 'The log of n8n says what is wrong.';
	return problemAnswer('misconfigured', 500, detail);
}

/** The error of the library with which n8n reads bodies. */
function isTooLarge(error: unknown): boolean {
	return (error as { type?: unknown } | null)?.type === 'entity.too.large';
}
