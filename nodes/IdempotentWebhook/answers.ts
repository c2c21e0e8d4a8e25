import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import type { ClaimView } from '../../lib/core/record';
import { DOCS_URL } from '../../lib/guard/docs-url';
import type { Refusal } from '../../lib/guard/refusal';
import { refusalDetails } from '../../lib/guard/refusal';
import type { HttpAnswer } from '../shared/http-answer';
import { BAD_GATEWAY, httpAnswerOf } from '../shared/http-answer';

/** How the door answers without starting an execution: docs/http.md lists every status, header and problem. */

export type ResponseMode = 'onReceived' | 'lastNode' | 'responseNode';

/** Seconds after which a store that is down may be asked again. */
const STORE_RETRY_SECONDS = 10;

/** The door's own problems, by their anchor in docs/http.md. */
const TITLES = {
	address_not_allowed: 'The caller is not allowed',
	method_not_allowed: 'The method is not allowed',
	too_many_mismatches: 'Too many different requests under one key',
	origin_not_allowed: 'The origin of the request is not allowed',
	unauthorized: 'The request could not be authenticated',
	not_acceptable: 'The request cannot be used',
	too_large: 'The body is too large',
	unreadable_result: 'The stored result cannot be read',
	store_unavailable: 'The request could not be checked',
	misconfigured: 'The webhook is not set up correctly',
} as const;

export type DoorProblem = keyof typeof TITLES;

/** What we use of Express' response. */
interface DoorResponse {
	readonly headersSent: boolean;
	readonly destroyed: boolean;
	status(code: number): unknown;
	set(headers: Readonly<Record<string, string>>): unknown;
	send(text: string): unknown;
	json(body: unknown): unknown;
}

/** Ends the request here: n8n starts no execution. */
export function send(
	context: IWebhookFunctions,
	{ statusCode, headers, body }: HttpAnswer,
): { noWebhookResponse: true } {
	const response = context.getResponseObject() as DoorResponse;
	// A caller that has hung up gets nothing.
	if (!response.headersSent && !response.destroyed) {
		response.status(statusCode);
		// A body that others wrote must not run as a page of this n8n.
		response.set({
			'content-security-policy': 'sandbox',
			'x-content-type-options': 'nosniff',
			...headers,
		});
		if (typeof body === 'string') response.send(body);
		else response.json(body);
	}
	return { noWebhookResponse: true };
}

type Finished = Pick<ClaimView, 'state' | 'statusCode'>;

/** The stored result as the first caller got it. */
export function replayAnswer(
	items: readonly IDataObject[],
	record: Finished,
	responseMode: ResponseMode,
): HttpAnswer {
	// The last node answers with its first item alone.
	const told = responseMode === 'lastNode' && items.length > 1 ? items.slice(0, 1) : items;
	const answer = httpAnswerOf(told, record.statusCode || usualStatus(record));
	return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } };
}

/** The request was handled, and there is no result to send. A refusal stays one: it must not look like a success. */
export function replayWithoutResult(
	details: IDataObject,
	record: Finished,
	chosenStatus: number | null,
): HttpAnswer {
	const { key, hash, state, message } = details;
	const refused = record.state === 'failed' && record.statusCode;
	return {
		statusCode: chosenStatus ?? (refused || usualStatus(record)),
		headers: { 'idempotency-replayed': 'true' },
		body: { key, hash, state, message },
	};
}

const usualStatus = ({ state }: Finished) => (state === 'failed' ? BAD_GATEWAY : 200);

/** The answer to a request that was taken in, for a caller that does not wait for the result. */
export function acceptedBody(details: IDataObject): IDataObject {
	const { key, hash, ksuid } = details;
	return {
		status: 'accepted',
		key,
		hash,
		ksuid,
		message: 'The request was accepted. Send the same request again to get its result.',
	};
}

/** Several events of one request that were all taken in. */
export function acceptedEvents(count: number): HttpAnswer {
	return { statusCode: 200, headers: {}, body: { status: 'accepted', events: count } };
}

/** The first run is not done yet. The caller is asked to come again, without an error. */
export function stillRunning(details: IDataObject, refusal: Refusal): HttpAnswer {
	return {
		statusCode: 202,
		headers: retryAfter(refusal.retryAfterSeconds),
		body: { ...acceptedBody(details), status: 'processing', message: refusal.message },
	};
}

/** @param statusCode where the user has chosen another than the usual one */
export function refusalAnswer(refusal: Refusal, statusCode = refusal.statusCode): HttpAnswer {
	const { problem, changedFields } = refusalDetails(refusal);
	const body = { ...(problem as IDataObject), status: statusCode };
	return {
		statusCode,
		headers: { ...PROBLEM_TYPE, ...retryAfter(refusal.retryAfterSeconds) },
		body: refusal.changedFields.length > 0 ? { ...body, changedFields } : body,
	};
}

/** A request without anything that is to start a run: a heartbeat, or kinds of events that were not chosen. */
export function nothingToDo(leftOut: number): HttpAnswer {
	return { statusCode: 200, headers: {}, body: { status: 'ignored', leftOut } };
}

/** Of a key that is closed for a while: see mismatch-limits. */
export function closedAnswer(seconds: number): HttpAnswer {
	const detail = 'Too many different requests came under this key. Nothing was done.';
	return problemAnswer('too_many_mismatches', 429, detail, retryAfter(seconds));
}

/** Of a request that was to be acknowledged before it ran, and could be lost. */
export function notKeptAnswer(): HttpAnswer {
	const detail =
		'The request is too large to be kept until its run has started, and is not taken in.';
	return problemAnswer('too_large', 413, detail);
}

export function problemAnswer(
	problem: DoorProblem,
	statusCode: number,
	detail: string,
	headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
	return {
		statusCode,
		headers: {
			...PROBLEM_TYPE,
			...(statusCode === 503 ? retryAfter(STORE_RETRY_SECONDS) : {}),
			...headers,
		},
		body: {
			type: `${DOCS_URL}/blob/main/docs/http.md#${problem}`,
			title: TITLES[problem],
			status: statusCode,
			detail,
		},
	};
}

const PROBLEM_TYPE = { 'content-type': 'application/problem+json; charset=utf-8' };

const retryAfter = (seconds: number | null): Record<string, string> =>
	seconds === null ? {} : { 'retry-after': String(seconds) };
