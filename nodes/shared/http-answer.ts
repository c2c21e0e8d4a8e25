import { validateHeaderValue } from 'node:http';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { attempt } from '../../lib/core/attempt';
import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../lib/results/response-outcome';

/** What a caller is told where the service behind us failed without a status. */
export const BAD_GATEWAY = 502;

/** What a caller gets over HTTP: the same from the run that acted and, later, from its stored result. */
export interface HttpAnswer {
	readonly statusCode: number;
	readonly headers: Readonly<Record<string, string>>;
	/** Text is sent as it is, anything else as JSON. */
	readonly body: unknown;
}

/** Headers of a service's response that we pass on: what its body is, and what to do next. */
const PASSED_HEADERS: ReadonlySet<string> = new Set([
	'content-language',
	'content-type',
	'etag',
	'last-modified',
	'link',
	'location',
	'retry-after',
]);

/** A result as an HTTP answer: the response itself of one item that is a full response, else the item's JSON, or a list of several. */
export function httpAnswerOf(items: readonly IDataObject[], statusCode: number): HttpAnswer {
	const [first] = items;
	if (items.length !== 1 || first === undefined) return { statusCode, headers: {}, body: items };
	if (typeof first.statusCode !== 'number' || !('body' in first)) {
		return { statusCode, headers: {}, body: first };
	}
	return { statusCode, headers: passedHeaders(first.headers), body: first.body };
}

/** The status of the response, or of the error, that an item is; 200 for any other item. */
export function statusOfItem({ json, error }: INodeExecutionData): number {
	const seen = responseOutcome(
		{ json, itemError: error, fromErrorOutput: false },
		DEFAULT_RESPONSE_RULES,
	);
	return seen.statusCode ?? (seen.outcome === 'completed' ? 200 : BAD_GATEWAY);
}

function passedHeaders(headers: unknown): Record<string, string> {
	if (typeof headers !== 'object' || headers === null) return {};
	const passed = Object.entries(headers as Record<string, unknown>).filter(
		(header): header is [string, string] =>
			PASSED_HEADERS.has(header[0].toLowerCase()) &&
			typeof header[1] === 'string' &&
			attempt(() => validateHeaderValue(header[0], header[1] as string)).ok,
	);
	return Object.fromEntries(passed.map(([name, value]) => [name.toLowerCase(), value]));
}
